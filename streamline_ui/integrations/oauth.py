"""The access token of the moment: for every request that a signed-in connection sends, and renewed in good time.

A token is renewed at four fifths of its life, by the sweep or by whoever uses it then, and once more where the service
refuses it sooner. There is one renewal of a connection at a time. It is a task of its own: whoever waits for it may
give up, and the answer, which may hold the only refresh token that still works, is stored all the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from datetime import timedelta
from functools import partial
from typing import Any

from streamline_ui.errors import AuthFailed, SignInNeeded, StreamlineError, Unavailable
from streamline_ui.integrations import configuration, health, oauth_grants, oauth_tokens, rows
from streamline_ui.integrations.oauth_grants import Grant
from streamline_ui.providers import formats, named
from streamline_ui.providers.describe import Config, Provider
from streamline_ui.providers.oauth import OAuth
from streamline_ui.storage.models import now
from streamline_ui.vault import redact

AT_ONCE = 20
ROUNDS = 3
LOOK_AGAIN = 0.1  # seconds between two looks whether another process has renewed it
log = logging.getLogger(__name__)

_renewals: dict[str, asyncio.Task[None]] = {}
_hidden: ContextVar[ExitStack | None] = ContextVar("hidden", default=None)


@contextmanager
def hiding(config: Config) -> Iterator[None]:
    """Inside, neither the configuration's secrets nor the tokens that are used appear in a log."""
    with redact.holding(*formats.secrets(config)), ExitStack() as stack:
        before = _hidden.set(stack)
        try:
            yield
        finally:
            _hidden.reset(before)


async def access_token(
    user_id: str, integration_id: str, provider: Provider[Any], config: Config, refused: str | None
) -> str:
    """The token to sign with, newer than the refused one. `integration_id` is "" for what is not saved.

    Raises SignInNeeded, AuthFailed where the client is refused, Unavailable where a needed renewal failed for now.
    """
    token = await _token(user_id, integration_id, provider, config, refused)
    if (stack := _hidden.get()) is not None:
        stack.enter_context(redact.holding(token))
    return token


async def _token(
    user_id: str, integration_id: str, provider: Provider[Any], config: Config, refused: str | None
) -> str:
    described = provider.oauth(config)
    assert described is not None, f"{provider.type} has no sign-in"
    made = oauth_grants.made_for(provider, config, described)
    for _ in range(ROUNDS):
        grant = await oauth_grants.read(integration_id) if integration_id else None
        if grant is None or grant.made_for != made:
            return await _first(user_id, integration_id, provider, described, made)
        if grant.is_ended:
            raise oauth_tokens.ended(described, provider)
        if grant.access != refused and not _is_due(grant):
            return grant.access
        try:
            await _renewed(provider, described, grant)
        except Unavailable as error:
            if grant.access != refused and not _is_over(grant):
                return grant.access  # it lives a little longer
            raise _kept(provider, error) from None
    raise Unavailable(f"{oauth_tokens.opening(provider)} gives no token that lasts.")


def _is_due(grant: Grant) -> bool:
    return _is_over(grant) or (grant.refresh_at is not None and grant.refresh_at <= now())


def _is_over(grant: Grant) -> bool:
    return grant.expires_at is not None and grant.expires_at <= now()


def _kept(provider: Provider[Any], error: Unavailable) -> Unavailable:
    kept = f"The sign-in at {oauth_tokens.service(provider)} is kept: nobody has to sign in again for this."
    return Unavailable(error.message, retry_after=error.retry_after, hints=[*error.hints, kept], code=error.code)


async def _first(user_id: str, integration_id: str, provider: Provider[Any], described: OAuth, made: str) -> str:
    """The first token of a client that acts for itself."""
    if described.authorize_url:
        name = oauth_tokens.service(provider)
        raise SignInNeeded(f"Nobody has signed in at {name} for this connection yet.", hints=["Sign in to finish."])
    tokens = await _own(provider, described)
    if integration_id:
        await asyncio.to_thread(oauth_grants.put, user_id, integration_id, made, tokens, renews=True)
    return tokens.access


async def _own(provider: Provider[Any], described: OAuth) -> oauth_tokens.Tokens:
    scope = described.separator.join(described.scopes)
    return await oauth_tokens.ask(described, provider, "client_credentials", scope=scope)


async def _renewed(provider: Provider[Any], described: OAuth, grant: Grant) -> None:
    """Wait for the renewal that is under way, or begin one. Raises what it ended with, unless the token still lives."""
    task = _renewals.get(grant.integration_id)
    if task is None or task.done():
        task = asyncio.create_task(_renew(provider, described, grant), name="renew a token")
        _renewals[grant.integration_id] = task
        task.add_done_callback(partial(_forget, grant.integration_id))
    await asyncio.shield(task)


def _forget(integration_id: str, task: asyncio.Task[None]) -> None:
    if _renewals.get(integration_id) is task:
        del _renewals[integration_id]
    if not task.cancelled():
        task.exception()  # whoever waited has it; nobody may have


async def settle() -> None:
    """Wait for the renewals that are under way. To be called before the way out is closed."""
    await asyncio.gather(*_renewals.values(), return_exceptions=True)


async def _renew(provider: Provider[Any], described: OAuth, grant: Grant) -> None:
    if grant.failures and grant.refresh_at is not None and grant.refresh_at > now():
        pause = (grant.refresh_at - now()).total_seconds()
        name = oauth_tokens.opening(provider)
        raise Unavailable(f"{name} could not be asked for a new token just now.", retry_after=pause)
    if not grant.refresh and described.authorize_url:
        raise oauth_tokens.ended(described, provider)
    while not await asyncio.to_thread(oauth_grants.claim, grant):
        await asyncio.sleep(LOOK_AGAIN)
        current = await oauth_grants.read(grant.integration_id)
        if current is None or current.generation != grant.generation or current.is_ended:
            return  # another process has done it
    try:
        if described.authorize_url:
            tokens = await oauth_tokens.ask(described, provider, "refresh_token", refresh_token=grant.refresh)
        else:
            tokens = await _own(provider, described)
    except Unavailable as error:
        pause = max(health.backoff(grant.failures + 1, 0.5).total_seconds(), min(error.retry_after or 0.0, 3600.0))
        await asyncio.to_thread(oauth_grants.put_off, grant, now() + timedelta(seconds=pause))
        raise
    except StreamlineError as error:
        await asyncio.to_thread(oauth_grants.put_off, grant, None, is_over=isinstance(error, SignInNeeded))
        raise
    else:
        await asyncio.to_thread(oauth_grants.store, grant, tokens, renews=not described.authorize_url)


async def sweep() -> None:
    """Renew every token whose time has come, before somebody has to wait for it."""
    due = await asyncio.to_thread(oauth_grants.due, AT_ONCE)
    await asyncio.gather(*(_renew_due(user_id, integration_id) for user_id, integration_id in due))


async def _renew_due(user_id: str, integration_id: str) -> None:
    try:
        row = await rows.brief(user_id, integration_id)
        config = configuration.load(row)
        provider = named(row.type)
        if provider.oauth(config) is None:
            return
        with hiding(config):
            await access_token(user_id, integration_id, provider, config, None)
    except AuthFailed as error:
        await asyncio.to_thread(rows.record, user_id, integration_id, health.failed(error))
    except StreamlineError as error:
        log.info("a token could not be renewed: %s", error.code)
