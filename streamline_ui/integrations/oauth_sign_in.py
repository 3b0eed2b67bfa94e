"""Sends somebody to a service to sign in, and takes them in when they come back: authorization code with PKCE.

What belongs to one sign-in waits in a row under the hash of its state: it is good once, for ten minutes, for the user
who began it. One that a browser began ends in that session; one that a program began ends where its user is known, or
at the address that it was asked for from.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlmodel import col, delete, update

from streamline_ui import live, settings
from streamline_ui.access import secret
from streamline_ui.errors import AuthFailed, Invalid, Rejected, SignInNeeded, StreamlineError
from streamline_ui.integrations import (
    calls,
    configuration,
    health,
    oauth_drafts,
    oauth_grants,
    oauth_revoking,
    oauth_tokens,
    rows,
)
from streamline_ui.integrations.oauth_revoking import Permission
from streamline_ui.providers import named
from streamline_ui.providers.describe import Provider
from streamline_ui.providers.oauth import OAuth
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, now
from streamline_ui.storage.oauth_tables import OAuthSignIn
from streamline_ui.vault import keyring, redact
from streamline_ui.vault.crypto import Place

LIFE = timedelta(minutes=10)
KEEP = timedelta(hours=1)  # so that a page opened again can say that the sign-in is over
CALLBACK = "/oauth/callback"
LONGEST_CODE = 4096
VERIFIER = 64  # characters
CANCELLED = "Sign-in was cancelled. Nothing was changed."
STRANGE = "This sign-in took too long or was started in another browser."
USED = "This sign-in is over already."
START_AGAIN = "Start it again from the connection."
UNKNOWN = "Sign in to Streamline in this browser first, then try again."


@dataclass(frozen=True, slots=True)
class Result:
    """How a sign-in ended, in words for the page that the service returns to, and for the dialog that waits."""

    ok: bool
    message: str
    hints: tuple[str, ...] = ()
    integration_id: str = ""
    account: str = ""


def return_address(origin: str) -> str:
    """Where services send people back to: below the public address, or `origin`, where the page was opened."""
    return (settings.current().base_url or origin).rstrip("/") + CALLBACK


def begin(
    user_id: str, integration_id: str, origin: str, session_id: str = "", *, address: str = ""
) -> tuple[str, str]:
    """The address to send the user to, and the key of this sign-in. Raises NotFound, Invalid and Locked.

    `session_id` is the browser's that asks, or `address` is where the program is that does.
    """
    from authlib.common.security import generate_token  # noqa: PLC0415 - seldom needed
    from authlib.oauth2.rfc6749.parameters import prepare_grant_uri  # noqa: PLC0415
    from authlib.oauth2.rfc7636 import create_s256_code_challenge  # noqa: PLC0415

    row = rows.one(user_id, integration_id)
    _, described, made = _described(row)
    if described is None or not described.authorize_url:
        raise Invalid("Nobody has to sign in for this connection.")
    state, verifier = secret.make(), generate_token(VERIFIER)
    way_back = return_address(origin)
    key = secret.hash_of(state)
    attempt = OAuthSignIn(
        state_hash=key,
        integration_id=row.id,
        user_id=user_id,
        session_id=session_id,
        address=address,
        verifier_enc=keyring.seal(verifier, _place(key, user_id)),
        made_for=made,
        return_address=way_back,
        expires_at=now() + LIFE,
    )
    with db.writing() as session:
        session.add(attempt)
        oauth_drafts.wait(session, row.id, attempt.expires_at)
    url: str = prepare_grant_uri(
        described.authorize_url,
        client_id=described.client_id,
        response_type="code",
        redirect_uri=way_back,
        scope=described.separator.join(described.scopes) or None,
        state=state,
        code_challenge=create_s256_code_challenge(verifier),
        code_challenge_method="S256",
        **described.extra,
    )
    return url, key


def outcome(user_id: str, key: str) -> Result | None:
    """How a sign-in of this user ended, or None while it is under way."""
    with db.reading() as session:
        row = session.get(OAuthSignIn, key)
    if row is None or row.user_id != user_id or not row.outcome:
        return None
    found = json.loads(row.outcome)
    return Result(**{**found, "hints": tuple(found["hints"])})


def prune() -> None:
    """Throw away sign-ins that nobody asks about any more."""
    with db.writing() as session:
        session.exec(delete(OAuthSignIn).where(col(OAuthSignIn.expires_at) < now() - KEEP))


async def finish(
    query: Sequence[tuple[str, str]], *, session_id: str | None = None, user_id: str | None = None, address: str = ""
) -> Result:
    """Take in whoever comes back with this query, from this address.

    `session_id` and `user_id` are theirs in the browser, if known.

    Never raises for what came: whatever it is, it is told in the result.
    """
    given = {name: [value for each, value in query if each == name] for name, _ in query}
    attempt = await asyncio.to_thread(_take, given.get("state", []), session_id, user_id, address)
    if isinstance(attempt, Result):
        return attempt
    try:
        result = await _finish(attempt, given)
    except StreamlineError as error:
        result = Result(False, redact.scrub(error.message), tuple(map(redact.scrub, error.hints)))
    result = replace(result, integration_id=attempt.integration_id)
    await asyncio.to_thread(_close, attempt, result)
    return result


def _take(states: list[str], session_id: str | None, user_id: str | None, address: str) -> OAuthSignIn | Result:
    """The sign-in that this state belongs to, which is used up by it; or why there is none."""
    if len(states) != 1 or not states[0]:
        return Result(False, STRANGE, (START_AGAIN,))
    with db.writing() as session:
        row = session.get(OAuthSignIn, secret.hash_of(states[0]))
        if row is None or not _may_finish(row, session_id, user_id):
            return Result(False, STRANGE, (START_AGAIN,))
        if row.used_at is not None:
            return Result(False, USED, (START_AGAIN,))
        if user_id is None and row.address != address:
            return Result(False, UNKNOWN)  # it stays good
        is_free = col(OAuthSignIn.state_hash) == row.state_hash, col(OAuthSignIn.used_at).is_(None)
        taken = session.exec(update(OAuthSignIn).where(*is_free).values(used_at=now())).rowcount
    if taken == 1 and row.expires_at > now():
        return row
    return Result(False, STRANGE if taken == 1 else USED, (START_AGAIN,))


def _may_finish(row: OAuthSignIn, session_id: str | None, user_id: str | None) -> bool:
    """Whether this browser may finish it.

    One that a browser began ends there. One that a program began may be anywhere, for links can be sent on: it ends
    where its user is known, and a plain program that keeps no token on its way ends it from the address of before. No
    other user can be made to finish it, and nobody whom we do not know from elsewhere.
    """
    if row.session_id:
        return row.session_id == session_id
    return user_id is None or row.user_id == user_id


async def _finish(attempt: OAuthSignIn, given: Mapping[str, list[str]]) -> Result:
    row = await asyncio.to_thread(rows.one, attempt.user_id, attempt.integration_id)
    provider, described, made = _described(row)
    name = oauth_tokens.opening(provider)
    if described is None or made != attempt.made_for:
        raise Invalid("The connection was changed during the sign-in.", hints=["Sign in again."])
    _check_issuer(described, given.get("iss", []))
    if errors := given.get("error"):
        return _refused(name, errors[0])
    code = given.get("code", [])
    if len(code) != 1 or not 0 < len(code[0]) <= LONGEST_CODE:
        raise Rejected(f"{name} sent nobody back: the code is missing.", hints=["Sign in again."])
    verifier = keyring.unseal(attempt.verifier_enc, _place(attempt.state_hash, attempt.user_id))
    try:
        tokens = await oauth_tokens.ask(
            described,
            provider,
            "authorization_code",
            code=code[0],
            redirect_uri=attempt.return_address,
            code_verifier=verifier,
        )
    except AuthFailed as error:  # the client is refused: nothing can work before that is mended
        await asyncio.to_thread(rows.record, row.user_id, row.id, health.failed(error))
        raise
    held = await asyncio.to_thread(_held, row)
    await asyncio.to_thread(oauth_grants.put, row.user_id, row.id, made, tokens, renews=False)
    return await _settle(row, provider, described, tokens, held)


def _held(row: Integration) -> list[Permission]:
    with db.reading() as session:
        return oauth_revoking.held_by(session, [row])


async def _settle(
    row: Integration,
    provider: Provider[Any],
    described: OAuth,
    tokens: oauth_tokens.Tokens,
    held: Sequence[Permission],
) -> Result:
    """Look whether it works with the new tokens, and say whose they are. Another account's are given back."""
    account = described.account(tokens.answer)
    missing = [title for scope, title in described.needed.items() if tokens.scopes and scope not in tokens.scopes]
    if missing:
        error = SignInNeeded(
            f"{oauth_tokens.opening(provider)} was not allowed everything: {', '.join(missing)} is missing.",
            hints=["Sign in again, and leave every box ticked."],
        )
        await asyncio.to_thread(rows.record, row.user_id, row.id, replace(health.failed(error), account=account))
        raise error
    await asyncio.to_thread(_name, row, account)
    found = await calls.test(row.user_id, row.id)
    is_another = bool(row.account) and (account or found.account) not in ("", row.account)
    if is_another:
        oauth_revoking.later(held)
    if not found.ok:
        return Result(False, found.message, found.hints, account=account)
    account = account or found.account
    whose = f"Signed in as {account}." if account else f"Signed in at {oauth_tokens.service(provider)}."
    if is_another:
        whose = f"{whose} Before, it was {row.account}."
    return Result(True, whose, account=account)


