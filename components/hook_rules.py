"""Which requests to a workflow's address are taken: from where, and whether a delivery counts each time it comes."""

from __future__ import annotations

import re

from components import form_parts
from components.action_form import select
from components.editor_draft import TRIGGER, Json
from components.editor_session import EditorSession
from components.form_parts import Words, tag
from components.template_field import listen
from streamline_ui.workflows import allowing

LONGEST, MOST = 60, 100  # characters of an address, and addresses; the definition has no room for more
DUPLICATES = [("delivery_id", "Taken once"), ("off", "Taken each time")]


def draw(session: EditorSession) -> None:
    """Two fields, folded away until one of them says something."""
    trigger: Json = session.draft.values[TRIGGER]
    allowed: list[str] = trigger.get("allowedAddresses", [])
    duplicates = str(trigger.get("duplicates", "delivery_id"))
    box = form_parts.folded("Which requests are taken")
    box.props["open"] = bool(allowed) or duplicates != "delivery_id"
    with box:
        _draw_addresses(session, allowed)
        select(
            "A delivery that its sender repeats",
            DUPLICATES,
            duplicates,
            lambda value: session.change(lambda: session.draft.values[TRIGGER].update(duplicates=value)),
            hint="Known by the sender’s own number for it, such as webhook-id, for seven days.",
        )


def read(text: str) -> list[str]:
    """The addresses in a text, one a line or with commas between them."""
    return [part for part in re.split(r"[\s,;]+", text) if part]


def doubt(addresses: list[str]) -> str:
    """What is wrong with them, as a sentence; "" where nothing is."""
    if len(addresses) > MOST:
        return f"At most {MOST} addresses. A network stands for many, such as 203.0.113.0/24."
    wrong = next((each for each in addresses if not allowing.is_network(each)), None)
    return f"{wrong[:LONGEST]} is no address and no network." if wrong else ""


def _draw_addresses(session: EditorSession, allowed: list[str]) -> None:
    with tag("div", "sl-field"):
        label = Words("Addresses that may send", "sl-label", "label")
        with tag("div", "sl-input"):
            field = tag(
                "textarea",
                "mono",
                rows=3,
                defaultValue="\n".join(allowed),
                placeholder="Any address",
                autocomplete="off",
                spellcheck="false",
            )
        label.props["for"] = field.html_id
        problem = Words(doubt(allowed), "sl-help bad", "div")
        problem.props["role"] = "status"
        help_ = Words(
            "One a line: 203.0.113.7, or a network such as 203.0.113.0/24. Others get 403; the requests show them.",
            "sl-help",
            "div",
        )
        field.props["aria-invalid"] = str(bool(doubt(allowed))).lower()
        field.props["aria-describedby"] = f"{problem.html_id} {help_.html_id}"

    def write(text: str) -> None:
        addresses = read(text)
        said = doubt(addresses)
        problem.set_text(said)
        field.props["aria-invalid"] = str(bool(said)).lower()
        kept = [each for each in addresses if len(each) <= LONGEST][:MOST]
        session.change(lambda: session.draft.values[TRIGGER].update(allowedAddresses=kept), "addresses")

    listen(field, write)
