"""Reads an answer's body with a ceiling on what comes in and on what it unfolds to."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable

import aiohttp
import httpx

from streamline_ui.net import faults

_GZIP = 31  # zlib's window bits for a gzip header and trailer
_CARRIED = (b"content-encoding", b"content-length", b"transfer-encoding", b"connection", b"keep-alive")
_CHUNK = 16_384


class _Unfolding:
    """Inflates gzip, also of several members, and never produces more than `limit` bytes."""

    def __init__(self, host: str, limit: int) -> None:
        self._host = host
        self._limit = limit
        self._gzip = zlib.decompressobj(_GZIP)
        self._untouched = True
        self.content = bytearray()

    def feed(self, chunk: bytes) -> None:
        while chunk:
            if self._gzip.eof:
                self._gzip = zlib.decompressobj(_GZIP)
            self._untouched = False
            self.content += self._gzip.decompress(chunk, self._limit + 1 - len(self.content))
            if len(self.content) > self._limit or self._gzip.unconsumed_tail:
                raise faults.too_big(self._host, self._limit)
            chunk = self._gzip.unused_data if self._gzip.eof else b""

    @property
    def is_whole(self) -> bool:
        return self._untouched or self._gzip.eof


async def read(
    answer: aiohttp.ClientResponse, request: httpx.Request, host: str, limit: int, *, unclear: bool
) -> httpx.Response:
    """The response with its plain content. Raises Rejected if it is too big, Unavailable if it is cut off."""
    encoding = ", ".join(answer.headers.getall("content-encoding", ())).strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise faults.odd_encoding(host)
    announced = answer.headers.get("content-length", "")
    if announced.isdigit() and len(announced) < 20 and int(announced) > limit and request.method != "HEAD":
        raise faults.too_big(host, limit)
    stream = answer.content.iter_chunked(_CHUNK)
    if encoding.endswith("gzip"):
        content = await _inflated(stream, host, limit, unclear=unclear)
    else:
        content = await _plain(stream, host, limit)
    headers = [(key, value) for key, value in answer.raw_headers if key.lower() not in _CARRIED]
    if content:
        headers.append((b"Content-Length", str(len(content)).encode()))
    return _whole(answer, request, headers, content)


def _whole(
    answer: aiohttp.ClientResponse, request: httpx.Request, headers: list[tuple[bytes, bytes]], content: bytes
) -> httpx.Response:
    """A response that was read. httpx would read it once more, through a stream."""
    extensions = {"http_version": b"HTTP/1.1", "reason_phrase": (answer.reason or "").encode()}
    stream = httpx.ByteStream(content)
    response = httpx.Response(answer.status, headers=headers, stream=stream, request=request, extensions=extensions)
    response._content = content
    response.is_closed = response.is_stream_consumed = True
    return response


async def _plain(stream: AsyncIterable[bytes], host: str, limit: int) -> bytes:
    content = bytearray()
    async for chunk in stream:
        content += chunk
        if len(content) > limit:
            raise faults.too_big(host, limit)
    return bytes(content)


async def _inflated(stream: AsyncIterable[bytes], host: str, limit: int, *, unclear: bool) -> bytes:
    unfolding = _Unfolding(host, limit)
    arrived = 0
    async for chunk in stream:
        arrived += len(chunk)
        if arrived > limit:
            raise faults.too_big(host, limit)
        try:
            unfolding.feed(chunk)
        except zlib.error:
            raise faults.garbled(host, unclear=unclear) from None
    if not unfolding.is_whole:
        raise faults.broken(host, unclear=unclear)
    return bytes(unfolding.content)
