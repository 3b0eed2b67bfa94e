"""When schedules fire."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as some

from streamline_ui.errors import Invalid
from streamline_ui.workflows import cron


def local(expression: str, timezone: str, after: str, count: int) -> list[str]:
    moment, found = datetime.fromisoformat(after), []
    for _ in range(count):
        next_one = cron.next_fire(expression, timezone, moment)
        if next_one is None:
            break
        assert next_one > moment
        assert next_one.tzinfo is UTC
        moment = next_one
        found.append(moment.astimezone(cron.zone(timezone)).strftime("%a %m-%d %H:%M:%S %z"))
    return found


FIRES = [
    ("0 9 * * 1-5", "UTC", "2024-09-06T10:00Z", ["Mon 09-09 09:00:00 +0000", "Tue 09-10 09:00:00 +0000"]),
    ("0 9 * * 0", "UTC", "2024-09-04T10:00Z", ["Sun 09-08 09:00:00 +0000"]),
    ("0 9 * * 7", "UTC", "2024-09-04T10:00Z", ["Sun 09-08 09:00:00 +0000"]),
    ("0 9 * * MON", "UTC", "2024-09-04T10:00Z", ["Mon 09-09 09:00:00 +0000"]),
    ("0 9 ? * 5-7", "UTC", "2024-09-05T10:00Z", ["Fri 09-06 09:00:00 +0000", "Sat 09-07 09:00:00 +0000"]),
    ("0 9 * * fri-mon", "UTC", "2024-09-08T10:00Z", ["Mon 09-09 09:00:00 +0000", "Fri 09-13 09:00:00 +0000"]),
    ("0 0 * * */3", "UTC", "2024-09-08T00:00Z", ["Wed 09-11 00:00:00 +0000", "Sat 09-14 00:00:00 +0000"]),
    # the 13th, or a Friday
    ("0 0 13 * 5", "UTC", "2024-09-07T00:00Z", ["Fri 09-13 00:00:00 +0000", "Fri 09-20 00:00:00 +0000"]),
    ("0 0 13 * 5", "UTC", "2024-11-09T00:00Z", ["Wed 11-13 00:00:00 +0000", "Fri 11-15 00:00:00 +0000"]),
    ("*/20 * * * * *", "UTC", "2024-09-04T10:00:05Z", ["Wed 09-04 10:00:20 +0000", "Wed 09-04 10:00:40 +0000"]),
    ("5/20 * * * *", "UTC", "2024-09-04T10:06Z", ["Wed 09-04 10:25:00 +0000", "Wed 09-04 10:45:00 +0000"]),
    ("@daily", "Asia/Tokyo", "2024-09-04T14:59:59Z", ["Thu 09-05 00:00:00 +0900"]),
    ("@hourly", "UTC", "2024-09-04T14:00:00Z", ["Wed 09-04 15:00:00 +0000"]),
    ("0 0 29 2 *", "UTC", "2096-03-01T00:00Z", ["Fri 02-29 00:00:00 +0000"]),
    ("0 0 1 jan *", "America/New_York", "2024-09-01T00:00Z", ["Wed 01-01 00:00:00 -0500"]),
    # half past two does not exist on 31 March, and twice on 27 October
    ("30 2 * * *", "Europe/Zurich", "2024-03-30T02:00Z", ["Sun 03-31 03:30:00 +0200", "Mon 04-01 02:30:00 +0200"]),
    ("30 2 * * *", "Europe/Zurich", "2024-10-26T02:00Z", ["Sun 10-27 02:30:00 +0200", "Mon 10-28 02:30:00 +0100"]),
    (
        "*/30 * * * *",
        "Europe/Zurich",
        "2024-03-31T00:00Z",
        ["Sun 03-31 01:30:00 +0100", "Sun 03-31 03:00:00 +0200", "Sun 03-31 03:30:00 +0200"],
    ),
    (
        "*/30 * * * *",
        "Europe/Zurich",
        "2024-10-27T00:00Z",
        ["Sun 10-27 02:30:00 +0200", "Sun 10-27 02:00:00 +0100", "Sun 10-27 02:30:00 +0100"],
    ),
    ("0 * 1 6 *", "Europe/Zurich", "2024-09-01T00:00Z", ["Sun 06-01 00:00:00 +0200", "Sun 06-01 01:00:00 +0200"]),
    ("0 * 1 1 *", "Europe/Zurich", "2024-09-01T00:00Z", ["Wed 01-01 00:00:00 +0100"]),
    ("45 2 * * *", "Australia/Lord_Howe", "2024-10-05T00:00Z", ["Sun 10-06 02:45:00 +1100"]),
    ("@daily", "Pacific/Apia", "2011-12-29T12:00Z", ["Sat 12-31 00:00:00 +1400", "Sun 01-01 00:00:00 +1400"]),
    ("0 0 30 2 *", "UTC", "2024-01-01T00:00Z", []),
    ("0 0 31 4,6,9,11 *", "Europe/Zurich", "2024-01-01T00:00Z", []),
    ("* * 31 2 *", "UTC", "2024-01-01T00:00Z", []),
]


@pytest.mark.parametrize(("expression", "timezone", "after", "expected"), FIRES)
def test_next_fire(expression: str, timezone: str, after: str, expected: list[str]) -> None:
    assert local(expression, timezone, after, len(expected) or 1) == expected


@pytest.mark.parametrize(
    "expression",
    [
        *("", "* * *", "* * * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *"),
        *("* * * * 8", "* * * * mon-", "* * * * xyz", "*/0 * * * *", "* * * * */", "5-1 * * * *", "a b c d e"),
        *(
            "* * * * *; rm",
            "@never",
            "٣ * * * *",
            "99999999999999999999 * * * *",
            "1-99999999999 * * * *",
            "\0 * * * *",
        ),
    ],
)
def test_what_is_no_schedule_is_refused(expression: str) -> None:
    with pytest.raises(Invalid):
        cron.parse(expression)


@pytest.mark.parametrize("name", ["", "Nope/X", "../etc/passwd", "/etc/passwd", "Europe", "a\0b", "é", "UTC\n"])
def test_what_is_no_time_zone_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="no time zone"):
        cron.zone(name)


def test_what_never_comes_is_found_out_quickly() -> None:
    started = time.thread_time()
    assert cron.next_fire("0 * 30 2 *", "Europe/Zurich", datetime.now(UTC)) is None
    assert time.thread_time() - started < 0.1


@given(
    some.sampled_from(["*/15 * * * *", "0 */6 * * *", "30 2 * * *", "15,45 1-3 * * *", "0 0 * * 0", "7 * * * * *"]),
    some.sampled_from(["Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]),
    some.datetimes(datetime(2000, 1, 1), datetime(2035, 1, 1)),  # noqa: DTZ001 - made UTC below
)
@effort(max_examples=300, deadline=None)
def test_it_always_goes_forward_and_skips_nothing(expression: str, timezone: str, start: datetime) -> None:
    """What is next after a moment shortly before the next is still the same."""
    after = start.replace(tzinfo=UTC)
    first = cron.next_fire(expression, timezone, after)
    assert first is not None
    assert after < first <= after + timedelta(days=8)
    assert cron.next_fire(expression, timezone, first - timedelta(seconds=1)) == first
    second = cron.next_fire(expression, timezone, first)
    assert second is not None
    assert second > first
