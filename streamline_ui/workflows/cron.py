"""When a schedule fires: cron expressions with 5 fields, or 6 with seconds in front, in a time zone.

The fields are the ones crontab has: 0 and 7 are Sunday, names are understood, and where both the day of the month and
the day of the week are restricted, either is enough. APScheduler, which does the calendar, differs in all three.

When clocks go forward, what falls into the hour that is left out runs right after it, once. When they go back, a fixed
time runs the first time only, and a schedule for every hour runs through both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from streamline_ui.errors import Invalid

YEARS = 9  # 29 February can be eight years away
MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DAY = re.compile(r"(\*|\w{1,3})(?:-(\w{1,3}))?(?:/(\d{1,2}))?", re.ASCII)
_FIELD = re.compile(r"[\w*,/-]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A cron expression taken apart. `either` says that day and weekday are each enough."""

    second: str
    minute: str
    hour: str
    day: str
    month: str
    weekday: str

    @property
    def either(self) -> bool:
        """Whether both the day of the month and that of the week are restricted."""
        return not self.day.startswith("*") and self.weekday != "*"

    @property
    def every_hour(self) -> bool:
        """Whether it runs through the day, rather than at times of the day."""
        return self.hour.startswith("*")


@lru_cache(maxsize=512)
def parse(expression: str) -> Schedule:
    """Take a cron expression apart. Raises Invalid with a sentence."""
    text = MACROS.get(expression.strip().lower(), expression)
    fields = text.lower().split()
    if len(fields) not in (5, 6):
        raise Invalid("A schedule has 5 fields (minute, hour, day, month, weekday), or 6 with seconds in front.")
    if not all(map(_FIELD.fullmatch, (field.replace("?", "*") for field in fields))):
        raise Invalid("A schedule consists of numbers, names such as mon, and the signs * , - and /.")
    second, minute, hour, day, month, weekday = (field.replace("?", "*") for field in ["0", *fields][-6:])
    schedule = Schedule(second, minute, hour, day, month, _weekdays(weekday))
    try:
        list(_triggers(schedule, 2024))
    except ValueError:
        raise Invalid("This schedule cannot be read. For example, 0 9 * * 1-5 means 9:00 on weekdays.") from None
    return schedule


def zone(name: str) -> ZoneInfo:
    """The time zone. Raises Invalid for an unknown one."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):  # also for paths and folders
        raise Invalid(
            f"There is no time zone {' '.join(name[:60].split())}. Use one such as Europe/Zurich or UTC."
        ) from None


def next_fire(expression: str, timezone: str, after: datetime) -> datetime | None:
    """The first time after `after`, in UTC, or None where there is none in the next nine years. Raises Invalid."""
    schedule, place = parse(expression), zone(timezone)
    moment = after.astimezone(UTC)
    if schedule.every_hour:
        return _next_through_the_day(schedule, place, moment)
    return _next_time_of_day(schedule, place, moment)


def _next_through_the_day(schedule: Schedule, place: ZoneInfo, after: datetime) -> datetime | None:
    """By the clock that shows now; if it is changed before, then by the new one from that moment on."""
    offset, since = _offset(place, after), after
    wall = _naive(after) + offset
    while (found := _next(schedule, wall)) is not None:
        moment = (found - offset).replace(tzinfo=UTC)
        changed = _change(place, since, moment)
        if changed is None:
            return moment
        offset, since = _offset(place, changed), changed
        wall = _naive(changed) + offset - timedelta(microseconds=1)
    return None


def _next_time_of_day(schedule: Schedule, place: ZoneInfo, after: datetime) -> datetime | None:
    """By the wall: a time that is left out is shifted by what is left out, of two the first counts."""
    day = timedelta(hours=26)
    settled = _offset(place, after - day) == _offset(place, after)
    wall = _naive(after) + _offset(place, after) - (timedelta(0) if settled else day)
    while (found := _next(schedule, wall)) is not None:
        moment = found.replace(tzinfo=place, fold=0).astimezone(UTC)
        if moment > after:
            return moment
        wall = found
    return None


def _next(schedule: Schedule, wall: datetime) -> datetime | None:
    """The first time on the wall after `wall`; both are naive."""
    start = wall.replace(tzinfo=UTC) + timedelta(microseconds=1)
    found = (each.get_next_fire_time(None, start) for each in _cached_triggers(schedule, start.year))
    return min((each.replace(tzinfo=None) for each in found if each is not None), default=None)


@lru_cache(maxsize=512)
def _cached_triggers(schedule: Schedule, year: int) -> tuple[CronTrigger, ...]:
    return tuple(_triggers(schedule, year))


def _triggers(schedule: Schedule, year: int) -> Iterator[CronTrigger]:
    """Without the years, APScheduler would look for 30 February until the year 9999."""
    both = [(schedule.day, "*"), ("*", schedule.weekday)] if schedule.either else [(schedule.day, schedule.weekday)]
    for day, weekday in both:
        yield CronTrigger(
            year=f"{year}-{min(year + YEARS, 9999)}",
            month=schedule.month,
            day=day,
            week="*",
            day_of_week=weekday,
            hour=schedule.hour,
            minute=schedule.minute,
            second=schedule.second,
            timezone=UTC,
        )


def _weekdays(field: str) -> str:
    """Crontab's weekdays as names, which APScheduler counts from Monday."""
    if field == "*":
        return field
    found: set[int] = set()
    for part in field.split(","):
        match = _DAY.fullmatch(part)
        if match is None:
            raise Invalid("A weekday is a number from 0 (Sunday) to 7 (Sunday), or a name such as mon.")
        first, last, step = match.groups()
        start = 0 if first == "*" else _weekday(first)
        end = 6 if first == "*" else _weekday(last) if last else 6 if step else start
        end += 7 if end < start else 0
        found |= {day % 7 for day in range(start, end + 1, max(int(step or 1), 1))}
    return ",".join(WEEKDAYS[day] for day in sorted(found)) if len(found) < 7 else "*"


def _weekday(name: str) -> int:
    if name[:3] in WEEKDAYS:
        return WEEKDAYS.index(name[:3])
    if name.isdecimal() and int(name) <= 7:
        return int(name)
    raise Invalid("A weekday is a number from 0 (Sunday) to 7 (Sunday), or a name such as mon.")


def _offset(place: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(place).utcoffset() or timedelta(0)


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def _change(place: ZoneInfo, after: datetime, until: datetime) -> datetime | None:
    """When clocks are first changed in between. Days are looked at one by one, the right one is halved."""
    low = after
    while low < until:
        high = min(low + timedelta(days=1), until)
        if _offset(place, low) != _offset(place, high):
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) / 2
                low, high = (middle, high) if _offset(place, middle) == _offset(place, low) else (low, middle)
            return high.replace(microsecond=0)
        low = high
    return None
