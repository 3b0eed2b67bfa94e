"""What a service's error answer means: which of our errors it is, in whose words, and what to do.

A provider lists `Meaning` rows, the most specific first; `translate` finds the row for an answer. Without a row the
HTTP status alone decides, so that every answer has a cause and an action.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from streamline_ui.errors import AuthFailed, Occupied, Rejected, StreamlineError, Unavailable

Kind = Literal["auth", "gone", "permission", "input", "conflict", "quota", "rate_limit", "server", "moved"]
TEMPORARY: frozenset[Kind] = frozenset({"rate_limit", "server"})
NEEDS_A_PERSON: frozenset[Kind] = frozenset({"auth", "gone"})


@dataclass(frozen=True, slots=True)
class Problem:
    """An error answer as the service put it: its own code ("50027", "invalid_auth") and its own words.

    `about` is what a row's `{about}` stands for, such as the field that the service refused.
    """

    code: str = ""
    text: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Meaning:
    """One row: which answers it is about, and what they mean.

    `status` and `code` must equal the answer's, `text` is a regular expression searched in the service's words; what is
    None matches everything. `message` says who said what, without the code, which is added together with `term`, the
    name that the service gives to it; `hint` says what to do. In both, `{about}` stands for the problem's `about` and
    `{wait}` for the time to wait. Of a conflict, `can_take` says that the integration's news can be taken over.
    """

    kind: Kind
    message: str
    hint: str = ""
    status: int | None = None
    code: str | None = None
    text: str | None = None
    term: str = ""
    can_take: bool = False

    def matches(self, status: int, problem: Problem) -> bool:
        """Whether this row is about that answer."""
        return (
            (self.status is None or self.status == status)
            and (self.code is None or self.code == problem.code)
            and (self.text is None or re.search(self.text, problem.text, re.IGNORECASE) is not None)
        )


def read_problem(response: httpx.Response) -> Problem:
    """The usual forms of an error body: {"message", "code"}, {"error": …}, {"detail"}, or no JSON at all."""
    body = json_of(response)
    if not isinstance(body, dict):
        return Problem()
    error = body.get("error")
    inner: dict[str, Any] = error if isinstance(error, dict) else body
    code = inner.get("code", inner.get("type", error if isinstance(error, str) else ""))
    text = inner.get("message", inner.get("detail", inner.get("description", "")))
    return Problem(str(code), text if isinstance(text, str) else "")


def json_of(response: httpx.Response) -> Any:
    """The body as JSON, or None where it is something else (a proxy's HTML page, nothing at all)."""
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


def retry_after(response: httpx.Response) -> float | None:
    """The seconds in `Retry-After`, where it is a number."""
    value = response.headers.get("retry-after", "")
    return float(value) if re.fullmatch(r"\d{1,9}(\.\d+)?", value) else None


def translate(
    response: httpx.Response,
    *,
    service: str = "",
    meanings: Sequence[Meaning] = (),
    problem: Callable[[httpx.Response], Problem] = read_problem,
    wait: Callable[[httpx.Response], float | None] = retry_after,
) -> StreamlineError:
    """The error that an answer other than a success is. Without a `service`, the host that answered is named."""
    said = problem(response)
    status = response.status_code
    rows = (*meanings, *_usual(service or response.request.url.host))
    meaning = next(row for row in rows if row.matches(status, said))
    seconds = wait(response)
    told = said.code if re.fullmatch(r"[\w.:-]{1,60}", said.code) and said.code != "0" else ""
    number = str(status) if status >= 300 or not told else ""  # who refuses with 200 says why in a code
    code = ", ".join(dict.fromkeys(part for part in (number, told) if part))
    code = f"{code} {meaning.term}".rstrip()
    message = _filled(f"{meaning.message.rstrip('.')} ({code}).", said.about, seconds)
    hints = [_filled(meaning.hint, said.about, seconds)] if meaning.hint else []
    if meaning.kind in NEEDS_A_PERSON:
        return AuthFailed(message, hints=hints)
    is_broken = meaning.kind == "server" and status < 300
    if meaning.kind in TEMPORARY:
        is_limit = meaning.kind == "rate_limit"
        unclear = status >= 500 or is_broken
        return Unavailable(message, retry_after=seconds, hints=hints, unclear=unclear, is_limit=is_limit)
    if meaning.kind == "conflict":
        return Occupied(message, hints=hints, can_take=meaning.can_take)
    return Rejected(message, hints=hints)


def _filled(text: str, about: str, seconds: float | None) -> str:
    wait = "a moment" if seconds is None else f"{math.ceil(seconds)} s"
    return text.replace("{about}", about or "a value").replace("{wait}", wait)


def _usual(service: str) -> tuple[Meaning, ...]:
    """What a status means by itself; the last row is about everything."""
    broken = f"{service} has a problem on its side"
    again = "Streamline tries again by itself."
    slower = Meaning(
        "rate_limit", f"{service} asks us to wait {{wait}}", "Nothing is lost; Streamline continues by itself.", 429
    )
    return (
        Meaning(
            "auth",
            f"{service} refused the key",
            "It may be mistyped, expired or revoked. Create a new one and paste it here.",
            401,
        ),
        Meaning("permission", f"{service} does not allow this", "Check what the key is allowed to do.", 403),
        Meaning("input", f"{service} does not know what was asked for", "Check the address and the ids in it.", 404),
        slower,
        *(Meaning("server", broken, again, status) for status in (408, 425, *range(500, 600))),
        *(Meaning("input", f"{service} pointed to another address", "Check the address.", s) for s in range(300, 400)),
        Meaning("input", f"{service} refused the request", "Check the values that were sent."),
    )
