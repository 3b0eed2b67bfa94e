"""Where alerts go besides the app: which connection, what it should do, and a test; for admins also the heartbeat."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from components import elements, form_parts, links, settings_frame
from components.action_form import select
from components.form_parts import Words, tag
from components.outcome_note import OutcomeNote
from components.plain_form import PlainForm
from components.schema_form import SchemaForm
from streamline_ui.access.sessions import Visitor
from streamline_ui.errors import Invalid, StreamlineError
from streamline_ui.integrations import alert_channel, connections, lifeline
from streamline_ui.providers import PROVIDERS
from streamline_ui.providers.describe import Action
from streamline_ui.storage.alert_tables import AlertChannel
from streamline_ui.storage.models import Integration

TEXTS = ("text", "content", "body", "html", "message")
TITLES = ("title", "subject")


class AlertSettings:
    """The card with the channels and a form for one. It is drawn anew when another connection or action is chosen."""

    def __init__(self, visitor: Visitor) -> None:
        self.user_id = visitor.user_id
        self.rows: list[Integration] = []
        self.chosen: dict[str, AlertChannel] = {}
        self.failures: dict[str, str] = {}
        self.integration_id, self.action_name = "", ""
        self.params: dict[str, Any] = {}
        self.is_busy = False
        at_hand = settings_frame.card(
            "In the app", "Alerts show at the bell, from the first minute. Nothing to set up."
        )
        with at_hand, tag("a", "link", href=links.to("/alerts")):
            Words("Open alerts")
        explanation = "Messages go through your connections: once when something breaks, once when it is back."
        with settings_frame.card("Also tell me through a connection", explanation):
            self.list = tag("ul", "sl-alerts", aria_label="Connections that tell me")
            self.box = tag("div", "col sl-gap")

    async def refresh(self) -> None:
        """Read what is set, and draw it."""
        await self._read()
        self._take(next(iter(self.chosen), ""))
        self._draw()

    async def _read(self) -> None:
        def read() -> tuple[list[Integration], list[AlertChannel], dict[str, str]]:
            rows = [row for row in connections.all_of(self.user_id) if alert_channel.actions_of(row.type)]
            return rows, alert_channel.channels(self.user_id), alert_channel.failures(self.user_id)

        self.rows, channels, self.failures = await asyncio.to_thread(read)
        self.chosen = {channel.integration_id: channel for channel in channels}
        self._draw_list()

    def _take(self, integration_id: str) -> None:
        """Edit this one; one that was not chosen before begins with what suits its service."""
        self.integration_id, self.params = integration_id, {}
        actions = self._actions()
        telling = (name for name, action in actions.items() if suggested(action))
        self.action_name = next(telling, next(iter(actions), ""))
        if (kept := self.chosen.get(integration_id)) is not None and kept.action in actions:
            self.action_name, self.params = kept.action, json.loads(kept.params)

    def _draw_list(self) -> None:
        self.list.clear()
        self.list.set_visibility(bool(self.chosen))
        with self.list:
            for channel in self.chosen.values():
                self._draw_one(channel)

    def _draw_one(self, channel: AlertChannel) -> None:
        row = next((row for row in self.rows if row.id == channel.integration_id), None)
        name = row.name if row else "A connection that was deleted"
        action = alert_channel.actions_of(row.type).get(channel.action) if row else None
        with tag("li", "sl-card sl-alert", data_testid="alert-channel"):
            with tag("div", "grow"):
                Words(f"{name} · {PROVIDERS[row.type].name}" if row else name, "b wraps", "p")
                Words(action.title if action else "Nothing is told. Remove it, or choose what to do.", "sub wraps", "p")
                if failure := self.failures.get(channel.integration_id):
                    Words(f"The last alert did not arrive: {failure}", "bad wraps", "p")
            with tag("div", "row sl-alert-do"):
                if row:
                    change = elements.button("Change", kind="ghost sm")
                    change.props["aria-label"] = f"Change {name}"
                    change.on("click", lambda: self._choose(channel.integration_id), args=[])
                remove = elements.button("Remove", kind="ghost sm")
                remove.props["aria-label"] = f"Remove {name}"
                remove.on("click", lambda: self._remove(channel.integration_id, name), args=[])

    def _draw(self) -> None:
        self.box.clear()
        with self.box:
            none = "Choose one more…" if self.chosen else "In the app only"
            named = ((row.id, f"{row.name} · {PROVIDERS[row.type].name}") for row in self.rows)
            select("Connection", [("", none), *named], self.integration_id, self._choose)
            action = self._action()
            actions = self._actions()
            if len(actions) > 1:
                select(
                    "What to do", [(name, each.title) for name, each in actions.items()], self.action_name, self._act
                )
            with form_parts.form(self._save, "col sl-gap") as self.element:
                self.form = SchemaForm(action.params, start=self.params or suggested(action)) if action else None
                if self.form is not None:
                    self._draw_fields(self.form)
                self.note = OutcomeNote()
                if action is not None:
                    with tag("div", "row wrap"):
                        self.save = elements.button("Save", kind="primary", submits=True)
                        self.test = elements.button("Send a test alert", icon="send")
                        form_parts.when_pressed(self.test, self._test)

    def _draw_fields(self, form: SchemaForm) -> None:
        with tag("p", "sub"):
            Words("{{ alert }}", name="code")
            Words(" stands for the whole message, ")
            Words("{{ title }}", name="code")
            Words(" for its first line.")
        main = [field.name for field in form.fields if field.wanted or field.name in form.start]
        form.draw(main)
        if rest := [field.name for field in form.fields if field.name not in main]:
            with form_parts.folded("More options"):
                form.draw(rest)

    def _actions(self) -> dict[str, Action[Any]]:
        row = next((row for row in self.rows if row.id == self.integration_id), None)
        return alert_channel.actions_of(row.type) if row else {}

    def _action(self) -> Action[Any] | None:
        return self._actions().get(self.action_name)

    def _choose(self, integration_id: str) -> None:
        self._take(integration_id)
        self._draw()

    async def _remove(self, integration_id: str, name: str) -> None:
        await asyncio.to_thread(alert_channel.forget, self.user_id, integration_id)
        await self._read()
        self._take(next(iter(self.chosen), "") if integration_id == self.integration_id else self.integration_id)
        self._draw()
        elements.toast(f"{name} tells no alerts any more." if self.chosen else "Alerts show in the app only.")

    def _act(self, name: str) -> None:
        self.action_name, self.params = name, {}
        self._draw()

    async def _save(self, typed: dict[str, str]) -> None:
        async def work() -> None:
            if not self.integration_id:
                return  # there is nothing to keep
            values = self._values(typed)
            await asyncio.to_thread(alert_channel.choose, self.user_id, self.integration_id, self.action_name, values)
            self.params = values
            form_parts.settle(self.element)
            await self._read()
            self.note.done("Saved.")

        await self._do(self.save, work)

    async def _test(self, typed: dict[str, str]) -> None:
        async def work() -> None:
            values = self._values(typed)
            await alert_channel.send_test(self.user_id, self.integration_id, self.action_name, values)
            self.note.done("Sent. Look whether it has arrived.")

        await self._do(self.test, work)

    def _values(self, typed: dict[str, str]) -> dict[str, Any]:
        values = self.form.values(typed) if self.form else {}
        return {name: value for name, value in values.items() if value not in (None, "")}

    async def _do(self, button: Any, work: Callable[[], Awaitable[None]]) -> None:
        if self.is_busy:
            return
        self.is_busy = True
        elements.busy(button, True)
        try:
            if self.form is not None:
                self.form.blame({})
            await work()
        except Invalid as error:
            self.note.clear()
            if self.form is None or not self.form.blame(error.fields):
                self.note.problem(error.message, error.hints)
        except StreamlineError as error:
            self.note.problem(error.message, error.hints)
        finally:
            self.is_busy = False
            if not button.is_deleted:
                elements.busy(button, False)


def suggested(action: Action[Any]) -> dict[str, str]:
    """Where the message belongs in an action's parameters, by their JSON names; nothing where no place is known."""
    names = [field.alias or key for key, field in action.params.model_fields.items()]
    text = next((name for name in TEXTS if name in names), None)
    title = next((name for name in TITLES if name in names), None)
    if text is None:
        return {title: "{{ alert }}"} if title else {}
    return {text: "{{ alert }}"} | ({title: "{{ title }}"} if title else {})


