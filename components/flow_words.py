"""How workflows and their executions are told: the icon, the words and the brand of a trigger, a step or a state."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any

from components import brands, icons
from streamline_ui.providers import PROVIDERS
from streamline_ui.providers.describe import Provider
from streamline_ui.storage.workflow_tables import Progress
from streamline_ui.workflows.definitions import Definition
from streamline_ui.workflows.steps import Action, Step
from streamline_ui.workflows.triggers import IntegrationTrigger, ScheduleTrigger, Trigger

Types = Mapping[str, str]
"""The type of each of the user's connections, by its id."""

PROGRESS = {
    Progress.QUEUED: ("idle", "clock", "Queued"),
    Progress.RUNNING: ("run", "loader", "Running"),
    Progress.WAITING: ("warn", "timer", "Waiting"),
    Progress.SUCCEEDED: ("ok", "circle-check", "Succeeded"),
    Progress.FAILED: ("bad", "circle-x", "Failed"),
    Progress.UNKNOWN: ("warn", "circle-help", "Unknown"),
    Progress.CANCELLED: ("idle", "circle-pause", "Cancelled"),
    Progress.SKIPPED: ("idle", "circle-dashed", "Skipped"),
}
"""The tone, the icon and the word of each state."""

TRIGGERS = {
    "webhook": ("webhook", "Incoming webhook", "an incoming request"),
    "schedule": ("calendar-clock", "Schedule", "the schedule"),
    "manual": ("play", "By hand", "a person"),
    "failure": ("triangle-alert", "Failure", "a failure"),
    "integration": ("zap", "Event", "an event"),
}
STEPS = {
    "action": ("plug", "Action"),
    "filter": ("list-filter", "Filter"),
    "branch": ("split", "Branch"),
    "for_each": ("repeat", "For each"),
    "delay": ("timer", "Delay"),
    "set": ("braces", "Set values"),
    "stop": ("circle-pause", "Stop"),
}
SHOWN = 4  # steps of a chain


def pill_html(status: Progress, words: str = "") -> str:
    """How an execution stands: a shape, a word and a colour."""
    tone, icon, word = PROGRESS[status]
    return f'<span class="sl-pill {tone}">{icons.html(icon)}{escape(words or word)}</span>'


def state_html(status: Progress) -> str:
    """The same without a ground, for a line of a list."""
    tone, icon, word = PROGRESS[status]
    return f'<span class="sl-st {tone}">{icons.html(icon)}{word}</span>'


def duration(start: datetime | None, end: datetime | None) -> str:
    """How long it took: "182 ms", "7.3 s", "2 min 5 s", "3 h 20 min"."""
    if start is None or end is None:
        return ""
    seconds = max(0.0, (end - start).total_seconds())
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def started_by(trigger: Any) -> str:
    """What made it begin, from what came in."""
    kind = trigger.get("type") if isinstance(trigger, dict) else None
    return TRIGGERS.get(str(kind), ("", "", "an event"))[2]


def trigger_title(trigger: Trigger, types: Types) -> str:
    """ "Telegram · New message", "Incoming webhook"."""
    provider = _provider(trigger.integration_id, types) if isinstance(trigger, IntegrationTrigger) else None
    if provider is None:
        return TRIGGERS[trigger.type][1]
    assert isinstance(trigger, IntegrationTrigger)
    title = next((each.title for each in provider.triggers if each.event == trigger.event), "Event")
    return f"{provider.name} · {title}"


def trigger_html(trigger: Trigger, types: Types) -> str:
    """The tile of what starts a workflow."""
    provider = _provider(trigger.integration_id, types) if isinstance(trigger, IntegrationTrigger) else None
    return brands.html(provider, "sm") if provider else brands.tile("", TRIGGERS[trigger.type][0], "sm")


def trigger_line(trigger: Trigger, types: Types) -> str:
    """What starts it, in a few words: the times of a schedule are told too."""
    title = trigger_title(trigger, types)
    return f"{title} · {trigger.cron}" if isinstance(trigger, ScheduleTrigger) and trigger.cron else title


def step_title(step: Step, types: Types) -> str:
    """A step's name, or else what it does: "Discord · Send a message"."""
    provider = _provider(step.integration_id, types) if isinstance(step, Action) else None
    if step.name:
        return step.name if provider is None else f"{provider.name} · {step.name}"
    if provider is None:
        return STEPS[step.type][1]
    assert isinstance(step, Action)
    action = provider.actions.get(step.action)
    return f"{provider.name} · {action.title if action else step.action}"


def step_html(step: Step, types: Types) -> str:
    """The tile of a step."""
    provider = _provider(step.integration_id, types) if isinstance(step, Action) else None
    return brands.html(provider, "sm") if provider else brands.tile("", STEPS[step.type][0], "sm")


def chain_html(definition: Definition, types: Types) -> str:
    """What starts it and what it does, as a row of tiles with its words for whoever does not see them."""
    steps = definition.steps
    names = [trigger_title(definition.trigger, types), *(step_title(step, types) for step in steps)]
    tiles = [trigger_html(definition.trigger, types), *(step_html(step, types) for step in steps[:SHOWN])]
    more = f'<span class="tiny muted num">+{len(steps) - SHOWN}</span>' if len(steps) > SHOWN else ""
    label = escape(", then ".join(names[:20]), quote=True)
    return (
        f'<span class="sl-chain" role="img" aria-label="{label}">{icons.html("arrow-right").join(tiles)}{more}</span>'
    )


def _provider(integration_id: str, types: Types) -> Provider[Any] | None:
    return PROVIDERS.get(types.get(integration_id, ""))
