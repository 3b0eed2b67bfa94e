"""Using a connection: try it out, test it, perform an action. Here a configuration is opened, and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import OperationalError

from streamline_ui.errors import AuthFailed, Invalid, Locked, NotFound, StreamlineError, Unavailable
from streamline_ui.integrations import choosing, configuration, health, inbox, keys, oauth, rows, usage
from streamline_ui.integrations.rows import Brief
from streamline_ui.integrations.wire import Wire
from streamline_ui.net import pace
from streamline_ui.providers import formats, named
from streamline_ui.providers.describe import Action, Config, Connection, Provider
from streamline_ui.providers.opening import opened
from streamline_ui.storage import trouble
from streamline_ui.vault import redact


class Paused(Invalid):
    """Its owner has paused the connection. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class _Desk:
    """What we do for one connection, as its provider sees it: its user's Inbox, and the tokens of its sign-in."""

    user_id: str
    integration_id: str
    occasion: str | None = None
    wire: Wire | None = None

    async def write(self, title: str, text: str) -> str:
        if self.wire is not None:
            await self.wire.depart()
        try:
            return await asyncio.to_thread(inbox.write, self.user_id, self.integration_id, title, text, self.occasion)
        except OperationalError as error:
            if (refused := trouble.note(error)) is None:
                raise
            raise Unavailable(refused.message, retry_after=refused.retry_after, hints=refused.hints) from None

    async def access_token(self, provider: Provider[Any], config: Config, refused: str | None) -> str:
        return await oauth.access_token(self.user_id, self.integration_id, provider, config, refused)


async def try_out(
    user_id: str, type_name: str, config: Mapping[str, Any], integration_id: str | None = None
) -> health.Outcome:
    """Check a configuration that is not saved; with `integration_id`, what is left out comes from that integration.

    Raises Invalid where a field is wrong. A service's refusal is an outcome, not an error.
    """
    if integration_id is not None:
        row = await asyncio.to_thread(rows.one, user_id, integration_id)
        apart = await asyncio.to_thread(keys.opened, user_id, integration_id)
        config = configuration.with_keys(configuration.over(row, config, apart), apart)
    parsed = configuration.parse(type_name, configuration.merge(config, {}))
    return await _look(named(type_name), parsed, _Desk(user_id, integration_id or ""))


async def test(user_id: str, integration_id: str) -> health.Outcome:
    """Check a saved integration and keep what was found. Raises NotFound."""
    row = await asyncio.to_thread(rows.one, user_id, integration_id)
    try:
        config = configuration.load(row, await asyncio.to_thread(keys.opened, user_id, integration_id))
    except Locked as error:
        return health.failed(error)  # says nothing about the service, so nothing is kept
    with rows.testing(user_id, integration_id):
        outcome = await _look(named(row.type), config, _Desk(user_id, integration_id))
        if not row.failures:  # after a failure, we may have waited ourselves, as the service asked us to
            outcome = health.slow(outcome)
        usage.doubt(integration_id)
        await asyncio.to_thread(rows.record, user_id, integration_id, outcome)
    return outcome


Fit = Callable[[type[BaseModel], Mapping[str, Any]], Mapping[str, Any]]


async def perform(
    user_id: str,
    integration_id: str,
    action_name: str,
    params: Mapping[str, Any],
    *,
    wire: Wire | None = None,
    fit: Fit | None = None,
    occasion: str | None = None,
) -> dict[str, Any]:
    """Do one thing at the service and return its output as JSON values.

    `wire` notes what is sent for it, and is told before anything is; `fit` makes loosely written parameters what the
    action's model wants. What is written down here, in the Inbox, for the same `occasion` as before is not written a
    second time.

    Raises NotFound, Paused, Invalid for bad parameters, Locked, and what the service answered (Rejected, Unavailable).
    """
    row = await rows.brief(user_id, integration_id)
    provider = named(row.type)
    action = provider.actions.get(action_name)
    if action is None:
        raise NotFound(f"{provider.name} has no action “{action_name[:60]}”.")
    if not row.is_active:
        raise Paused(f"“{row.name}” is paused.", hints=["Resume it first."])
    params = params if fit is None else fit(action.params, params)
    config = await _config(row)
    with oauth.hiding(config):
        try:
            return await _run(row, action, (config, _Desk(user_id, integration_id, occasion, wire)), params, wire)
        except StreamlineError as error:
            _scrub(error)
            raise


