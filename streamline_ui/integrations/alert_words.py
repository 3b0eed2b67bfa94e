"""How alerts are told in a message: one in a sentence, many as a list, each with what to do and where."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from streamline_ui import settings
from streamline_ui.storage.alert_tables import Alert, Matter
from streamline_ui.storage.models import now

MOST = 10  # lines in a message
LONGEST = 300  # characters of one cause
TEST = ("Test alert from Streamline", "Alerts arrive here. Nothing is wrong.")
TITLES = {
    Matter.CONNECTION: "“{name}” needs attention",
    Matter.SIGN_IN: "“{name}” waits for you to sign in",
    Matter.KEY: "A key of “{name}” expires",
    Matter.LISTENER: "“{name}” does not listen any more",
    Matter.WORKFLOW: "“{name}” failed",
    Matter.SILENCE: "“{name}” has been silent",
    Matter.CHANNEL: "Alerts could not be sent",
}
ENDS = {
    Matter.CONNECTION: "“{name}” is back",
    Matter.SIGN_IN: "“{name}” is signed in again",
    Matter.KEY: "The key of “{name}” was replaced",
    Matter.LISTENER: "“{name}” listens again",
    Matter.WORKFLOW: "“{name}” works again",
    Matter.SILENCE: "“{name}” gets events again",
    Matter.CHANNEL: "Alerts can be sent again",
}


def title(alert: Alert) -> str:
    """What it is about, in a few words: how it began, or that it is over."""
    words = (ENDS if alert.ended_at else TITLES)[Matter(alert.matter)]
    return words.format(name=alert.name)


def lasted(alert: Alert) -> str:
    """How long it took, "12 min"; of an open one, how long it has taken so far."""
    return duration((alert.ended_at or now()) - alert.began_at)


def cause(alert: Alert) -> str:
    """Why it is so; of one that is over, why it was, and for how long: "For 12 min: Discord refused it."."""
    is_past = alert.ended_at is not None and alert.matter != Matter.KEY
    return f"For {lasted(alert)}: {alert.text}" if is_past else alert.text


def duration(time: timedelta) -> str:
    """A time in words: "45 s", "12 min", "3 h 5 min", "2 days 4 h"."""
    seconds = max(0, int(time.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if minutes < 60:
        return f"{minutes} min"
    if hours < 24:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    named = "1 day" if days == 1 else f"{days} days"
    return f"{named} {hours % 24} h" if hours % 24 else named


def message(found: Sequence[Alert]) -> tuple[str, str]:
    """The title and the text of a message about these. Those that are over come last."""
    ordered = sorted(found, key=lambda alert: (alert.ended_at is not None, alert.began_at))
    if len(ordered) == 1:
        return title(ordered[0]), _detail(ordered[0])
    broken = sum(alert.ended_at is None for alert in ordered)
    back = len(ordered) - broken
    parts = [f"{broken} need attention" if broken > 1 else "1 needs attention"] if broken else []
    parts += [f"{back} {'are' if back > 1 else 'is'} well again"] if back else []
    lines = [f"• {title(alert)}. {_short(alert)}".strip() for alert in ordered[:MOST]]
    if len(ordered) > MOST:
        lines.append(f"And {len(ordered) - MOST} more.")
    return " · ".join(parts).capitalize(), "\n".join([*lines, address("/alerts")]).strip()


def address(path: str) -> str:
    """A page's whole address, where the public one is known; else nothing."""
    base = settings.current().base_url
    return f"{base}{path}" if base else ""


def _detail(alert: Alert) -> str:
    if alert.ended_at:
        return _short(alert)
    lines = [f"{_cut(alert.text)} {alert.hint}".strip(), f"Since {_clock(alert.began_at)}.", address(alert.link)]
    return "\n".join(line for line in lines if line)


def _short(alert: Alert) -> str:
    if alert.ended_at is None:
        return _cut(alert.text)
    return f"It took {lasted(alert)}, from {_clock(alert.began_at)} to {_clock(alert.ended_at)}."


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"


def _clock(moment: datetime) -> str:
    return f"{moment:%-d %b %H:%M} UTC"
