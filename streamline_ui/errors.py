"""What can go wrong, in words for the person in front of the screen.

Every error carries a sentence that says who said what, hints that say what to do, and a code that scripts can rely on.
None of them ever holds a secret: an error is shown, stored and logged as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar


class StreamlineError(Exception):
    """The base of all our errors. `status` is the HTTP status that REST answers with."""

    code: str = "error"
    status: ClassVar[int] = 500

    def __init__(self, message: str, *, hints: Sequence[str] = (), code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hints = tuple(hints)
        if code is not None:
            self.code = code


class BadSetting(StreamlineError):
    """A setting from the environment, a file or the command line cannot be used: the start stops with its sentence."""

    code = "bad_setting"


class Invalid(StreamlineError):
    """The input cannot be accepted. `fields` maps each field's JSON name (dotted where nested) to a sentence."""

    code = "invalid"
    status = 422

    def __init__(self, message: str, fields: Mapping[str, str] | None = None, *, hints: Sequence[str] = ()) -> None:
        super().__init__(message, hints=hints)
        self.fields = dict(fields or {})


class NotFound(StreamlineError):
    """No such thing, or not yours: the two are never told apart."""

    code = "not_found"
    status = 404


class Conflict(StreamlineError):
    """It was changed or exists already."""

    code = "conflict"
    status = 409


class Forbidden(StreamlineError):
    """You are known, but may not do this."""

    code = "forbidden"
    status = 403


class Unauthenticated(StreamlineError):
    """Nobody we know is asking. Codes: token_missing, token_invalid, token_expired, invalid_credentials."""

    code = "token_invalid"
    status = 401


class TooMany(StreamlineError):
    """Too often. `retry_after` is in seconds."""

    code = "too_many_requests"
    status = 429

    def __init__(self, message: str, retry_after: float, *, hints: Sequence[str] = ()) -> None:
        super().__init__(message, hints=hints)
        self.retry_after = retry_after


class NotStored(StreamlineError):
    """The database refuses everybody for the moment: it is locked, full or away. `retry_after` is in seconds."""

    code = "storage_unavailable"
    status = 503

    def __init__(self, message: str, retry_after: float, *, hints: Sequence[str] = ()) -> None:
        super().__init__(message, hints=hints)
        self.retry_after = retry_after


class Locked(StreamlineError):
    """A sealed value cannot be opened: its key is missing, or it was tampered with."""

    code = "locked"
    status = 423


class Rejected(StreamlineError):
    """The service refused, and will refuse again: trying the same once more is useless."""

    code = "provider_rejected"
    status = 502


class AuthFailed(Rejected):
    """The service refused the credentials: a person has to act."""


class SignInNeeded(AuthFailed):
    """Nobody has signed in at the service, or it has ended what somebody's sign-in allowed."""

    code = "sign_in_needed"


class Occupied(Rejected):
    """Somebody else holds what we want, such as a bot's messages. `can_take` says that we could take it from them."""

    def __init__(self, message: str, *, hints: Sequence[str] = (), can_take: bool = False) -> None:
        super().__init__(message, hints=hints)
        self.can_take = can_take


class Unavailable(StreamlineError):
    """The service could not be asked, or had no answer: trying again can help.

    `retry_after` is what the service asked us to wait, in seconds; `is_limit` says that it is there and only asks us to
    wait, though it may not say how long. `unclear` is true where the request may have had
    its effect all the same (a time-out after sending), so that repeating it could do the thing twice.
    """

    code = "provider_unavailable"
    status = 502

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        unclear: bool = False,
        is_limit: bool = False,
        hints: Sequence[str] = (),
        code: str | None = None,
    ) -> None:
        super().__init__(message, hints=hints, code=code)
        self.retry_after = retry_after
        self.is_limit = is_limit or retry_after is not None
        self.unclear = unclear
