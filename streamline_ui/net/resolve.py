"""Looks names up and opens sockets, and only ever to addresses that the policy allows.

The address that is checked is the one that is connected to, so a name that answers differently a moment later gains
nothing.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass

from aiohttp.abc import AbstractResolver, ResolveResult

from streamline_ui.net import faults
from streamline_ui.net.addresses import Policy, Verdict

LOOKUP_SECONDS = 5.0
LOOKUP_THREADS = 16
MAX_ADDRESSES = 6

Lookup = Callable[[str], Awaitable[list[str]]]
"""Finds the numeric addresses of a host name. Raises OSError where there are none, TimeoutError where nobody knows."""

AddressInfo = tuple[socket.AddressFamily | int, socket.SocketKind | int, int, str, tuple[object, ...]]


@dataclass
class Attempt:
    """What is known about the request that is on its way in this task."""

    host: str
    refused: Verdict | None = None
    sent: bool = False


attempt: ContextVar[Attempt] = ContextVar("attempt")


class SystemLookup:
    """The system's resolver, in threads of its own.

    Hanging look-ups then neither stop the loop's other thread work nor, being daemons, the end of the process.
    """

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(LOOKUP_THREADS)

    async def __call__(self, host: str) -> list[str]:
        await self._slots.acquire()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[str]] = loop.create_future()
        threading.Thread(target=self._look, args=(host, loop, answer), name="dns", daemon=True).start()
        return await answer

    def _look(self, host: str, loop: asyncio.AbstractEventLoop, answer: asyncio.Future[list[str]]) -> None:
        result: list[str] | Exception
        try:
            result = _getaddrinfo(host)
        except (OSError, UnicodeError) as error:
            result = error
        with suppress(RuntimeError):  # the loop was closed in the meantime: nobody waits any more
            loop.call_soon_threadsafe(self._settle, answer, result)

    def _settle(self, answer: asyncio.Future[list[str]], result: list[str] | Exception) -> None:
        """The slot comes free with the thread, which can be long after the caller gave up."""
        self._slots.release()
        if answer.done():
            return
        if isinstance(result, Exception):
            answer.set_exception(result)
        else:
            answer.set_result(result)


def _getaddrinfo(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in found))


class Guard(AbstractResolver):
    """Resolves for one connection pool, and makes its sockets. `own_ok` is for the pool that serves the sandbox."""

    def __init__(self, policy: Policy, lookup: Lookup, *, own_ok: bool) -> None:
        self.policy = policy
        self.lookup = lookup
        self.own_ok = own_ok

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The allowed addresses of a name. Raises our own errors, which aiohttp lets through."""
        allowed, worst = [], None
        for address in await self._addresses(host):
            verdict = self.verdict(host, address, port)
            if verdict == "allowed":
                allowed.append(_result(host, address, port))
            else:
                worst = verdict
        if not allowed:
            raise faults.refused(host, port, worst) if worst else faults.unknown_host(host)
        return allowed[:MAX_ADDRESSES]

    async def _addresses(self, host: str) -> list[str]:
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                return await self.lookup(host)
        except TimeoutError:
            raise faults.silent_dns(host, LOOKUP_SECONDS) from None
        except (OSError, UnicodeError):
            raise faults.unknown_host(host) from None

    def verdict(self, host: str, address: str, port: int) -> Verdict:
        return self.policy.verdict(host, address, port, own_ok=self.own_ok)

    def check_literal(self, host: str, address: str, port: int) -> None:
        """Refuse an address written out in the URL, which no resolver is asked about."""
        verdict = self.verdict(host, address, port)
        if verdict != "allowed":
            raise faults.refused(host, port, verdict)

    def open_socket(self, info: AddressInfo) -> socket.socket:
        """The last check, on the very address that is connected to next."""
        family, kind, protocol, _, (address, port, *_) = info
        current = attempt.get()
        verdict = self.verdict(current.host, str(address), int(str(port)))
        if verdict != "allowed":
            current.refused = verdict
            raise OSError("this address may not be reached")
        return socket.socket(family, kind, protocol)

    async def close(self) -> None:
        """Nothing to close: the look-ups belong to whoever made them."""


def _result(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)
