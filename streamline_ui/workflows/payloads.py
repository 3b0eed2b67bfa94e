"""What templates see of an incoming request: its method, query, harmless headers, and its body as JSON values."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from streamline_ui.errors import Invalid
from streamline_ui.workflows.uploads import Shelf, clean

DEEPEST = 64
MOST_FIELDS = 1000
NO_FORM = "The body is not the form that its Content-Type promises."
MOST_ENTRIES = 10_000  # members of all objects in a JSON body together
LARGEST_HEADERS = 16_000  # characters that are kept

_SECRET = re.compile(r"auth|cookie|signature|token|secret|password|api-?key|hmac|content-mac|credential|session", re.I)
_NOT_TEXT = re.compile(r"[\x00\ud800-\udfff]")


class Malformed(Invalid):
    """The body is not what its Content-Type says."""

    code = "malformed_body"


def harmless(headers: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The headers that may be kept: none that could hold a credential."""
    kept: dict[str, str] = {}
    room = LARGEST_HEADERS
    for name, values in headers.items():
        value = _NOT_TEXT.sub("�", ", ".join(values))
        room -= len(name) + len(value)
        if room < 0:
            break
        if not _SECRET.search(name):
            kept[name] = value
    return kept


def trigger(
    method: str, query: str, headers: Mapping[str, str], body: object, at: datetime, *, files: str | None = None
) -> dict[str, Any]:
    """The value that a webhook's execution begins with. `files` is the folder of those in the body."""
    return {
        **({} if files is None else {"files": files}),
        "type": "webhook",
        "method": method,
        "query": _pairs(query),
        "headers": dict(headers),
        "body": body,
        "receivedAt": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


async def read(content_type: str, body: bytes, shelf: Shelf | None = None) -> object:
    """The body as JSON values. What is neither JSON nor a form is text, or base64 where it is no text.

    Files go on the shelf, or into the value where there is none. Raises Malformed, and Unavailable where they cannot be
    stored.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if not body:
        return None
    if kind == "application/json" or kind.endswith("+json"):
        return _json(body)
    if kind == "application/x-www-form-urlencoded":
        return _pairs(body.decode("utf-8", "replace"))
    if kind == "multipart/form-data":
        return await _parts(content_type, body, shelf)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode("ascii")}
    return _NOT_TEXT.sub("�", text)


def _json(body: bytes) -> object:
    try:
        value: object = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"The body is not valid JSON (near character {error.pos}).") from None
    stack: list[tuple[object, int]] = [(value, 1)]
    entries = 0
    while stack:
        item, depth = stack.pop()
        if depth > DEEPEST:
            raise Malformed(f"The body nests deeper than {DEEPEST} levels.")
        if isinstance(item, dict):
            entries += len(item)
            stack.extend((each, depth + 1) for each in item.values())
        elif isinstance(item, list):
            entries += len(item)
            stack.extend((each, depth + 1) for each in item if isinstance(each, dict | list))
        if entries > MOST_ENTRIES:
            raise Malformed(f"The body has more than {MOST_ENTRIES:,} entries.")
    return value


def _pairs(text: str) -> dict[str, Any]:
    try:
        return _grouped(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:
        raise Malformed(f"There are more than {MOST_FIELDS} fields.") from None


async def _parts(content_type: str, body: bytes, shelf: Shelf | None) -> dict[str, Any]:
    async def stream() -> Any:
        yield body

    parser = MultiPartParser(
        Headers({"content-type": content_type}), stream(), max_files=MOST_FIELDS, max_fields=MOST_FIELDS
    )
    try:
        form: FormData = await parser.parse()
    except MultiPartException as error:
        if error.message.startswith("Too many"):
            raise Malformed(f"There are more than {MOST_FIELDS} fields.") from None
        raise Malformed(NO_FORM) from None
    except (MultipartParseError, KeyError, ValueError):
        raise Malformed(NO_FORM) from None
    if not _is_whole(content_type, body):
        await form.close()
        raise Malformed("The form was cut off before its end.")
    try:
        items = form.multi_items()
        uploaded = [value for _, value in items if isinstance(value, UploadFile)]
        if shelf is None:
            files = iter([await _inside(each) for each in uploaded])
        else:
            parts = [(each.filename or "", each.content_type or "", each.file) for each in uploaded]
            files = iter(await shelf.put(parts))
        return _grouped([(name, value if isinstance(value, str) else next(files)) for name, value in items])
    finally:
        await form.close()


def _is_whole(content_type: str, body: bytes) -> bool:
    """Whether the mark that ends the last part is there: the parser takes what it gets without it."""
    _, options = parse_options_header(content_type)
    return b"--" + options.get(b"boundary", b"") + b"--" in body


async def _inside(file: UploadFile) -> dict[str, Any]:
    """A file with its contents, where it is only looked at."""
    content = await file.read()
    about = {"name": clean(file.filename or ""), "contentType": file.content_type or "", "size": len(content)}
    return {**about, "base64": base64.b64encode(content).decode("ascii")}


def _grouped(pairs: Iterable[tuple[str, object]]) -> dict[str, Any]:
    """A name that comes once has a value, one that comes again has a list."""
    found: dict[str, list[object]] = {}
    for name, value in pairs:
        clean = _NOT_TEXT.sub("�", value) if isinstance(value, str) else value
        found.setdefault(_NOT_TEXT.sub("�", name), []).append(clean)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}
