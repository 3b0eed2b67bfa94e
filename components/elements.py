"""The vocabulary of the pages: icons, logos, buttons, pills, chips, callouts, toasts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from html import escape
from typing import Any

from nicegui import context, ui
from nicegui.element import Element

from components import brands
from components.form_parts import Words, tag
from streamline_ui.providers.describe import Provider
from streamline_ui.storage.models import Status, now

# a status is told by an icon, a word and a colour, never by the colour alone
STATUS = {
    Status.HEALTHY: ("ok", "circle-check", "Healthy"),
    Status.DEGRADED: ("warn", "triangle-alert", "Degraded"),
    Status.NEEDS_ATTENTION: ("bad", "circle-x", "Needs attention"),
    Status.PAUSED: ("idle", "circle-pause", "Paused"),
    Status.TESTING: ("run", "loader", "Testing"),
    Status.NOT_TESTED: ("idle", "circle-help", "Not tested"),
    Status.WAITING_FOR_SIGN_IN: ("warn", "clock", "Waiting for sign-in"),
}
TOAST_SECONDS = 5


def icon(name: str, size: str = "") -> Element:
    """One of our icons. It is decoration; `size` is "", "s", "m" or "l"."""
    return ui.html(brands.glyph(name, size), sanitize=False, tag="span").classes("sl-i")


def icon_html(name: str, size: str = "") -> str:
    """The same as HTML."""
    return brands.glyph(name, size)


def brand(provider: Provider[Any], size: str = "") -> Element:
    """The tile with a service's logo."""
    return ui.html(brand_html(provider, size), sanitize=False, tag="span").classes("sl-i")


def brand_html(provider: Provider[Any], size: str = "") -> str:
    """The same as HTML."""
    return brands.tile(provider.brand, provider.icon, size)


def pill_html(status: Status) -> str:
    """A connection's status as HTML."""
    tone, picture, word = STATUS[status]
    return f'<span class="sl-pill {tone}">{brands.glyph(picture)}{escape(word)}</span>'


def button(
    label: str,
    on_click: Callable[[], Any] | None = None,
    *,
    kind: str = "",
    icon: str = "",
    submits: bool = False,
    only_icon: bool = False,
) -> Element:
    """A button. `kind` is any of "primary", "ghost", "danger", "sm", "block"; `submits` makes it its form's."""
    classes = f"sl-btn {kind} {'icon' if only_icon else ''}"
    element = tag("button", classes, type_="submit" if submits else "button", aria_label=label if only_icon else None)
    with element:
        if icon:
            ui.html(brands.glyph(icon), sanitize=False, tag="span").classes("sl-i")
        if not only_icon:
            Words(label)
    if on_click is not None:
        element.on("click", lambda: on_click())
    return element


def busy(element: Element, is_busy: bool) -> None:
    """Show that a button's work is under way; pressing it again does nothing meanwhile."""
    if is_busy:
        element.props["aria-busy"] = "true"
        element.props["disabled"] = True
    else:
        element.props.pop("aria-busy", None)
        element.props.pop("disabled", None)
    element.update()


def chip(label: str, count: int | None = None, *, on: bool = False) -> Element:
    """A filter that is on or off."""
    element = tag("button", "sl-chip", type_="button")
    with element:
        Words(label)
        if count is not None:
            Words(str(count), "n")
    switch_chip(element, on)
    return element


def switch_chip(element: Element, on: bool) -> None:
    """Turn a chip on or off."""
    element.classes(add="on" if on else "", remove="" if on else "on")
    element.props["aria-pressed"] = "true" if on else "false"
    element.update()


def label_tag(text: str) -> Element:
    """A small label."""
    return Words(text, "sl-tag")


def callout(tone: str, title: str, body: str = "") -> Element:
    """A box that says something. `tone` is "ok", "warn", "bad" or "info"; more may be put into it."""
    pictures = {"ok": "circle-check", "warn": "triangle-alert", "bad": "circle-x", "info": "info"}
    element = tag("div", f"sl-callout {tone}")
    with element:
        icon(pictures[tone])
        with tag("div", "body"):
            Words(title, "ttl", "p")
            if body:
                Words(body, "", "p")
    return element


def toast(
    message: str, *, action: str = "", on_action: Callable[[], Any] | None = None, seconds: float = TOAST_SECONDS
) -> None:
    """A word at the bottom that goes by itself, read out to whoever does not see it. Errors are never toasts."""
    with context.client.layout:
        element = tag("div", "sl-toast", role="status")
        with element:
            Words(message)
            if on_action is not None:

                async def act() -> None:
                    element.delete()
                    result = on_action()
                    if hasattr(result, "__await__"):
                        await result

                button(action, kind="sm ghost").on("click", act)
        ui.timer(seconds, lambda: element.is_deleted or element.delete(), once=True)


def stream_line() -> Element:
    """The one ornament: a line with nodes, for places where nothing is yet."""
    drawing = (
        '<svg viewBox="0 0 200 48" width="200" height="48" fill="none" aria-hidden="true" class="sl-stream">'
        '<path d="M4 36c30 0 34-24 62-24s34 24 66 24 32-24 64-24" stroke="currentColor" stroke-width="2"/>'
        '<circle cx="66" cy="12" r="5"/><circle cx="132" cy="36" r="5"/></svg>'
    )
    return ui.html(drawing, sanitize=False)


def ago(moment: datetime | None, never: str = "never") -> str:
    """How long ago, in words: "just now", "2 min ago", "3 days ago", then the date."""
    if moment is None:
        return never
    seconds = (now() - moment).total_seconds()
    if seconds < 10:
        return "just now"
    for limit, unit, word in ((60, 1, "s"), (3600, 60, "min"), (86_400, 3600, "h")):
        if seconds < limit:
            return f"{int(seconds // unit)} {word} ago"
    days = int(seconds // 86_400)
    if days < 14:
        return f"{days} day{'' if days == 1 else 's'} ago"
    return f"{moment:%-d %b %Y}"
