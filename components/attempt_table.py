"""The tries to sign in, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from nicegui import ui

from components import elements, moments
from components.form_parts import Words, tag
from streamline_ui.storage.models import SignInAttempt

HEADS = ("When", "Result", "From")


def draw(attempts: Sequence[SignInAttempt]) -> None:
    """Draw them as they are given."""
    if not attempts:
        with tag("section", "sl-card pad sl-part"):
            Words("No tries to sign in so far. Making the first account signed you in without one.", "sub", "p")
        return
    head = "".join(f'<th scope="col">{title}</th>' for title in HEADS)
    body = "".join(_row(attempt) for attempt in attempts)
    table = f'<table class="sl-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    with tag("section", "sl-card sl-wide", tabindex="0", role="region", aria_label="Sign-in log"):
        ui.html(table, sanitize=False)


def _row(attempt: SignInAttempt) -> str:
    tone, icon, words = ("ok", "circle-check", "Signed in") if attempt.ok else ("bad", "circle-x", attempt.reason)
    result = f'<span class="sl-st {tone}">{elements.icon_html(icon)}{escape(words[:1].upper() + words[1:])}</span>'
    address = escape(attempt.address) or "this machine"
    return f"<tr><td>{moments.html(attempt.at)}</td><td>{result}</td><td class='mono'>{address}</td></tr>"
