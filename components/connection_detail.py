"""One connection, whole: how it is, what happened, what it was set up with, and everything that can be done with it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from nicegui import ui

from components import buttons, elements, links, snapshots, trial_dialog
from components import connection_words as words
from components.activity import Activity
from components.checks_bar import PLACES, ChecksBar
from components.connect_dialog import ConnectDialog
from components.connection_actions import ConnectionActions
from components.credentials import Credentials
from components.editable_name import EditableName
from components.event_address import EventAddress
from components.form_parts import Words, tag
from components.incident_list import IncidentList, percent
from components.integrations_board import said_after_saving
from components.local_time import Clock
from components.polling_card import PollingCard, poll_now
from components.popup_menu import PopupMenu
from components.problem_note import ProblemNote
from components.separate_keys import SeparateKeys
from components.trial_dialog import TrialDialog
from components.used_by import UsedBy
from streamline_ui import live
from streamline_ui.errors import NotFound
from streamline_ui.integrations import connections, figures, incidents
from streamline_ui.integrations.figures import Figures
from streamline_ui.integrations.incidents import History
from streamline_ui.providers import PROVIDERS
from streamline_ui.storage.models import HealthCheck, Integration, Status
from streamline_ui.workflows import catalog
from streamline_ui.workflows.catalog import Use
from streamline_ui.workflows.listening import hearing, polling

TICK_SECONDS = 15
NUMBERS = {
    "uptime": "Uptime, 30 days",
    "used": "Last used",
    "typical": "Typical answer",
    "checks": "Checks, 24 hours",
}


class ConnectionDetail:
    """The page's content. `refresh` reads everything about the connection again."""

    def __init__(self, user_id: str, row: Integration) -> None:
        self.user_id = user_id
        self.row = row
        self.clock = Clock()
        self.dialog = ConnectDialog(user_id, self._saved)
        self.actions = ConnectionActions(user_id, self.dialog, leave=_leave)
        self.trial = TrialDialog(user_id)
        self.menu = PopupMenu()
        self._draw_trail()
        self._draw_head()
        self._draw_numbers()
        with tag("div", "sl-detail"):
            with tag("div", "col sl-gap grow"):
                self.problem = ProblemNote(
                    self.clock,
                    replace=self._mend,
                    test=lambda: self.actions.test(self.row.id),
                    take=lambda: self.actions.take_over(self.row),
                    ask=lambda: self.actions.ask_again(self.row.id),
                    poll=lambda: poll_now(user_id, self.row.id),
                    turn_on=lambda: self.actions.turn_polling_on(self.row.id),
                )
                self.incidents = IncidentList(self.clock)
                self.activity = Activity(self.clock, self._show_older)
            with tag("div", "col sl-gap sl-side"):
                self._draw_trials()
                self.used_by = UsedBy()
                self.events = EventAddress(user_id, row)
                self.credentials = Credentials(self.clock, self._replace)
                self.polling = PollingCard(user_id)
                self.keys = SeparateKeys(user_id)
        ui.timer(TICK_SECONDS, self._tick)

    async def heard(self, changed: set[str]) -> None:
        """Some of the user's connections have changed; perhaps this one."""
        if self.row.id in changed:
            await self.refresh()

    async def settle(self) -> None:
        """Once the browser is there: write times as its clock does."""
        await self.clock.ask()
        await self.refresh()

    async def refresh(self) -> None:
        """Show it as it is now; or leave, where it is gone."""
        try:
            row, checks, found, history, uses = await asyncio.to_thread(self._read)
            polled = (await asyncio.to_thread(polling.glances, [row.id])).get(row.id)
            deaf = (await asyncio.to_thread(hearing.of, self.user_id, row.id)).get(row.id)
        except NotFound:
            if self.row.id not in self.actions.removing:  # else we are leaving already, with a way back
                ui.navigate.to("/")
            return
        own, row = row.status, hearing.as_seen(row, deaf)
        self._show(row, checks, found)
        self.problem.update(
            row,
            checks,
            deaf=deaf if row.status != own else None,
        )
        self.polling.update(row, polled, is_off=deaf is not None and deaf.is_off)
        is_deaf = deaf is not None and not deaf.is_off and row.status != own
        self.incidents.update(incidents.with_open(history, deaf.since, deaf.cause) if deaf and is_deaf else history)
        self.numbers["uptime"].set_text("–" if history.month is None else f"{percent(history.month)} %")
        self.used_by.update(uses)
        await self.keys.update(row)
        await self.events.update(row)

    def _read(self) -> tuple[Integration, list[HealthCheck], Figures, History, Sequence[Use]]:
        limit = max(PLACES, self.activity.limit + 1)
        return (
            connections.one(self.user_id, self.row.id),
            connections.checks(self.user_id, self.row.id, limit),
            figures.of(self.user_id, self.row.id),
            incidents.of(self.user_id, self.row.id),
            catalog.uses(self.user_id).get(self.row.id, ()),
        )

    def _show(self, row: Integration, checks: list[HealthCheck], found: Figures) -> None:
        self.row = row
        state = words.status(row)
        self.name.update(row.name)
        self.trail.set_text(row.name)
        self.pill.set_content(words.pill_html(row))
        self.line.set_text(" · ".join(filter(None, [words.service(row), words.how(row), row.account])))
        buttons.relabel(self.pause, *(("Pause", "pause") if row.is_active else ("Resume", "play")))
        elements.busy(self.test, state is Status.TESTING)
        self._show_numbers(found)
        self.bar.update(checks, idle=state is Status.PAUSED)
        self.activity.update(checks)
        self.credentials.update(row)

    def _show_numbers(self, found: Figures) -> None:
        self.numbers["used"].set_text(words.ago(self.row.last_used_at) if self.row.last_used_at else "Never")
        self.numbers["typical"].set_text("–" if found.typical_ms is None else f"{found.typical_ms} ms")
        self.numbers["checks"].set_text(str(found.checks))
        self.failed.set_text(f"{found.failed} failed" if found.failed else "")

    def _draw_trail(self) -> None:
        with tag("nav", "row small sl-trail", aria_label="Breadcrumb"):
            link = Words("Integrations", "link", "a")
            link.props["href"] = links.to("/")
            elements.icon("chevron-right")
            self.trail = Words(self.row.name, "sub trunc", "bdi")

    def _draw_head(self) -> None:
        provider = PROVIDERS.get(self.row.type)
        with tag("header", "sl-page-head"):
            if provider is not None:
                elements.brand(provider, "lg")
            with tag("div", "grow"):
                with tag("div", "row wrap"):
                    self.name = EditableName(self._rename)
                    self.pill = ui.html("", sanitize=False).props("role=status")
                self.line = Words("", "sub", "p")
            with tag("div", "row wrap"):
                self.test = elements.button("Test now", icon="zap")
                self.test.on("click", lambda: self.actions.test(self.row.id))
                elements.button("Edit", icon="pencil").on("click", lambda: self.dialog.edit(self.row.id))
                self.pause = elements.button("Pause", icon="pause").on("click", self._pause)
                more = tag("button", "sl-btn icon", type_="button", aria_label="More actions", aria_haspopup="menu")
                with more.on("click", lambda: self._open_menu(more.html_id)):
                    elements.icon("ellipsis")

    def _draw_numbers(self) -> None:
        self.numbers: dict[str, Words] = {}
        with tag("section", "sl-card", aria_label="Health"):
            with tag("dl", "sl-numbers"):
                for key, title in NUMBERS.items():
                    with tag("div"):
                        Words(title, "tiny muted", "dt")
                        with tag("dd", "num"):
                            self.numbers[key] = Words("–", "sl-number")
                            if key == "checks":
                                self.failed = Words("", "small sub")
            self.bar = ChecksBar(self.clock)

    def _draw_trials(self) -> None:
        provider = PROVIDERS.get(self.row.type)
        trials = [action for action in provider.actions.values() if action.trial is not None] if provider else []
        if not provider or not (trials or provider.console):
            return
        with tag("section", "sl-card pad", aria_labelledby="try-title"):
            Words("Try it", "sl-h2", "h2").props["id"] = "try-title"
            for action in trials:
                button = elements.button(trial_dialog.label(action), icon="send", kind="sl-wide")
                button.on("click", lambda action=action: self.trial.open(self.row, action))
            if provider.console:
                with tag("a", "link row", href=provider.console, target="_blank", rel="noopener noreferrer"):
                    Words(f"Open {provider.mentioned}")
                    elements.icon("external-link")

    async def _tick(self) -> None:
        if self.row.last_used_at:
            self.numbers["used"].set_text(words.ago(self.row.last_used_at))

    async def _rename(self, name: str) -> None:
        self.row = await asyncio.to_thread(connections.change, self.user_id, self.row.id, name=name)
        self.name.update(self.row.name)

    async def _pause(self) -> None:
        await self.actions.set_active(self.row.id, is_active=not self.row.is_active)

    async def _mend(self) -> None:
        await self.dialog.mend(self.row.id)

    async def _replace(self) -> None:
        await self.dialog.edit(self.row.id, replace=True)

    async def _show_older(self, _limit: int) -> None:
        await self.refresh()

    async def _saved(self, row: Integration, is_new: bool) -> None:
        snapshots.forget(live.Changed(self.user_id, "integration", row.id))
        await self.refresh()
        elements.toast(said_after_saving(row, is_new=is_new))

    def _open_menu(self, button_id: str) -> None:
        items = [item for item in self.actions.menu(self.row) if item.label in ("Duplicate", "Delete")]
        self.menu.open(f"Actions for {self.row.name}", items, button_id)


def _leave(integration_id: str) -> None:
    ui.navigate.to(f"/?deleted={integration_id}")
