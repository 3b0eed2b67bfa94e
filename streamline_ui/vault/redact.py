"""Keeps secrets out of logs, errors and stored results.

Two nets: values that are held while they are in use, in every form in which they travel, and the shapes that well-known
secrets have. What is caught becomes three stars.
"""

from __future__ import annotations

import base64
import json
import logging
import re
import threading
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "***"
SHORTEST = 8  # a shorter value would blank out ordinary words
TELLING = 16  # a long value is known by its beginning, too: services cut off what they repeat
DEEPEST = 200
LONGEST_NAME = 20  # characters: too short for a secret worth the name, so it may stay in memory
CHATTY = ("httpx", "httpcore", "aiohttp", "hpack")  # they log whole URLs below WARNING

_SHAPES = re.compile(
    r"""
      (?P<bot>bot\d{3,20}:|(?<![\w:])\d{6,20}:(?=[\w-]{30}))[\w-]{5,}     # Telegram
    | (?P<prefix>\b(?:SG\.|xox[a-z]-|xapp-|whsec_|stl_|ya29\.|GOCSPX-|sk_live_|ghp_|github_pat_|pat(?=\w{14}\.)))
      [\w.+/=-]{6,}
    | (?P<scheme>\b(?i:Bearer|Basic)[ ]+)[\w.~+/=-]{8,}
    | (?P<hook>/api/(?:v\d+/)?webhooks/\d+/|hooks\.slack\.com/(?:services|workflows|triggers)/)[\w/-]+
    | (?P<user>://[^\s/:@]*:)[^\s/@]+(?=@)
    | (?P<name>(?<![A-Za-z0-9])(?:[A-Za-z0-9]{1,30}[_-]){0,4}
      (?i:(?:api|access|client|auth|refresh|bot|webhook)?(?:key|token|secret|password|passwd))
      (?:=|["']\s?:\s?["']))[^\s&"'<>,;)]+
    """,
    re.VERBOSE,
)
_SECRET_NAMES = frozenset(  # compared without case, "-" and "_"
    {"authorization", "proxyauthorization", "cookie", "setcookie", "password", "passwd", "privatekey", "encryptionkey"}
    | {"secret", "clientsecret", "webhooksecret", "signingsecret", "apikey", "xapikey"}
    | {"token", "accesstoken", "refreshtoken", "idtoken", "authtoken", "bottoken"}
)
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}

_lock = threading.Lock()
_uses: Counter[str] = Counter()
_held: re.Pattern[str] | None = None
_filter: Scrubber | None = None


def install() -> None:
    """Clean every log record from now on, whoever makes it, and quieten the libraries that log URLs."""
    global _filter  # noqa: PLW0603 - logging belongs to the whole process
    if _filter is None:
        _filter = Scrubber()
        logging.setLogRecordFactory(_Factory(logging.getLogRecordFactory()))
    for handler in logging.getLogger().handlers:
        if _filter not in handler.filters:
            handler.addFilter(_filter)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


@contextmanager
def holding(*secrets: str) -> Iterator[None]:
    """Inside, these values appear in no log: neither as they are nor URL-encoded, in base64 or quoted."""
    forms = [form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)]
    _count(forms, 1)
    try:
        yield
    finally:
        _count(forms, -1)


def scrub(text: str) -> str:
    """The text without secrets."""
    if (held := _held) is not None:
        text = held.sub(MASK, text)
    return _SHAPES.sub(_keep_label, text)