def _name(row: Integration, account: str) -> None:
    """Say whose it is there from now on; "" where the service does not tell."""
    with db.writing() as session:
        session.exec(update(Integration).where(col(Integration.id) == row.id).values(account=account))


def _refused(name: str, error: str) -> Result:
    if error == "access_denied":
        return Result(False, CANCELLED)
    if error in ("server_error", "temporarily_unavailable"):
        return Result(False, f"{name} has a problem on its side.", ("Sign in again in a while.",))
    if error == "redirect_uri_mismatch":
        hint = "Add exactly the return address that the dialog shows to your OAuth client."
        return Result(False, f"{name} expects another return address.", (hint,))
    known = {
        "invalid_scope": "it does not know one of the permissions asked for",
        "unauthorized_client": "it does not allow this OAuth client to ask",
        "invalid_request": "it did not understand the request",
    }
    why = f": {known[error]}" if error in known else ""
    return Result(False, f"{name} refused the sign-in{why}.", ("Check the OAuth client, then sign in again.",))


def _check_issuer(described: OAuth, issuers: list[str]) -> None:
    """Who says that they send the user back must be who the user was sent to (RFC 9207)."""
    if not issuers:
        return
    ours = urlsplit(described.authorize_url).netloc
    is_theirs = issuers[0] == described.issuer if described.issuer else urlsplit(issuers[0]).netloc == ours
    if len(issuers) > 1 or not is_theirs:
        raise Rejected("Somebody else than expected answered the sign-in.", hints=[START_AGAIN])


def _described(row: Integration) -> tuple[Provider[Any], OAuth | None, str]:
    provider, config = named(row.type), configuration.load(row)
    described = provider.oauth(config)
    return provider, described, "" if described is None else oauth_grants.made_for(provider, config, described)


def _close(attempt: OAuthSignIn, result: Result) -> None:
    """Keep how it ended, for the dialog."""
    with db.writing() as session:
        mine = update(OAuthSignIn).where(col(OAuthSignIn.state_hash) == attempt.state_hash)
        session.exec(mine.values(outcome=json.dumps(asdict(result), ensure_ascii=False), verifier_enc=""))
    live.tell(attempt.user_id, "integration", attempt.integration_id)


def _place(key: str, user_id: str) -> Place:
    return Place("OAuthSignIn", "verifierEnc", key, user_id)
