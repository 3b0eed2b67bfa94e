"""How to describe a service.

A provider is one object in one file: how to connect, how to check, what it can do, what it can tell us, and what its
errors mean. The grid, the connect dialog, the REST catalog, the workflow editor and the contract tests all read it, so
that nothing is said twice. Read `discord.py` for a small one.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import timedelta
from typing import Any, Concatenate, Generic, Literal, ParamSpec, Protocol, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from streamline_ui.providers import params
from streamline_ui.providers.configs import Config
from streamline_ui.providers.feeds import Entered, Event, Feed, Page, Push, Trigger, entered
from streamline_ui.providers.limits import UNLIMITED, Limits
from streamline_ui.providers.meanings import Meaning, Problem, read_problem, retry_after
from streamline_ui.providers.oauth import OAuth
from streamline_ui.providers.params import Params

__all__ = [
    "Action",
    "AuthType",
    "C",
    "Category",
    "Check",
    "Checked",
    "Config",
    "Connection",
    "Desk",
    "Entered",
    "Event",
    "Feed",
    "Page",
    "Params",
    "Provider",
    "Push",
    "Result",
    "Trigger",
]

AuthType = Literal["webhook", "api", "webhook_or_polling", "oauth2", "none"]
Category = Literal["Chat", "Email and SMS", "Data", "News and feeds", "Developer", "No account needed"]


class Result(BaseModel):
    """What an action gives to the next step: the fields we promise, and whatever else the service sent."""

    model_config = ConfigDict(extra="allow", alias_generator=to_camel, populate_by_name=True)


C = TypeVar("C", bound=Config)
P = ParamSpec("P")
R = TypeVar("R", bound=Result)


class Desk(Protocol):
    """What the core does for a connection; it is handed in, so that providers need no database."""

    async def write(self, title: str, text: str) -> str:
        """Keep an entry in the Inbox; return its id."""

    async def access_token(self, provider: Provider[Any], config: Config, refused: str | None) -> str:
        """The token that signs requests now; a newer one than that which was refused. Raises SignInNeeded."""


@dataclass(frozen=True, slots=True)
class Connection(Generic[C]):
    """One integration, opened: its settings in clear, and an HTTP client that already authenticates.

    The client is relative to the service's address (or the integration's `baseUrl`), sends credentials nowhere else,
    and raises our own errors: what it returns is a success.
    """

    config: C
    http: httpx.AsyncClient
    desk: Desk


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found out. `account` names who we are there ("@ops_bot"); `message` is the sentence for the user.

    `tested` is false where the service offers nothing harmless to ask: the connection is saved as *not tested*.
    """

    account: str
    message: str
    tested: bool = True


@dataclass(frozen=True, slots=True)
class Action(Generic[C]):
    """Something a workflow step can do. Its parameters are the function's own signature.

    `repeatable` says that doing it twice is harmless. `trial` holds the parameters that "Send a test message" starts
    from, or None where the action is no good for trying a connection. `tells` says that somebody can learn of something
    by it: it sends or writes, and does not merely read.
    """

    name: str
    title: str
    help: str
    params: type[Params]
    repeatable: bool
    trial: Mapping[str, Any] | None
    function: Callable[..., Awaitable[Result]]
    tells: bool = True

    async def run(self, connection: Connection[C], values: Mapping[str, Any]) -> dict[str, Any]:
        """Perform it with JSON values. Raises pydantic.ValidationError for bad ones, StreamlineError for the rest."""
        given = self.params.model_validate(dict(values))
        result = await self.function(connection, **{name: getattr(given, name) for name in type(given).model_fields})
        return result.model_dump(mode="json", by_alias=True, exclude_none=True)


Check = Callable[[Connection[C]], Awaitable[Checked]]