def scrub_json(value: Any, depth: int = 0) -> Any:
    """A copy of a JSON value without secrets: texts are scrubbed, what a name calls a secret is masked."""
    if isinstance(value, str):
        return scrub(value)
    if depth > DEEPEST:
        return MASK
    if isinstance(value, dict):
        return {
            _scrub_name(str(name)): MASK if _names_secret(str(name), item) else scrub_json(item, depth + 1)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [scrub_json(item, depth + 1) for item in value]
    return value


def _scrub_name(name: str) -> str:
    """A name's text without secrets. The same few names come again and again."""
    if (held := _held) is not None:
        name = held.sub(MASK, name)
    return _without_shapes(name) if len(name) <= LONGEST_NAME else _SHAPES.sub(_keep_label, name)


@lru_cache(maxsize=500)
def _without_shapes(name: str) -> str:
    return _SHAPES.sub(_keep_label, name)


class Scrubber(logging.Filter):
    """Cleans records on their way to a handler: those that another process or library made, and what `extra` added."""

    def filter(self, record: logging.LogRecord) -> bool:
        _clean(record)
        for name in record.__dict__.keys() - _STANDARD:
            value = record.__dict__[name]
            if not isinstance(value, int | float | None):
                record.__dict__[name] = scrub_json(value) if isinstance(value, str | dict | list) else _text(value)
        return True


class _Factory:
    """Cleans records as they are made, so that handlers added later get clean ones too."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record: logging.LogRecord = self.inner(*args, **kwargs)
        _clean(record)
        return record


def _clean(record: logging.LogRecord) -> None:
    _clean_message(record)
    if record.exc_info and not record.exc_text and record.exc_info[0] is not None:
        record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
    record.exc_info = None  # the traceback is text by now; the exception itself still holds what it held
    if record.exc_text:
        record.exc_text = scrub(record.exc_text)
    if record.stack_info:
        record.stack_info = scrub(record.stack_info)


def _clean_message(record: logging.LogRecord) -> None:
    """Leave template and arguments alone where they are clean: some formatters look at them one by one."""
    try:
        message = record.getMessage()
    except Exception:  # the arguments' own code runs here
        record.msg, record.args = scrub(f"{record.msg} (its arguments could not be written)"), None
        return
    clean = scrub(message)
    if clean == message:
        return
    template = scrub(record.msg) if isinstance(record.msg, str) else record.msg
    args: Any = record.args
    args = (
        tuple(_clean_argument(item) for item in args)
        if isinstance(args, tuple)
        else {name: _clean_argument(item) for name, item in (args or {}).items()}
    )
    record.msg, record.args = (template, args) if _write(template, args) == clean else (clean, None)


def _write(template: object, args: Any) -> str | None:
    try:
        return str(template) % args if args else str(template)
    except (TypeError, ValueError, KeyError):
        return None  # a mask took the place of a %s


def _clean_argument(value: object) -> object:
    if value is None or isinstance(value, int | float):
        return value
    clean = _text(value)
    return value if clean == str(value) else clean


def _text(value: object) -> str:
    try:
        return scrub(str(value))
    except Exception:  # the value's own code runs here
        return MASK


def _keep_label(match: re.Match[str]) -> str:
    return f"{match[match.lastgroup or 0]}{MASK}"


def _names_secret(name: str, value: object) -> bool:
    return isinstance(value, str) and bool(value) and re.sub("[^a-z]", "", name.lower()) in _SECRET_NAMES


def _count(forms: list[str], change: int) -> None:
    global _held  # noqa: PLW0603
    if not forms:
        return
    with _lock:
        known = len(_uses)
        for form in forms:
            _uses[form] += change
            if _uses[form] <= 0:
                del _uses[form]
        if len(_uses) == known:  # all of them are held by somebody else, too
            return
        longest_first = sorted(_uses, key=len, reverse=True)
        patterns = [*map(re.escape, longest_first), *dict.fromkeys(filter(None, map(_cut_off, longest_first)))]
        _held = re.compile("|".join(patterns)) if patterns else None


def _cut_off(form: str) -> str:
    """A pattern for a beginning of this value, or "" where others begin like it: short ones, and addresses."""
    if len(form) < TELLING * 3 // 2 or re.match(r"[a-z]+(?::|%3a)(?:/|%2f)", form, re.IGNORECASE):
        return ""
    return re.escape(form[:TELLING]) + r"[\w.~+=%-]*"


def _forms(secret: str) -> set[str]:
    """Every way in which a value may stand in a text."""
    raw = secret.encode("utf-8", "replace")
    forms = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    forms |= {quote(raw, safe=""), quote(raw), quote_plus(raw)}
    forms |= {re.sub("%[0-9A-F]{2}", lambda code: code[0].lower(), form) for form in set(forms)}
    for before in range(3):  # inside "user:secret" the groups of base64 begin elsewhere
        whole = base64.b64encode(b"\0" * before + raw).rstrip(b"=").decode()
        inner = whole[(0, 2, 3)[before] :]
        if (len(raw) + before) % 3:
            inner = inner[:-1]  # its bits belong to what follows, too
        forms |= {inner, inner.replace("+", "-").replace("/", "_")}
    return {form for form in forms if len(form) >= SHORTEST}