def draw_heartbeat(visitor: Visitor) -> None:
    """The address that is called every minute, for admins."""
    explanation = (
        "Streamline calls this address every minute while all goes on. A service that expects the call tells you when "
        "this machine is off or hangs."
    )
    with settings_frame.card("Heartbeat", explanation):
        now = lifeline.address(visitor.user_id)

        async def save(typed: dict[str, str]) -> None:
            try:
                await asyncio.to_thread(lifeline.choose, visitor.user_id, typed.get("url", ""))
            except Invalid as error:
                raise Invalid(error.message, {"url": error.message}) from None
            beat = await lifeline.beat()
            if beat is not None and beat.problem:
                raise Invalid(beat.problem, {"url": f"Saved, but the call did not work: {beat.problem}"})
            form.blame({})
            form_parts.settle(form.element)
            elements.toast("Saved. The first call was heard." if beat else "Saved. Nothing is called.")

        with PlainForm(save) as form:
            form.text(
                "url", "Address to call", value=now, hint=_heard(), type_="url", maxlength=2000, autocomplete="off"
            )
            form.submit("Save heartbeat", kind="")


def _heard() -> str:
    beat = lifeline.last()
    if beat is None:
        return "Leave it empty to call nobody."
    return f"Last call {elements.ago(beat.at)}: {beat.problem or 'heard.'}"
