"""What a service can tell, and how it is asked for it.

A feed is one function that asks the service "what is new since this cursor?". Events come to workflows through it, or
as requests at a workflow's own address; the service's own id of an event makes a repeat harmless either way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import SecretStr

from streamline_ui.errors import Invalid
from streamline_ui.providers.params import Params
from streamline_ui.providers.signing.deliveries import Reply


@dataclass(frozen=True, slots=True)
class Trigger:
    """A kind of event that can start a workflow, with a sample to build and try the workflow against.

    `params` is the form of what the user says about it ("which table?"), or None where there is nothing to say.
    `others` says which first keys an event may have beside those of the sample: none, some that the service may add one
    day, or any at all, because its users name them.
    """

    event: str
    title: str
    sample: Mapping[str, Any]
    params: type[Params] | None = None
    others: Literal["none", "some", "any"] = "some"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at the service. `kind` is a trigger's `event`; `id` is the service's own, and stable.

    `at` is when it happened, where the service says so: what is newer than a workflow never counts as having waited.
    """

    kind: str
    id: str
    data: Mapping[str, Any]
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """What one poll found, oldest first, and where the next goes on. `more`: ask again at once."""

    events: Sequence[Event]
    cursor: str
    more: bool = False


@dataclass(frozen=True, slots=True)
class Feed:
    """A way to ask for events. `every` is the usual pause between two polls, `least` the shortest that is allowed.

    `holds` says that the service keeps a poll open until there is something to tell (a long poll). The function takes
    the opened connection, the cursor of the last page ("" at the first poll, which then tells at once what waits
    already), and the parameters by name. The core stores events and cursor together before it asks with that cursor.
    """

    name: str
    triggers: tuple[Trigger, ...]
    every: timedelta
    holds: bool
    params: type[Params]
    function: Callable[..., Awaitable[Page]]
    least: timedelta = timedelta(seconds=1)

    async def poll(self, connection: Any, cursor: str, values: Mapping[str, Any]) -> Page:
        """Ask once. Raises pydantic.ValidationError for bad parameters, StreamlineError for the rest."""
        params = self.params.model_validate(dict(values))
        named = {name: getattr(params, name) for name in type(params).model_fields}
        return await self.function(connection, cursor, **named)


@dataclass(frozen=True, slots=True)
class Push:
    """How a service tells the events of a feed by itself, at an address of ours that is only for this integration.

    `begin` gives it the address and a secret that it sends along as the header `secret_header`; `end` has it stop, and
    keep what comes for the next poll; `read` makes events of what it sends (JSON). `refusal` says why it would not take
    an address, or nothing.
    """

    feed: str
    secret_header: str
    begin: Callable[[Any, str, str], Awaitable[None]]
    end: Callable[[Any], Awaitable[None]]
    read: Callable[[Any], Sequence[Event]]
    refusal: Callable[[str], str]


HEARD = Reply(200)


@dataclass(frozen=True, slots=True)
class Entered:
    """How a service tells events at an address of ours that a person enters there.

    `scheme` is the one of `signatures` that it signs with, `field` the field of the configuration that holds the secret
    for that, and `secret` gives it. `how` says where to enter the address, in a sentence. Where it puts several events
    into one request, `event_id` is the field that tells one from another. `reply` is what it wants to hear. What
    `is_own`, because we have done it ourselves, starts nothing: else a workflow could go on answering itself.
    """

    scheme: str
    field: str
    secret: Callable[[Any], SecretStr | None]
    how: str
    event_id: str = ""
    reply: Reply = HEARD
    is_own: Callable[[Mapping[str, Any]], bool] = lambda _: False


async def _never(*_: Any) -> Page:
    raise Invalid("This service cannot be asked for its events: it sends them.")


def entered(triggers: tuple[Trigger, ...]) -> Feed:
    """The feed of those events: nobody asks for them."""
    return Feed("entered", triggers, timedelta(), holds=False, params=Params, function=_never)
