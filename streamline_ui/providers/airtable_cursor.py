"""Where a poll for new records goes on.

Airtable cannot sort by the time of creation, and tells it in whole seconds. So a sweep lists everything since a moment,
page by page in any order; the next sweep starts a little before the newest record of this one, and the records of that
overlap are remembered by their ids. None is lost where several have the same time, or where one shows up late.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from streamline_ui.providers.feeds import Event, Page

OVERLAP = timedelta(seconds=15)
MOST_REMEMBERED = 3000  # should more come within the overlap, the core's own memory of events keeps them apart


@dataclass(frozen=True, slots=True)
class State:
    """`since` and `newest` are Airtable's times; `told` holds the ids told since then, with their times; `offset` is
    the next page of a sweep that is under way."""

    since: str
    newest: str
    told: Mapping[str, str]
    offset: str | None = None

    @property
    def formula(self) -> str:
        """What a record of this sweep fulfils."""
        return f"IS_AFTER(CREATED_TIME(), '{self.since}')"

    def again(self) -> str:
        """The cursor that starts the sweep again, after its listing became stale. What was told stays told."""
        return _text(replace(self, offset=None))


def begin(response: httpx.Response) -> str:
    """The cursor of the first poll: from now on, by the clock of the service."""
    try:
        now = parsedate_to_datetime(response.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        now = datetime.now(UTC)
    moment = _time(now - timedelta(seconds=1))  # what is created within this second is new
    return _text(State(moment, moment, {}))


def read(cursor: str) -> State | None:
    """The state in a cursor; None for the first poll."""
    return State(**json.loads(cursor)) if cursor else None


def page(state: State, rows: Sequence[Mapping[str, Any]], offset: str | None) -> Page:
    """The events of a page, oldest first, and where the next goes on."""
    fresh = sorted(
        (row for row in rows if row["id"] not in state.told), key=lambda row: (row["createdTime"], row["id"])
    )
    told = {**state.told, **{row["id"]: row["createdTime"] for row in fresh}}
    newest = max(state.newest, *(row["createdTime"] for row in rows)) if rows else state.newest
    if offset is not None:
        after = replace(state, newest=newest, told=_bounded(told), offset=offset)
    else:
        since = max(state.since, _time(datetime.fromisoformat(newest) - OVERLAP))
        kept = {number: at for number, at in told.items() if at > since}
        after = State(since, newest, _bounded(kept))
    events = [Event("record_created", row["id"], row, datetime.fromisoformat(row["createdTime"])) for row in fresh]
    return Page(events, _text(after), more=offset is not None)


def _bounded(told: Mapping[str, str]) -> dict[str, str]:
    newest_first = sorted(told.items(), key=lambda each: each[1], reverse=True)
    return dict(newest_first[:MOST_REMEMBERED])


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _text(state: State) -> str:
    return json.dumps(asdict(state), separators=(",", ":"))