@dataclass(eq=False)
class Provider(Generic[C]):
    """One service: the facts are arguments, the behaviour is the decorated functions below them.

    `name` is what tiles and cards call it, `service` what sentences do where that is shorter ("Telegram");
    `needs` says in two or three words what the user must have ("Bot token"); `purpose` is the dialog's one line; `can`
    says what Streamline can do with it; `brand` is a name in the brand icons, `icon` the Lucide icon without one;
    `docs` is the service's documentation, `console` its page where credentials are made; `base_url` gives the address
    for a configuration; `auth` signs requests; where `oauth` describes a sign-in for a configuration, its tokens do,
    and `sign_in` is at whom ("Google"); `anywhere` lets requests go to other addresses too, without credentials;
    `problem` reads the service's own error form; `wait` the seconds that it asks us to wait, `limits` say how often it
    may be called; `entered` is how it sends the triggers that no feed brings; `check_every` is the pause between two
    checks of a connection that is well, longer where each of them costs something.
    """

    module: str
    _: KW_ONLY
    name: str
    auth_type: AuthType
    category: Category
    config: type[C]
    needs: str
    purpose: str
    docs: str
    console: str = ""
    can: tuple[str, ...] = ()
    brand: str = ""
    icon: str = "plug"
    aliases: tuple[str, ...] = ()
    base_url: Callable[[C], str] = lambda _: ""
    auth: Callable[[C], httpx.Auth | None] = lambda _: None
    oauth: Callable[[C], OAuth | None] = lambda _: None
    sign_in: str = ""
    service: str = ""
    anywhere: bool = False
    problem: Callable[[httpx.Response], Problem] = read_problem
    wait: Callable[[httpx.Response], float | None] = retry_after
    limits: Limits = UNLIMITED
    meanings: tuple[Meaning, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    entered: Entered | None = None
    check_every: timedelta = timedelta(minutes=5)

    actions: dict[str, Action[C]] = field(default_factory=dict, init=False)
    feeds: dict[str, Feed] = field(default_factory=dict, init=False)
    checker: Check[C] | None = field(default=None, init=False)
    push: Push | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.service = self.service or self.name

    @property
    def mentioned(self) -> str:
        """What it is called in the middle of a sentence: "Telegram", "the feed"."""
        return re.sub("^The ", "the ", self.service)

    @property
    def type(self) -> str:
        """The file's name: also the `type` column, the REST value and the address of the guide."""
        return self.module.rpartition(".")[2]

    @property
    def guide(self) -> str:
        """How to connect, in Markdown: the file's own docstring, whose first line is not part of it."""
        return inspect.cleandoc(sys.modules[self.module].__doc__ or "").partition("\n")[2].strip()

    def check(self, function: Check[C]) -> Check[C]:
        """Prove, without any visible effect, that the settings work."""
        self.checker = function
        return function

    def action(
        self, title: str, *, repeatable: bool = False, trial: Mapping[str, Any] | None = None, tells: bool = True
    ) -> Callable[
        [Callable[Concatenate[Connection[C], P], Awaitable[R]]], Callable[Concatenate[Connection[C], P], Awaitable[R]]
    ]:
        """Offer the function as a workflow step. Its docstring is the help text."""

        def register(
            function: Callable[Concatenate[Connection[C], P], Awaitable[R]],
        ) -> Callable[Concatenate[Connection[C], P], Awaitable[R]]:
            name = function.__name__
            help_text = inspect.getdoc(function) or ""
            asked = params.of(function)
            self.actions[name] = Action(name, title, help_text, asked, repeatable, trial, function, tells)
            return function

        return register

    def poll(
        self, *triggers: Trigger, every: timedelta, holds: bool = False, least: timedelta = timedelta(seconds=1)
    ) -> Callable[
        [Callable[Concatenate[Connection[C], str, P], Awaitable[Page]]],
        Callable[Concatenate[Connection[C], str, P], Awaitable[Page]],
    ]:
        """Ask for what is new with this function, see `Feed`. Its triggers are offered to workflows."""

        def register(
            function: Callable[Concatenate[Connection[C], str, P], Awaitable[Page]],
        ) -> Callable[Concatenate[Connection[C], str, P], Awaitable[Page]]:
            asked = params.of(function, given=2)
            offered = tuple(replace(each, params=asked if asked.model_fields else None) for each in triggers)
            name = function.__name__
            self.feeds[name] = Feed(name, offered, every, holds, asked, function, least)
            self.triggers += offered
            return function

        return register

    def feed(self, event: str) -> Feed | None:
        """The feed that brings this event, or None where it only arrives at an address."""
        return next((feed for feed in self.feeds.values() if any(each.event == event for each in feed.triggers)), None)

    def heard(self, event: str) -> Feed | None:
        """The feed that brings this event, also where it only arrives at an address that a person has entered."""
        feed = self.feed(event)
        if feed is not None or self.entered is None or event not in (each.event for each in self.triggers):
            return feed
        return entered(self.triggers)
