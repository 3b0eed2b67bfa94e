"""The panel of the trigger: what starts the workflow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from typing import Any
from zoneinfo import available_timezones

from nicegui import background_tasks, ui

from components import editor_words, elements, trigger_params
from components.action_form import select
from components.editor_draft import TRIGGER, TRIGGERS, Json
from components.editor_session import EditorSession
from components.event_sample import EventSample
from components.form_parts import Words, tag
from components.hook_panel import HookPanel
from components.last_events import LastEvents
from components.template_field import listen
from streamline_ui.errors import Invalid
from streamline_ui.providers import PROVIDERS
from streamline_ui.workflows import cron

PRESETS = (
    ("*/5 * * * *", "Every 5 minutes"),
    ("0 * * * *", "Every hour"),
    ("0 9 * * *", "Every day at 9:00"),
    ("0 9 * * 1-5", "On weekdays at 9:00"),
    ("0 9 * * 1", "On Mondays at 9:00"),
    ("0 9 1 * *", "On the first of the month at 9:00"),
)
MISSED = (("once", "Run once, for all of them"), ("skip", "Leave them out"), ("catchUp", "Run each, one by one"))
TIMES = 3
HELP = "Minute, hour, day, month, weekday: 0 9 * * 1-5 is 9:00 on weekdays. A sixth field in front counts seconds."


class TriggerPanel:
    """Draws the choice, and what belongs to what was chosen."""

    def __init__(self, session: EditorSession, redraw: Callable[[], Any]) -> None:
        self.session, self.redraw = session, redraw
        self.hook: HookPanel | None = None
        self.sample: EventSample | None = None
        self.events: LastEvents | None = None
        kinds = [(kind, editor_words.TRIGGERS[kind][1]) for kind in TRIGGERS]
        select("What starts it", kinds, self.trigger["type"], self._choose)
        Words(editor_words.TRIGGERS[self.trigger["type"]][2] + ".", "small muted", "p")
        draw = {
            "webhook": self._draw_hook,
            "schedule": self._draw_schedule,
            "integration": self._draw_event,
        }.get(self.trigger["type"])
        if draw is not None:
            draw()

    async def refresh(self) -> None:
        """Show what came in meanwhile."""
        if self.hook is not None:
            await self.hook.requests.refresh()
        if self.events is not None:
            await self.events.refresh()

    @property
    def trigger(self) -> Json:
        """The trigger as it is now."""
        found: Json = self.session.draft.values[TRIGGER]
        return found

    def _choose(self, kind: str) -> None:
        if kind != self.trigger["type"] and kind in TRIGGERS:
            self.session.change(lambda: self.session.draft.values.update({TRIGGER: dict(TRIGGERS[kind])}))
            background_tasks.create(self._after(), name="read the sample")

    async def _after(self) -> None:
        await self.session.settle()
        await self.session.read_sample()
        self.session.worded()
        self.redraw()

    def _edit(self, key: str, value: str, group: str = "") -> None:
        self.session.change(lambda: self.trigger.update({key: value}), group)

    def _draw_hook(self) -> None:
        self.hook = HookPanel(self.session, self.redraw)

    def _draw_schedule(self) -> None:
        presets = [("", "Choose…"), *PRESETS]
        select("Often used", presets, self.trigger["cron"], self._preset)
        with tag("div", "sl-field"):
            label = Words("When", "sl-label", "label")
            with tag("div", "sl-input"):
                field = tag("input", "mono", type_="text", defaultValue=self.trigger["cron"], autocomplete="off")
            label.props["for"] = field.html_id
            help_text = Words(HELP, "sl-help", "div")
            field.props["aria-describedby"] = help_text.html_id
        listen(field, self._typed)
        zones = [
            (name, name.replace("_", " ")) for name in sorted(available_timezones()) if "/" in name or name == "UTC"
        ]
        current = self.trigger.get("timezone", "UTC")
        select("Time zone", zones, current, self._zone)
        with tag("div", "sl-preview", aria_live="polite"):
            Words("The next times", "tiny muted block")
            self.times = ui.html("", sanitize=False)
        self._show_times()
        settings = self.session.draft.values.get("settings", {})
        current = settings.get("missedRuns", "once")
        select("Times missed while Streamline was not running", list(MISSED), current, self._missed)

    def _missed(self, value: str) -> None:
        self.session.change(lambda: self.session.draft.values.setdefault("settings", {}).update(missedRuns=value))

    def _preset(self, value: str) -> None:
        if value:
            self._edit("cron", value)
            self.redraw()

    def _typed(self, text: str) -> None:
        self._edit("cron", text.strip()[:300], "cron")
        self._show_times()

    def _zone(self, name: str) -> None:
        self._edit("timezone", name)
        self._show_times()

    def _show_times(self) -> None:
        found: list[datetime] = []
        try:
            after = datetime.now(UTC)
            for _ in range(TIMES):
                moment = cron.next_fire(self.trigger["cron"], self.trigger.get("timezone", "UTC"), after)
                if moment is None:
                    break
                found.append(moment)
                after = moment
        except Invalid as error:
            self.times.set_content(
                f'<span class="warn">{elements.icon_html("triangle-alert")} {escape(error.message)}</span>'
            )
            return
        zone = cron.zone(self.trigger.get("timezone", "UTC"))
        time = "%H:%M" if all(moment.second == 0 for moment in found) else "%H:%M:%S"
        lines = "".join(f"<li>{moment.astimezone(zone):%a %d %b %Y, {time}}</li>" for moment in found)
        self.times.set_content(f"<ol>{lines}</ol>" if lines else "It never comes.")

    def _draw_event(self) -> None:
        rows = [row for row in self.session.rows if PROVIDERS.get(row.type) and PROVIDERS[row.type].triggers]
        if not rows:
            Words("None of your connections tells about events yet. Connect Telegram, for example.", "sub", "p")
            return
        choices = [("", "Choose…"), *((row.id, f"{row.name} · {PROVIDERS[row.type].name}") for row in rows)]
        select("Connection", choices, self.trigger["integrationId"], self._connect)
        provider = self.session.provider(self.trigger["integrationId"])
        if provider is not None:
            events = [("", "Choose…"), *((each.event, each.title) for each in provider.triggers)]
            select("Event", events, self.trigger["event"], self._event)
            trigger_params.draw(self.session, provider)
            title = next((each.title for each in provider.triggers if each.event == self.trigger["event"]), "")
            if title:
                self.sample = EventSample(self.session, title)
                self.events = LastEvents(self.session)

    def _connect(self, integration_id: str) -> None:
        provider = self.session.provider(integration_id)
        events = [each.event for each in provider.triggers] if provider else []
        event = events[0] if events else ""
        self.session.change(lambda: self._listen(integrationId=integration_id, event=event))
        background_tasks.create(self._after(), name="read the sample")

    def _listen(self, **to: str) -> None:
        """Another event asks for other parameters."""
        self.trigger.update(to, params={})

    def _event(self, event: str) -> None:
        self.session.change(lambda: self._listen(event=event))
        background_tasks.create(self._after(), name="read the sample")
