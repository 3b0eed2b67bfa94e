"""The small pieces that every page is made of: icons, buttons, marks, notes. Real HTML elements in our own clothes.

Functions that end in `_html` give the same piece as HTML, for what is drawn in one go.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from html import escape
from typing import Any, Literal

from nicegui import ui
from nicegui.element import Element

from components import brands, icons
from components.form_parts import Words, tag
from components.toasts import toast
from streamline_ui.providers.describe import Provider
from streamline_ui.storage.models import Status, now

__all__ = [
    "ago",
    "brand",
    "brand_html",
    "busy",
    "button",
    "callout",
    "chip",
    "div",
    "icon",
    "icon_html",
    "label_tag",
    "pill",
    "pill_html",
    "stream_line",
    "switch_chip",
    "text",
    "toast",
]  # fmt: skip

STATUS = {
    Status.HEALTHY: ("ok", "circle-check", "Healthy"),
    Status.DEGRADED: ("warn", "triangle-alert", "Degraded"),
    Status.NEEDS_ATTENTION: ("bad", "circle-x", "Needs attention"),
    Status.PAUSED: ("idle", "circle-pause", "Paused"),
    Status.TESTING: ("run", "loader", "Testing"),
    Status.NOT_TESTED: ("idle", "circle-help", "Not tested"),
    Status.WAITING_FOR_SIGN_IN: ("warn", "clock", "Waiting for sign-in"),
}
"""The tone, the icon and the word of each status."""

TONES = {"bad": "circle-x", "warn": "triangle-alert", "ok": "circle-check", "info": "info"}
STREAM = (
    '<svg class="sl-stream" viewBox="0 0 320 64" aria-hidden="true">'
    '<path d="M4 54C84 54 84 32 160 32S236 10 316 10"/>'
    '<circle cx="82" cy="43" r="4"/><circle cx="160" cy="32" r="6"/><circle cx="238" cy="21" r="4"/></svg>'
)

Tone = Literal["bad", "warn", "ok", "info"]

icon_html = icons.html
brand_html = brands.html


def div(classes: str = "") -> Element:
    """A box."""
    return tag("div", classes)


def text(content: str, classes: str = "", name: str = "span") -> Words:
    """Words in whatever element the structure asks for."""
    return Words(content, classes, name)


def icon(name: str, size: str = "") -> ui.icon:
    """A line icon, silent for screen readers. `size` is "s", "", "m" or "l"."""
    drawn = ui.icon(icons.reference(name)).classes(f"i {size}".strip())
    drawn.props["aria-hidden"] = "true"
    return drawn


def switch_icon(drawn: ui.icon, name: str) -> None:
    """Show another icon in its place."""
    drawn.props["name"] = icons.reference(name)


def brand(provider: Provider[Any], size: str = "") -> ui.html:
    """The logo of a service in its tile. `size` is "sm", "" or "lg"."""
    return ui.html(brands.html(provider, size), sanitize=False, tag="span").style("display:contents")


def button(
    label: str,
    on_click: Callable[[], Any] | None = None,
    *,
    kind: str = "",
    icon: str = "",
    submits: bool = False,
    only_icon: bool = False,
) -> Element:
    """A button. `kind` is any of "primary", "ghost", "danger", "sm", "block"; `submits` makes it its form's.

    With `only_icon` the label is for whoever cannot see the icon, or points at it.
    """
    made = tag("button", f"sl-btn {kind} {'icon' if only_icon else ''}", type_="submit" if submits else "button")
    with made:
        if icon:
            _icon(icon)
        if not only_icon:
            Words(label)
    if only_icon:
        made.props["aria-label"] = made.props["title"] = label
    return made if on_click is None else made.on("click", on_click, args=[])


def busy(made: Element, is_busy: bool) -> None:
    """Let a button show that it works. Its words stay, and so does the keyboard."""
    if is_busy:
        made.props["aria-busy"] = "true"
    else:
        made.props.pop("aria-busy", None)
    made.update()


def pill_html(status: Status, more: str = "") -> str:
    """How a connection is: a shape, a word and a colour; `more` shows when it is pointed at."""
    tone, name, word = STATUS[status]
    title = f' title="{escape(more, quote=True)}"' if more else ""
    return f'<span class="sl-pill {tone}"{title}>{icons.html(name)}{word}</span>'


class pill(ui.html):  # noqa: N801 - stands beside the functions, and is used like them
    """How a connection is, to be kept up to date with `show`."""

    def __init__(self, status: Status) -> None:
        super().__init__(pill_html(status), sanitize=False, tag="span")

    def show(self, status: Status) -> None:
        """Show how it is now."""
        self.set_content(pill_html(status))


def chip(label: str, *, on: bool = False) -> Element:
    """A filter that is on or off."""
    made = tag("button", "sl-chip", type_="button")
    with made:
        Words(label)
    switch_chip(made, on)
    return made


def switch_chip(made: Element, on: bool) -> None:
    """Turn a filter on or off."""
    made.props["aria-pressed"] = "true" if on else "false"
    made.classes(**{"add" if on else "remove": "on"})


def label_tag(label: str) -> Words:
    """A small mark beside a name."""
    return Words(label, "sl-tag")


def callout(tone: Tone, title: str, body: str = "") -> Element:
    """A note in the page: what is so, and what to do. Put a button into it by `with`."""
    made = tag("div", f"sl-callout {tone}")
    with made:
        icon(TONES[tone])
        with tag("div", "body"):
            Words(title, "ttl")
            if body:
                Words(f" {body}")
    return made


def stream_line() -> ui.html:
    """The line with its knots, where there is nothing else to show."""
    return ui.html(STREAM, sanitize=False)


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
        return f"{days} {'day' if days == 1 else 'days'} ago"
    return f"{moment:%-d %b %Y}"


def initials(name: str) -> str:
    """One or two letters that stand for a person: of "Ana Moreno" AM, of "ana@acme.dev" A."""
    words = name.partition("@")[0].replace(".", " ").replace("-", " ").replace("_", " ").split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"


_icon = icon  # `button` has a parameter of that name
