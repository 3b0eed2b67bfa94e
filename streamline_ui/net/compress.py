"""Compresses what the browser is sent, and keeps the results for files that never change."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections import OrderedDict

from streamline_ui.net.headers import Headers, find, without

WORTHWHILE = 1000  # bytes; below, the answer fits one packet anyway
LARGEST = 5_000_000
_IN_A_THREAD = 100_000
_CACHE_BYTES = 8_000_000
_TEXT = re.compile(rb"text/(?!event-stream)|application/([a-z.+-]+\+)?(json|javascript|xml)|image/svg\+xml")
_LASTING = re.compile(rb"immutable|max-age=\d{6}")


def is_accepted(accept_encoding: bytes) -> bool:
    """Whether the client takes gzip."""
    for part in accept_encoding.lower().split(b","):
        name, _, weight = part.strip().partition(b";")
        if name.strip() in (b"gzip", b"*"):
            return weight.replace(b" ", b"") not in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000")
    return False


def is_text(headers: Headers) -> bool:
    """Whether the answer is of a kind that shrinks, and not compressed yet."""
    return not find(headers, b"content-encoding") and bool(_TEXT.match(find(headers, b"content-type").lower()))


def is_lasting(headers: Headers) -> bool:
    """Whether everybody may keep the answer for a long time: then its address changes with its content."""
    control = find(headers, b"cache-control")
    return b"public" in control and bool(_LASTING.search(control))


async def squeeze(body: bytes, *, well: bool) -> bytes:
    """The body as gzip; `well` takes longer and is for what will be sent often."""
    level = 9 if well else 5
    if len(body) > _IN_A_THREAD:
        return await asyncio.to_thread(gzip.compress, body, level, mtime=0)
    return gzip.compress(body, level, mtime=0)


def describe(headers: Headers) -> Headers:
    """The headers of the compressed form, without a length. Its ETag is weak: the bytes are not the original's."""
    described = without(headers, b"content-length", b"etag", b"accept-ranges")
    if tag := find(headers, b"etag"):
        described.append((b"etag", tag if tag.startswith(b"W/") else b"W/" + tag))
    described.append((b"content-encoding", b"gzip"))
    return described


def vary(headers: Headers) -> Headers:
    """The headers, saying to caches on the way that the answer depends on what the client accepts."""
    already = find(headers, b"vary")
    if b"accept-encoding" in already.lower():
        return headers
    value = already + b", Accept-Encoding" if already else b"Accept-Encoding"
    return [*without(headers, b"vary"), (b"vary", value)]


class Shelf:
    """Compressed files by path, the longest unused dropped first when they get too many."""

    def __init__(self) -> None:
        self._files: OrderedDict[bytes, tuple[Headers, bytes]] = OrderedDict()
        self._bytes = 0

    def get(self, path: bytes) -> tuple[Headers, bytes] | None:
        if path in self._files:
            self._files.move_to_end(path)
        return self._files.get(path)

    def put(self, path: bytes, headers: Headers, body: bytes) -> None:
        if path in self._files or len(body) > _CACHE_BYTES // 4:
            return
        self._files[path] = (headers, body)
        self._bytes += len(body)
        while self._bytes > _CACHE_BYTES:
            _, (_, dropped) = self._files.popitem(last=False)
            self._bytes -= len(dropped)
