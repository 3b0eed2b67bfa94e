"""One connection on the integrations page: a few elements, of which only those that changed are sent again."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from html import escape

from nicegui import ui

from components import connection_words as words
from components import elements, heartbeat, links
from components.form_parts import tag
from components.snapshots import CARD_CHECKS, Snapshot
from streamline_ui.integrations import alert_words
from streamline_ui.providers import PROVIDERS
from streamline_ui.storage.models import HealthCheck, Integration, Status, now
from streamline_ui.workflows.listening.hearing import OFF, Trouble


class ConnectionCard:
    """A card. What the buttons on it do is decided by the page, which hears of clicks by `data-do` and `data-id`.

    `settled` is the status by which it is placed and counted: while it is tested, a card stays where it was.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.settled = words.status(snapshot.row)
        with tag("article", self._classes(), data_testid="conn-card", data_id=snapshot.row.id) as self.element:
            self.parts = {name: ui.html(html, sanitize=False) for name, html in _drawn(snapshot).items()}
        for name, part in self.parts.items():
            part.classes(f"sl-conn-{name}")

    def update(self, snapshot: Snapshot) -> None:
        """Show how it is now."""
        before, self.snapshot = self._classes(), snapshot
        if words.status(snapshot.row) is not Status.TESTING:
            self.settled = words.status(snapshot.row)
        if self._classes() != before:
            self.element.classes(replace=self._classes())
        self._send(_drawn(snapshot))

    def tick(self) -> None:
        """Time has passed: "2 min ago" is another now."""
        self._send({"foot": _foot(self.snapshot)})

    def _send(self, parts: Mapping[str, str]) -> None:
        """Send the parts that differ from what the browser has."""
        for name, html in parts.items():
            if self.parts[name].content != html:
                self.parts[name].set_content(html)

    def _classes(self) -> str:
        state = words.status(self.snapshot.row)
        broken = " broken" if state in words.BROKEN else ""
        return f"sl-card hov sl-conn {state.value}{broken}"


@lru_cache(maxsize=512)
def _drawn(snapshot: Snapshot) -> dict[str, str]:
    """The card's parts as HTML. Open pages share a snapshot, and so what was drawn from it."""
    row, checks = snapshot.row, snapshot.checks
    state = words.status(row)
    return {
        "head": _head(row),
        "pill": words.pill_html(row),
        "bars": heartbeat.labelled(checks, CARD_CHECKS, idle=state is Status.PAUSED) + _caption(row, checks),
        "foot": _foot(snapshot),
        "buttons": _buttons(snapshot),
    }


def _head(row: Integration) -> str:
    provider = PROVIDERS.get(row.type)
    picture = elements.brand_html(provider) if provider else ""
    link = f'<a href="{links.to("/integrations/" + escape(row.id))}"><bdi>{escape(row.name)}</bdi></a>'
    name = f'<h3 class="sl-h3 trunc" id="name-{escape(row.id)}">{link}</h3>'
    line = words.line(row)
    return f'{picture}<div class="grow">{name}<div class="small muted trunc">{escape(line)}</div></div>'


def _caption(row: Integration, checks: list[HealthCheck]) -> str:
    share = "paused" if words.status(row) is Status.PAUSED else words.share(checks)
    left = words.count(len(checks), "check") if checks else "No checks yet"
    return f'<div class="row between tiny muted num"><span>{left}</span><span>{share}</span></div>'


def _foot(snapshot: Snapshot) -> str:
    row, deaf = snapshot.row, snapshot.deaf
    if deaf is not None:
        return _deaf(deaf)
    if words.status(row) in (*words.BROKEN, Status.DEGRADED) and row.status_message:
        cause = escape(row.status_message, quote=True)
        up_to = words.up_to(row)
        whose = f"<b>{escape(up_to)}</b> · " if up_to else ""
        if words.is_theirs(row) and row.next_check_at:
            until = f'data-until="{row.next_check_at.timestamp():.0f}" data-until-words="Looks again"'
            whose = f'{whose}<span class="num" {until}></span> · '
        return f'<span class="tiny sl-cause" title="{cause}">{whose}{cause}</span>'
    return f'<span class="tiny muted trunc">{escape(words.used(row))}</span>'


def _deaf(trouble: Trouble) -> str:
    """That it hears nothing, since when, why, and when it is asked again."""
    cause, asks = escape(trouble.cause, quote=True), ""
    if trouble.next_poll_at is not None:
        until = f'data-until="{trouble.next_poll_at.timestamp():.0f}" data-until-words="Asks again"'
        asks = f' · <span class="num" {until}></span>'
    title = escape(trouble.title)
    if not trouble.is_off:
        title += f" for {alert_words.duration(now() - trouble.since)}"
    return f'<span class="tiny sl-cause" title="{cause}"><b>{title}</b> · {cause}{asks}</span>'


def _buttons(snapshot: Snapshot) -> str:
    row = snapshot.row
    name, key = escape(row.name, quote=True), escape(row.id, quote=True)
    described = f'data-id="{key}" aria-describedby="name-{key}" type="button"'
    is_waiting = words.status(row) is Status.WAITING_FOR_SIGN_IN
    label, opens = (words.mend(row), 'data-signs-in="true" ') if is_waiting else ("Fix", "")
    does = "fix"
    if snapshot.deaf is not None:
        label, does = ("Poll now", "poll") if snapshot.deaf.next_poll_at else ("Open", "open")
        if snapshot.deaf.problem == OFF:
            label, does = words.TURN_ON, "listen"
    elif words.is_theirs(row):
        label, does = "Test now", "test"
    if conflict := words.conflict(row):
        label, does = conflict, "take" if conflict == words.TAKE else "ask"
    fix = f'<button class="link sl-fix" data-do="{does}" {opens}{described}>{label}</button>'
    configure = f'<button class="link sl-configure" data-do="configure" {described}>Configure</button>'
    menu = (
        f'<button class="sl-btn icon ghost sm" data-do="menu" data-id="{key}" type="button" aria-haspopup="menu" '
        f'aria-label="More actions for {name}">{elements.icon_html("ellipsis")}</button>'
    )
    return fix + configure + menu
