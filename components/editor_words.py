"""What steps and triggers are called in the editor, and how they are drawn."""

from __future__ import annotations

from typing import Any

from components import brands, icons
from components.editor_draft import Json
from components.editor_session import EditorSession

TYPES: dict[str, tuple[str, str, str]] = {
    "filter": ("list-filter", "Only continue if…", "Go on only when a condition holds"),
    "branch": ("git-branch", "Branch", "Go different ways, by conditions"),
    "for_each": ("repeat", "For each", "Do steps once for each entry of a list"),
    "set": ("type", "Format text", "Make texts and values for later steps"),
    "delay": ("timer", "Wait", "Go on after a while"),
    "stop": ("circle-x", "Stop", "End here"),
}
"""Icon, title and purpose of each type of step that needs no connection."""

TRIGGERS: dict[str, tuple[str, str, str]] = {
    "webhook": ("webhook", "Incoming webhook", "A request to this workflow's own address"),
    "schedule": ("calendar-clock", "Schedule", "At times that you choose"),
    "integration": ("zap", "Event of a connection", "Something happens at a service"),
    "manual": ("play", "By hand", "Somebody presses Run"),
    "failure": ("triangle-alert", "A failure", "Another workflow has failed"),
}
UNITS = (("days", 86_400), ("hours", 3600), ("minutes", 60), ("seconds", 1))


def picture(session: EditorSession, step: Json, size: str = "") -> str:
    """The logo or icon of a step, as HTML."""
    if step["type"] == "action":
        provider = session.provider(step["integrationId"])
        return brands.html(provider, size) if provider else tile("circle-dashed", size)
    return tile(TYPES[step["type"]][0], size)


def tile(icon: str, size: str = "") -> str:
    """An icon where a logo would be."""
    return f'<span class="sl-brand {size}" aria-hidden="true">{icons.html(icon)}</span>'


def title(session: EditorSession, step: Json) -> str:
    """What a step is called: its own name, or what it does."""
    if step.get("name"):
        return str(step["name"])
    if step["type"] != "action":
        return TYPES[step["type"]][1]
    provider = session.provider(step["integrationId"])
    action = provider.actions.get(step["action"]) if provider else None
    return action.title if action else "Choose what to do"


def kind(session: EditorSession, step: Json) -> str:
    """The service, or the type of step."""
    if step["type"] == "action":
        provider = session.provider(step["integrationId"])
        return provider.name if provider else "Action"
    return TYPES[step["type"]][1].rstrip("…")


def summary(session: EditorSession, step: Json) -> str:
    """The line below the title."""
    if step["type"] == "action":
        row = session.row(step["integrationId"])
        return row.name if row else "No connection chosen"
    if step["type"] == "branch":
        count = len(step["branches"])
        return f"{count} condition{'' if count == 1 else 's'}, or otherwise"
    if step["type"] == "for_each":
        items = step.get("items") or "No list yet"
        return items if isinstance(items, str) else f"{len(items)} entries"
    said = {
        "filter": str(step.get("condition", "")) or "No condition yet",
        "delay": duration(int(step.get("seconds", 60))),
        "set": ", ".join(step.get("values", {})) or "No values yet",
    }
    return said.get(step["type"], "Nothing after this is done")


def duration(seconds: int) -> str:
    """ "2 hours"."""
    amount, unit = in_unit(seconds)
    return f"{amount} {unit if amount != 1 else unit[:-1]}"


def in_unit(seconds: int) -> tuple[int, str]:
    """The largest unit in which it is a whole number."""
    unit, factor = next(each for each in UNITS if seconds % each[1] == 0)
    return seconds // factor, unit


def trigger_lines(session: EditorSession) -> tuple[str, str, str]:
    """Picture, title and the line below for the trigger."""
    trigger: dict[str, Any] = session.draft.values["trigger"]
    icon, name, purpose = TRIGGERS[trigger["type"]]
    if trigger["type"] == "integration":
        row, provider = session.row(trigger["integrationId"]), session.provider(trigger["integrationId"])
        if row is None or provider is None:
            return tile(icon), name, "No connection chosen"
        event = next((each.title for each in provider.triggers if each.event == trigger["event"]), "Choose an event")
        return brands.html(provider), event, row.name
    if trigger["type"] == "schedule":
        return tile(icon), name, f"{trigger['cron'] or 'No time yet'} · {trigger.get('timezone', 'UTC')}"
    return tile(icon), name, purpose
