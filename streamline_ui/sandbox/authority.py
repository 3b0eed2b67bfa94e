"""A stand-in for a service's OAuth 2.0 server: consent page, codes with PKCE, tokens that expire and rotate.

It takes any client, with three exceptions that its ID asks for: `unknown` in it is not registered, `elsewhere` expects
another return address, `lives-5` gives access tokens that live 5 seconds. A secret with `wrong` in it is refused.

A rotated refresh token works once more for a while as long as its successor was never used, since the answer with it
may have been lost; any other use of an old one ends the whole permission, as RFC 9700 asks. Tokens carry what they are
worth, so that those from before a restart still count.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from streamline_ui.sandbox import consent
from streamline_ui.sandbox.bodies import garbage, read_body
from streamline_ui.sandbox.state import MOST_ACCOUNTS, Desk

KEY = b"the sandbox guards nothing"
CODE_SECONDS = 60.0
FAULTS = {400: "invalid_grant", 401: "invalid_client", 403: "unauthorized_client", 429: "slow_down"}


@dataclass(slots=True)
class Family:
    """All tokens of one sign-in. `number` is the newest generation; `until` is how long the one before may be used."""

    number: int = 0
    until: float = 0.0
    is_used: bool = False
    is_ended: bool = False


@dataclass
class Tally:
    """What the tests count."""

    asked: int = 0
    renewals: int = 0
    repeats: int = 0
    thefts: int = 0
    codes: int = 0
    revoked: int = 0


@dataclass
class Authority:
    """One service's. `rotates`: a refresh token is good once, with `grace` seconds for an answer that was lost."""

    desk: Desk
    name: str
    scopes: Mapping[str, str]
    lives: float = 3600.0
    rotates: bool = True
    grace: float = 60.0
    separator: str = " "
    prefix: str = "sandbox."
    required: tuple[str, ...] = ()  # scopes that cannot be unticked
    tally: Tally = field(default_factory=Tally)
    _codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    _families: dict[str, Family] = field(default_factory=dict)

    def forget(self) -> None:
        """Start again as new; what was given out before is believed."""
        self._codes.clear()
        self._families.clear()
        self.tally = Tally()

    def end_all(self) -> None:
        """Take back every permission, as an owner of the account may do."""
        for family in self._families.values():
            family.is_ended = True

    # the consent page

    async def authorize(self, request: Request) -> Response:
        """Show the consent page, or take its answer."""
        asked = dict(request.query_params)
        if (fault := await self.desk.misbehave("authorize")) and (fault.garbage or fault.status):
            return garbage() if fault.garbage else Response("Internal error", fault.status or 500)
        if problem := self._problem(asked):
            return HTMLResponse(consent.problem(self.name, problem), 400, headers=consent.HEADERS)
        asked_scopes = [scope for scope in re.split(r"[ ,]+", asked.get("scope", "")) if scope]
        if unknown := [scope for scope in asked_scopes if self.scopes and scope not in self.scopes]:
            return self._back(asked, error="invalid_scope", error_description=f"Unknown: {unknown[0][:50]}")
        if request.method == "GET":
            boxes = [(scope, self.scopes.get(scope, scope), scope in self.required) for scope in asked_scopes]
            page = consent.page(self.name, asked["client_id"], asked.get("login_hint", ""), boxes)
            return HTMLResponse(page, headers=consent.HEADERS)
        form = parse_qsl((await read_body(request)).decode("utf-8", "replace"))
        given = dict(form)
        if given.get("answer") != "allow":
            return self._back(asked, error="access_denied")
        ticked = {value for name, value in form if name == "scope"} | set(self.required)
        return self._back(asked, code=self._code(asked, given, [each for each in asked_scopes if each in ticked]))

    def _problem(self, asked: Mapping[str, str]) -> str:
        """What must not be sent back to an address that nobody has checked."""
        parts = urlsplit(asked.get("redirect_uri", ""))
        if not asked.get("client_id") or "unknown" in asked["client_id"]:
            return "invalid_client: the OAuth client was not found."
        if parts.scheme not in ("http", "https") or parts.query or parts.fragment or "elsewhere" in asked["client_id"]:
            return "redirect_uri_mismatch: the return address is not registered for this client."
        if asked.get("response_type") != "code":
            return "unsupported_response_type: only code is known here."
        if asked.get("code_challenge_method") not in (None, "S256"):
            return "invalid_request: the code challenge method must be S256."
        return ""

    def _code(self, asked: Mapping[str, str], given: Mapping[str, str], scopes: list[str]) -> str:
        code = secrets.token_urlsafe(24)
        while len(self._codes) >= MOST_ACCOUNTS:
            del self._codes[next(iter(self._codes))]
        self.tally.codes += 1
        self._codes[code] = {
            "client": asked["client_id"],
            "redirect": asked["redirect_uri"],
            "challenge": asked.get("code_challenge", ""),
            "scopes": scopes,
            "account": given.get("account") or "alex@example.com",
            "until": time.time() + CODE_SECONDS,
            "family": "",
        }
        return code

    def _back(self, asked: Mapping[str, str], **answer: str) -> Response:
        values = {**answer, **({"state": asked["state"]} if "state" in asked else {})}
        address = f"{asked['redirect_uri']}?{urlencode(values, quote_via=quote)}"
        return RedirectResponse(address, 303, headers=consent.HEADERS)

    # the token address

    async def token(self, request: Request) -> Response:
        """Exchange a code, renew, or give a client its own token."""
        given = dict(parse_qsl((await read_body(request)).decode("utf-8", "replace")))
        self.tally.asked += 1
        fault = await self.desk.misbehave("token")
        if fault and (fault.garbage or fault.answer):
            status = fault.answer or 500
            refusal = self._error(FAULTS.get(status, "server_error"), status, fault.headers)
            return garbage() if fault.garbage else refusal
        client, secret = self._client(request, given)
        if not client or "unknown" in client or "wrong" in secret:
            return self._error("invalid_client", 401)
        grant = given.get("grant_type")
        if grant in ("authorization_code", "refresh_token"):
            return self._redeem(client, given) if "code" in given else self._renew(client, given)
        if grant == "client_credentials":
            scopes = [each for each in re.split(r"[ ,]+", given.get("scope", "")) if each]
            return JSONResponse(self._answer({"c": client, "u": "", "s": scopes, "f": "own", "n": 0}, renews=False))
        return self._error("unsupported_grant_type", 400)

    async def revoke(self, request: Request) -> Response:
        """End the permission that a token belongs to."""
        given = dict(parse_qsl((await read_body(request)).decode("utf-8", "replace")))
        if (fault := await self.desk.misbehave("revoke")) and (fault.garbage or fault.answer):
            return garbage() if fault.garbage else self._error("server_error", fault.answer or 500, fault.headers)
        if (facts := self._read(given.get("token", ""))) is not None:
            self.tally.revoked += 1
            self._family(facts).is_ended = True
        return JSONResponse({})

    def _client(self, request: Request, given: Mapping[str, str]) -> tuple[str, str]:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return given.get("client_id", ""), given.get("client_secret", "")
        try:
            name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
        except ValueError:
            return "", ""
        return name, secret

    def _redeem(self, client: str, given: Mapping[str, str]) -> Response:
        kept = self._codes.get(given.get("code", ""))
        if kept is None or kept["client"] != client or kept["until"] < time.time():
            return self._error("invalid_grant", 400)
        if kept["family"]:  # a code that comes twice was stolen: what it brought is taken back
            self._families[kept["family"]].is_ended = True
            return self._error("invalid_grant", 400)
        if kept["redirect"] != given.get("redirect_uri"):
            return self._error("redirect_uri_mismatch", 400)
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        if kept["challenge"] and base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != kept["challenge"]:
            return self._error("invalid_grant", 400)
        kept["family"] = secrets.token_hex(8)
        facts = {"c": client, "u": kept["account"], "s": kept["scopes"], "f": kept["family"], "n": 0}
        self._family(facts)
        return JSONResponse(self._answer(facts, renews=True))

    def _renew(self, client: str, given: Mapping[str, str]) -> Response:
        facts = self._read(given.get("refresh_token", ""))
        if facts is None or facts.get("k") != "r" or facts["c"] != client:
            return self._error("invalid_grant", 400)
        family = self._family(facts)
        if family.is_ended:
            return self._error("invalid_grant", 400)
        self.tally.renewals += 1
        if not self.rotates:
            return JSONResponse(self._answer(facts, renews=False))
        if facts["n"] == family.number:
            family.number, family.until, family.is_used = family.number + 1, time.time() + self.grace, False
        elif facts["n"] == family.number - 1 and time.time() < family.until and not family.is_used:
            self.tally.repeats += 1
        else:
            self.tally.thefts += 1
            family.is_ended = True
            return self._error("invalid_grant", 400)
        return JSONResponse(self._answer({**facts, "n": family.number}, renews=True))

    # what the API asks

    def holder(self, request: Request) -> dict[str, Any] | None:
        """Who signs a request: `u` the account, `s` the scopes, `c` the client. None where the token does not count."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        facts = self._read(token.strip())
        if scheme.lower() != "bearer" or facts is None or facts.get("k") != "a" or facts["e"] < time.time():
            return None
        if facts["f"] == "own":
            return facts
        family = self._family(facts)
        if facts["n"] == family.number:
            family.is_used = True
        return None if family.is_ended else facts

    def access_token(self, *scopes: str, account: str = "alex@example.com", seconds: float | None = None) -> str:
        """A token without a sign-in, for tests of the API itself."""
        facts = {"c": "test", "u": account, "s": list(scopes), "f": secrets.token_hex(8), "n": 0}
        return self._made({**facts, "k": "a", "e": time.time() + (self.lives if seconds is None else seconds)})

    def _family(self, facts: Mapping[str, Any]) -> Family:
        while len(self._families) >= MOST_ACCOUNTS and facts["f"] not in self._families:
            del self._families[next(iter(self._families))]
        return self._families.setdefault(facts["f"], Family(facts["n"]))

    def _answer(self, facts: Mapping[str, Any], *, renews: bool) -> dict[str, Any]:
        found = re.search(r"lives-(\d{1,6})", facts["c"])
        lives = float(found[1]) if found else self.lives
        answer: dict[str, Any] = {
            "access_token": self._made({**facts, "k": "a", "e": time.time() + lives, "i": secrets.token_hex(4)}),
            "token_type": "Bearer",
            "expires_in": int(lives),
            "scope": self.separator.join(facts["s"]),
        }
        if renews:
            answer["refresh_token"] = self._made({**facts, "k": "r"})
        if "openid" in facts["s"]:
            claims = {"email": facts["u"], "sub": facts["u"]} if "email" in facts["s"] else {"sub": facts["u"]}
            answer["id_token"] = f"{_packed({'alg': 'none'})}.{_packed(claims)}.sandbox"
        return answer

    def _made(self, facts: Mapping[str, Any]) -> str:
        packed = _packed(facts)
        return f"{self.prefix}{packed}.{hmac.new(KEY, packed.encode(), 'sha256').hexdigest()[:24]}"

    def _read(self, token: str) -> dict[str, Any] | None:
        packed, _, seal = token.removeprefix(self.prefix).partition(".")
        if not hmac.compare_digest(hmac.new(KEY, packed.encode(), "sha256").hexdigest()[:24], seal):
            return None
        found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
        return found

    def _error(self, code: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
        return JSONResponse({"error": code, "error_description": "The sandbox refused it."}, status, headers)


def _packed(value: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
