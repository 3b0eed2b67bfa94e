"""The frame around every page: the rail or the bar of tabs, how things are at a glance, and the way to everything."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from html import escape

from nicegui import ui

from components import elements, links, live, snapshots, theme, toasts
from components.alert_bell import AlertBell
from components.form_parts import Words, tag
from components.palette import Palette
from components.popup_menu import Item, PopupMenu
from streamline_ui import pulse, schedule
from streamline_ui.access import recovery, users
from streamline_ui.access.sessions import Visitor
from streamline_ui.vault import keyring
from streamline_ui.workflows.listening import polling

__all__ = ["LOGO", "PLACES", "dress", "frame", "logo"]

LOGO = (
    '<svg viewBox="0 0 26 26" aria-hidden="true"><rect width="26" height="26" rx="7.5" fill="var(--brand)"/>'
    '<path d="M18.6 8.2c-1.2-1.3-2.9-2-5-2-3 0-5.1 1.4-5.1 3.6 0 4.6 9.9 2 9.9 6.5 0 2.2-2.2 3.5-5.2 3.5-2.4 0-4.3-.8'
    '-5.6-2.2" fill="none" stroke="var(--on-brand)" stroke-width="2.3" stroke-linecap="round"/>'
    '<circle cx="18.9" cy="8.4" r="2.1" fill="var(--on-brand)"/><circle cx="7.3" cy="17.4" r="2.1" '
    'fill="var(--on-brand)"/></svg>'
)
DARK = {"light": False, "dark": True}


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the navigation. `key` goes there after `g`."""

    name: str
    title: str
    icon: str
    path: str
    key: str


PLACES = (
    Place("integrations", "Integrations", "plug", "/", "i"),
    Place("workflows", "Workflows", "workflow", "/workflows", "w"),
    Place("executions", "Executions", "activity", "/executions", "e"),
    Place("inbox", "Inbox", "inbox", "/inbox", "b"),
    Place("settings", "Settings", "settings", "/settings", "s"),
)
TABS = 3  # places with a tab of their own on a phone; the others are behind "More"


@contextmanager
def frame(visitor: Visitor, *, title: str, active: str) -> Iterator[None]:
    """Everything around a page; what is made inside is the page. `active` names the place it belongs to."""
    dress(title, visitor.theme)
    layout = ui.context.client.layout.classes("sl-shell")
    main = tag("div", "sl-main")  # keeps its own id, which the skip link names
    with layout:
        rail = tag("aside", "sl-rail", aria_label="Sidebar")
        tabs = tag("nav", "sl-tabbar", aria_label="Main, at the bottom")
        toasts.region()
    rail.move(target_index=0)
    glance, bell = Glance(visitor), AlertBell(visitor.user_id)
    with main:
        palette = Palette(visitor)
        menu = PopupMenu()
    with rail:
        _draw_rail(visitor, active, glance, bell, menu)
    with tabs:
        _draw_tabs(active, glance, bell, menu)
    ui.skip_link("Skip to main content", target=main)
    ui.on("sl-palette", palette.asked)
    live.follow(visitor.user_id, glance.refresh, heard=snapshots.forget)
    ui.timer(0, glance.refresh, once=True)
    ui.timer(0, bell.refresh, once=True)
    with main:
        _draw_locked()
        yield


def dress(title: str, chosen_theme: str | None = None) -> None:
    """Give the page its title, and its theme before it is painted; without one, the theme last used in this browser."""
    ui.page_title(f"{title} · Streamline")
    if chosen_theme is not None:
        theme.choose(chosen_theme)


def logo(path: str = "/") -> None:
    """The sign and the name."""
    with tag("a", "sl-logo", href=links.to(path)):
        ui.html(LOGO, sanitize=False, tag="span").style("display:contents")
        Words("Streamline")


def _draw_rail(visitor: Visitor, active: str, glance: Glance, bell: AlertBell, menu: PopupMenu) -> None:
    logo()
    with tag("button", "sl-btn sl-find", type_="button", data_palette="", aria_keyshortcuts="Control+K Meta+K"):
        elements.icon("search")
        Words("Search or jump to")
        Words("Ctrl K", name="kbd").props["aria-hidden"] = "true"
    with tag("nav", "sl-nav col", aria_label="Main"):
        _draw_links(PLACES, active, glance)
    tag("div", "grow")
    glance.draw_line()
    name = visitor.name or visitor.email
    with tag("div", "sl-me"):
        me = tag("button", "", type_="button", aria_haspopup="menu", aria_label=f"Account of {name}")
        with me:
            Words(elements.initials(name), "sl-brand sm round").props["aria-hidden"] = "true"
            Words(name, "grow trunc")
        me.on("click", lambda: menu.open(f"Account of {name}", _account_items(), me.html_id), args=[])
        bell.draw()
        ThemeSwitch(visitor)


def _account_items() -> list[Item]:
    return [
        Item("Your profile", "user", lambda: ui.navigate.to("/settings/profile")),
        Item("Keyboard shortcuts", "keyboard", lambda: ui.run_javascript("slShortcuts()")),
        Item("Sign out", "log-out", lambda: ui.run_javascript("slSignOut()")),
    ]


