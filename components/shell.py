"""The frame around every page: rail or tab bar, skip link, title, and how things are at a glance."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from nicegui import ui

from components import elements, live, theme
from components.form_parts import Words, tag
from streamline_ui.integrations import connections
from streamline_ui.storage.models import Status
from streamline_ui.vault import keyring

LOGO = (
    '<svg viewBox="0 0 26 26" width="26" height="26" aria-hidden="true"><rect width="26" height="26" rx="7.5" '
    'fill="var(--brand)"/><path d="M18.6 8.2c-1.2-1.3-2.9-2-5-2-3 0-5.1 1.4-5.1 3.6 0 4.6 9.9 2 9.9 6.5 0 2.2-2.2 3.5-5.2'
    ' 3.5-2.4 0-4.3-.8-5.6-2.2" fill="none" stroke="var(--on-brand)" stroke-width="2.3" stroke-linecap="round"/>'
    '<circle cx="18.9" cy="8.4" r="2.1" fill="var(--on-brand)"/><circle cx="7.3" cy="17.4" r="2.1" '
    'fill="var(--on-brand)"/></svg>'
)


class Visitor(Protocol):
    """Who looks at the page."""

    @property
    def user_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def theme(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the navigation."""

    key: str
    title: str
    icon: str
    path: str


PLACES = (
    Place("integrations", "Integrations", "plug", "/integrations"),
    Place("inbox", "Inbox", "inbox", "/inbox"),
    Place("settings", "Settings", "settings", "/settings"),
)
BROKEN = (Status.NEEDS_ATTENTION, Status.WAITING_FOR_SIGN_IN)


@contextmanager
def frame(visitor: Visitor, *, title: str, active: str) -> Iterator[None]:
    """Everything around a page; what is made inside is the page."""
    dress(visitor.theme, title)
    with tag("div", "sl-shell"):
        with tag("aside", "sl-rail", aria_label="Sidebar"):
            _rail(visitor, active)
        main = tag("div", "sl-main", id="main", tabindex="-1")
        with tag("nav", "sl-tabbar", aria_label="Main, at the bottom"):
            for place in PLACES:
                _entry(place, active)
    ui.skip_link("Skip to main content", target=main)
    with main:
        if keyring.locked() is not None:
            _locked_banner()
        yield


def dress(theme_name: str, title: str) -> None:
    """Set the page's title, and light or dark before it is painted."""
    ui.page_title(f"{title} · Streamline")
    ui.dark_mode({"light": False, "dark": True}.get(theme_name))


def logo(path: str = "/integrations") -> None:
    """The name and its sign."""
    with tag("a", "sl-logo", href=path):
        ui.html(LOGO, sanitize=False, tag="span").classes("sl-i")
        Words("Streamline")


def _rail(visitor: Visitor, active: str) -> None:
    logo()
    with tag("nav", "sl-nav col", aria_label="Main"):
        entries = {place.key: _entry(place, active) for place in PLACES}
    tag("div", "grow")
    glance = _Glance(visitor.user_id, entries["integrations"])
    ui.timer(0, glance.refresh, once=True)
    live.follow(visitor.user_id, glance.redraw)
    with tag("div", "row sl-me"):
        name = visitor.name or visitor.email
        Words("".join(part[0] for part in name.split()[:2]).upper(), "sl-avatar").props["aria-hidden"] = "true"
        with tag("a", "grow trunc small b", href="/settings/profile"):
            Words(name)
        with tag("button", "sl-btn icon ghost sm", type_="button", aria_label="Sign out", data_do="sign-out"):
            elements.icon("log-out")


def _entry(place: Place, active: str) -> Words:
    """A link of the navigation; the words it gives back are its count."""
    is_active = place.key == active
    with tag("a", "on" if is_active else "", href=place.path, aria_current="page" if is_active else None):
        elements.icon(place.icon)
        Words(place.title)
        count = Words("", "cnt")
        count.set_visibility(False)
    return count


def _locked_banner() -> None:
    wanted = keyring.locked()
    with elements.callout(
        "bad",
        "The encryption key does not match this database.",
        f"Start with the ENCRYPTION_KEY whose id is {wanted}, or enter the credentials anew. Nothing was changed.",
    ).classes("sl-locked"):
        Words("")


class _Glance:
    """The line in the rail that says how the connections are, and the count beside "Integrations"."""

    def __init__(self, user_id: str, count: Words) -> None:
        self.user_id = user_id
        self.count = count
        with tag("div", "sl-glance tiny"):
            self.line = ui.html("", sanitize=False)

    async def redraw(self, _: set[str]) -> None:
        await self.refresh()

    async def refresh(self) -> None:
        rows = await asyncio.to_thread(connections.all_of, self.user_id)
        broken = sum(row.status in BROKEN for row in rows)
        self.count.set_text(str(broken))
        self.count.set_visibility(broken > 0)
        self.line.set_content(_summary(len(rows), broken))


def _summary(total: int, broken: int) -> str:
    if not total:
        return ""
    tone, picture, words = (
        ("bad", "circle-x", f"{broken} need{'s' if broken == 1 else ''} attention")
        if broken
        else ("ok", "circle-check", "All connections well")
    )
    noun = "connection" if total == 1 else "connections"
    state = f'<span class="sl-st {tone}">{elements.icon_html(picture)}{words}</span>'
    return f'{state}<div class="muted">{total} {noun}</div>'


__all__ = ["LOGO", "dress", "frame", "logo", "theme"]
