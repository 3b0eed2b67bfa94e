"""What a service can tell, and how it is asked for it.

A feed is one function that asks the service "what is new since this cursor?". Events come to workflows through it, or
as requests at a workflow's own address; the service's own id of an event makes a repeat harmless either way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from streamline_ui.providers.params import Params


@dataclass(frozen=True, slots=True)
class Trigger:
    """A kind of event that can start a workflow, with a sample to build and try the workflow against.

    `params` is the form of what the user says about it ("which table?"), or None where there is nothing to say.
    """

    event: str
    title: str
    sample: Mapping[str, Any]
    params: type[Params] | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at the service. `kind` is a trigger's `event`; `id` is the service's own, and stable."""

    kind: str
    id: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """What one poll found, oldest first, and where the next goes on. `more`: ask again at once."""

    events: Sequence[Event]
    cursor: str
    more: bool = False


@dataclass(frozen=True, slots=True)
class Feed:
    """A way to ask for events. `every` is the usual pause between two polls.

    `holds` says that the service keeps a poll open until there is something to tell (a long poll). The function takes
    the opened connection, the cursor of the last page ("" at the first poll, which then tells what waits already), and
    the parameters by name. The core stores events and cursor together before it asks with that cursor.
    """

    name: str
    triggers: tuple[Trigger, ...]
    every: timedelta
    holds: bool
    params: type[Params]
    function: Callable[..., Awaitable[Page]]

    async def poll(self, connection: Any, cursor: str, values: Mapping[str, Any]) -> Page:
        """Ask once. Raises pydantic.ValidationError for bad parameters, StreamlineError for the rest."""
        params = self.params.model_validate(dict(values))
        named = {name: getattr(params, name) for name in type(params).model_fields}
        return await self.function(connection, cursor, **named)