async def choices(
    user_id: str,
    integration_id: str,
    action_or_event: str,
    field: str,
    values: Mapping[str, Any],
    *,
    q: str | None = None,
) -> choosing.Offered:
    """What may be chosen for a parameter of an action or an event, kept for a minute.

    `values` holds what is filled in so far, as some choices depend on others; `q` has words to search for.

    Raises NotFound, Invalid where another parameter has to be filled in first, Locked, and what the service answered.
    """
    asked = await choosing.question(user_id, integration_id, action_or_event, field, values)
    pairs = choosing.kept(asked.key)
    if pairs is None:
        config = await _config(asked.row)
        with oauth.hiding(config):
            try:
                async with opened(named(asked.row.type), config, _Desk(user_id, integration_id)) as connection:
                    pairs = await asked.choices.load(connection, **asked.values)
            except StreamlineError as error:
                _scrub(error)
                raise
        choosing.keep(asked.key, pairs)
    return choosing.matching(pairs, q)


@asynccontextmanager
async def connected(row: Brief) -> AsyncIterator[Connection[Any]]:
    """A connection, opened, to be asked for news. Raises Locked; what goes wrong inside comes out without secrets."""
    config = await _config(row)
    try:
        async with opened(named(row.type), config, _Desk(row.user_id, row.id)) as connection:
            yield connection
    except StreamlineError as error:
        with redact.holding(*formats.secrets(config)):  # not before: a thousand polls may be held for long
            _scrub(error)
        raise


async def _config(row: Brief) -> Config:
    """A connection's configuration, opened, with its separate keys in it. Raises Locked."""
    apart = await asyncio.to_thread(keys.opened, row.user_id, row.id) if row.has_keys else {}
    return configuration.load(row, apart)


async def _run(
    row: Brief, action: Action[Any], opening: tuple[Config, _Desk], params: Mapping[str, Any], wire: Wire | None
) -> dict[str, Any]:
    outcome: health.Outcome | None = None
    started = perf_counter()
    try:
        async with opened(named(row.type), *opening) as connection:
            if wire is not None:
                wire.listen(connection.http)
            output = await action.run(connection, params)
    except ValidationError as error:
        fields = formats.sentences(error, action.params)
        raise Invalid(next(iter(fields.values()), "The parameters cannot be used."), fields) from None
    except (AuthFailed, Unavailable) as error:  # these say something about the connection; a refused message does not
        # nor what another address says, which whoever sent it may have mistyped, nor our own crowd before the door
        if named(row.type).anywhere or error.code == pace.CODE:
            await usage.note(row.user_id, row.id)
            raise
        outcome = _scrubbed(health.failed(error, _since(started)))
        usage.doubt(row.id)
        await asyncio.to_thread(rows.record_use, row.user_id, row.id, outcome)
        raise
    except StreamlineError:
        await usage.note(row.user_id, row.id)
        raise
    if named(row.type).anywhere:  # what another address answers proves nothing about this one
        await usage.note(row.user_id, row.id)
    else:
        await usage.worked(row.user_id, row.id, _since(started))
    scrubbed: dict[str, Any] = redact.scrub_json(output)
    return scrubbed


async def _look(provider: Provider[Any], config: Config, desk: _Desk) -> health.Outcome:
    assert provider.checker is not None, f"{provider.type} has no check"
    with oauth.hiding(config):
        started, doubts = perf_counter(), formats.cut_off(config)
        try:
            async with opened(provider, config, desk) as connection:
                checked = await provider.checker(connection)
        except StreamlineError as error:
            outcome = health.failed(error, _since(started))
            return _scrubbed(replace(outcome, hints=(*outcome.hints, *doubts)))
        message = " ".join((checked.message, *doubts))
        outcome = health.succeeded(checked.account, message, _since(started), tested=checked.tested)
        return _scrubbed(replace(outcome, hints=tuple(doubts)))


def _since(started: float) -> int:
    return round((perf_counter() - started) * 1000)


def _scrubbed(outcome: health.Outcome) -> health.Outcome:
    """What the service said may repeat what we sent it."""
    return replace(
        outcome,
        account=redact.scrub(outcome.account),
        message=redact.scrub(outcome.message),
        hints=tuple(redact.scrub(hint) for hint in outcome.hints),
    )


def _scrub(error: StreamlineError) -> None:
    """The same for an error on its way to whoever asked."""
    error.message = redact.scrub(error.message)
    error.args = (error.message,)
    error.hints = tuple(redact.scrub(hint) for hint in error.hints)
