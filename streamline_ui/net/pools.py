"""The connection pools that all clients share: one for the world, one for the stand-ins on our own listener.

They are apart because a connection that was opened for `/sandbox/` must never carry a request to another of our paths.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from functools import lru_cache

import aiohttp
import certifi

from streamline_ui.net.addresses import Policy
from streamline_ui.net.resolve import Guard, Lookup, SystemLookup, attempt

MAX_CONNECTIONS = 2000
CONNECT_SECONDS = 10.0
KEEP_ALIVE_SECONDS = 15.0
MAX_HEADERS = 100
MAX_HEADER_BYTES = 16_384


@lru_cache(maxsize=1)
def _usual_trust() -> ssl.SSLContext:
    """The authorities of the system (or of SSL_CERT_FILE), and Mozilla's for machines that have none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


@dataclass(frozen=True)
class Pool:
    """One set of connections and the guard that decides where they may go."""

    guard: Guard
    session: aiohttp.ClientSession


class Pools:
    """Made once at start. The connections belong to the event loop that first sends something."""

    def __init__(self, policy: Policy, *, sandbox: bool, lookup: Lookup | None, trust: ssl.SSLContext | None) -> None:
        self.policy = policy
        self.sandbox = sandbox
        self._lookup: Lookup = lookup or SystemLookup()
        self._trust = trust
        self._made: dict[bool, Pool] = {}
        self.is_closed = False

    def pool(self, *, to_sandbox: bool) -> Pool:
        """The pool for a request; `to_sandbox` says that its path is one of the stand-ins'."""
        own_ok = to_sandbox and self.sandbox
        if own_ok not in self._made:
            self._made[own_ok] = self._make(own_ok)
        return self._made[own_ok]

    def _make(self, own_ok: bool) -> Pool:
        guard = Guard(self.policy, self._lookup, own_ok=own_ok)
        trust = self._trust or _usual_trust()
        connector = aiohttp.TCPConnector(
            resolver=guard,
            socket_factory=guard.open_socket,
            ssl=trust,
            limit=MAX_CONNECTIONS,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
        )
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            auto_decompress=False,
            trust_env=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            max_headers=MAX_HEADERS,
            max_field_size=MAX_HEADER_BYTES,
            trace_configs=[_note_sending()],
        )
        return Pool(guard, session)

    async def close(self) -> None:
        self.is_closed = True
        for pool in self._made.values():
            await pool.session.close()
        if self._made:
            await asyncio.sleep(0)  # the transports say goodbye on the next turn of the loop
        self._made.clear()


def _note_sending() -> aiohttp.TraceConfig:
    """Remembers that a request went out, after which a failure leaves open whether it had its effect."""

    async def note(*_: object) -> None:
        attempt.get().sent = True

    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(note)
    return trace