def _draw_tabs(active: str, glance: Glance, bell: AlertBell, menu: PopupMenu) -> None:
    """The places that are gone to most, and a menu with the rest: six tabs would not fit a narrow phone."""
    _draw_links(PLACES[:TABS], active, glance)
    with tag("button", "", type_="button", data_palette=""):
        elements.icon("search")
        Words("Search")
    is_here = active in {place.name for place in PLACES[TABS:]}
    more = tag("button", "on" if is_here else "", type_="button", aria_haspopup="menu")
    with more.on("click", lambda: menu.open("More", _more_items(), more.html_id), args=[]):
        elements.icon("menu")
        Words("More")
        bell.draw_count()


def _more_items() -> list[Item]:
    places = [Item(place.title, place.icon, partial(ui.navigate.to, place.path)) for place in PLACES[TABS:]]
    places.insert(0, Item("Alerts", "bell", partial(ui.navigate.to, "/alerts")))
    return [*places, Item("Sign out", "log-out", lambda: ui.run_javascript("slSignOut()"))]


def _draw_links(places: Sequence[Place], active: str, glance: Glance) -> None:
    for place in places:
        is_active = place.name == active
        link = tag(
            "a", "on" if is_active else "", href=links.to(place.path), aria_current="page" if is_active else None
        )
        with link:
            elements.icon(place.icon)
            Words(place.title)
            if place.name == "integrations":
                glance.draw_count()


def _draw_locked() -> None:
    wanted = keyring.locked()
    if wanted is None:
        return
    sentence = f"Start with the ENCRYPTION_KEY whose id is {wanted}, or restore the recovery kit. Nothing was changed."
    note = elements.callout("bad", "The encryption key does not match this database.", sentence).classes("sl-top")
    with note, tag("a", "link", href=links.to("/settings/encryption")):
        Words("What this means")


class ThemeSwitch:
    """The button that turns light into dark and back. Following the system is chosen in the settings."""

    def __init__(self, visitor: Visitor) -> None:
        self.user_id = visitor.user_id
        button = elements.button("Switch between light and dark", kind="ghost sm", only_icon=True)
        button.props["data-theme-switch"] = ""
        with button:
            elements.icon("moon").classes("by-day")
            elements.icon("sun").classes("by-night")
        button.on("click", self._switched, js_handler="() => emit(slOther())")
        self.dark = ui.dark_mode(DARK.get(visitor.theme))

    async def _switched(self, event: object) -> None:
        chosen = getattr(event, "args", None)
        if chosen in ("dark", "light"):
            self.dark.set_value(DARK[chosen])
            await asyncio.to_thread(users.change, self.user_id, theme=chosen)


class Glance:
    """How the connections are: a line in the rail, and the number beside "Integrations" of those that need somebody."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.counts: list[ui.html] = []
        self.is_at_risk = visitor.is_admin

    def draw_count(self) -> None:
        """A place for the number."""
        count = ui.html("", sanitize=False, tag="span").classes("sl-cnt")
        count.set_visibility(False)
        self.counts.append(count)

    def draw_line(self) -> None:
        """A place for the line."""
        self.line = ui.html("", sanitize=False).classes("sl-line")

    async def refresh(self, _: set[str] | None = None) -> None:
        """Read again how they are."""
        seen = await snapshots.glance(self.visitor.user_id)
        if self.is_at_risk:  # once somebody has the key, they have it
            self.is_at_risk = await asyncio.to_thread(recovery.confirmed) is None
        words = f'{seen.broken}<span class="sr"> {"needs" if seen.broken == 1 else "need"} attention</span>'
        for count in self.counts:
            count.set_content(words if seen.broken else "")
            count.set_visibility(bool(seen.broken))
        line = line_html(seen, schedule.problem() or polling.problem() or pulse.problem())
        self.line.set_content(line + (_risk_html() if self.is_at_risk else ""))


def line_html(seen: snapshots.Glance, problem: str | None) -> str:
    """The line in the rail: whether the checks run, how many connections there are, and when the next is looked at."""
    if problem:
        return (
            f'<span class="sl-st bad">{elements.icon_html("circle-x")}Pollers have stopped</span>'
            f"<div>{escape(problem[:1].upper() + problem[1:])}. Restart Streamline.</div>"
        )
    failing = seen.polled.sentence
    tone, icon = ("bad", "circle-x") if failing else ("ok", "circle-check")
    state = f'<span class="sl-st {tone}">{elements.icon_html(icon)}{failing or "All pollers running"}</span>'
    if not seen.total:
        return f"{state}<div>No connections yet</div>"
    number = f"{seen.total} connection{'' if seen.total == 1 else 's'}"
    at = seen.next_check_at
    soon = f'<div data-until="{at.timestamp():.0f}" data-until-words="Next check"></div>' if at else ""
    return f"{state}<div>{number}</div>{soon}"


def _risk_html() -> str:
    """What an admin sees until somebody has said that they have the encryption key."""
    icon, path = elements.icon_html("triangle-alert"), links.to("/settings/encryption")
    return f'<a class="sl-st warn sl-risk" href="{path}">{icon}Save the recovery kit</a>'
