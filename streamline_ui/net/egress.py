"""The only way out. Every request of the program goes through a client made here, and so through one set of rules."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Collection, Sequence

import httpx

from streamline_ui.errors import Invalid
from streamline_ui.net import addresses, faults, urls
from streamline_ui.net.addresses import Policy
from streamline_ui.net.client import Client, Explain
from streamline_ui.net.pools import Pools
from streamline_ui.net.resolve import Lookup
from streamline_ui.net.transport import Door, Limits

_pools: Pools | None = None


def start(
    *,
    allow: Sequence[str],
    own: Collection[tuple[str, int]],
    sandbox: bool,
    lookup: Lookup | None = None,
    trust: ssl.SSLContext | None = None,
) -> None:
    """Open the way out. `allow` holds the owner's rules for inner addresses, `own` where this process listens.

    `lookup` and `trust` replace the system's name resolution and certificate authorities. Raises BadSetting for a rule
    that cannot be read.
    """
    global _pools  # noqa: PLW0603 - a process has one way out
    for name in ("httpx", "httpcore", "aiohttp"):
        logging.getLogger(name).setLevel(logging.WARNING)  # they log whole addresses
    _pools = Pools(Policy.of(allow, own), sandbox=sandbox, lookup=lookup, trust=trust)


async def stop() -> None:
    """Close every connection. To be called on the loop that sent the requests."""
    global _pools
    pools, _pools = _pools, None
    if pools is not None:
        await pools.close()


def client(
    *,
    service: str,
    base_url: str = "",
    auth: httpx.Auth | None = None,
    anywhere: bool = False,
    explain: Explain | None = None,
    total: float = 30.0,
    max_bytes: int = 5_000_000,
) -> httpx.AsyncClient:
    """A client for one service, cheap to make, to be used with `async with`.

    Unless `anywhere`, it sends nothing to another origin than `base_url`'s. Its credentials stay with that origin in
    any case. `explain` makes the error for an answer that is not 2xx; without it such answers are returned. Answers
    are read whole, up to `max_bytes`; `total` is in seconds. Failures are errors.Unavailable and errors.Rejected.
    """
    if _pools is None:
        raise RuntimeError("the way out is not open: call egress.start() first")
    if not base_url and not anywhere:
        raise ValueError("a client needs a base_url or anywhere=True")
    door = Door(_pools, Limits(total, max_bytes), anywhere=anywhere)
    return Client(door, service, base_url, auth, explain, anywhere=anywhere)


def check_url(url: str) -> str:
    """The URL, if a request could go there as far as can be said without looking its name up. Raises Invalid."""
    policy = Policy() if _pools is None else _pools.policy
    try:
        origin = urls.check(url)
    except urls.UrlError as problem:
        raise Invalid(str(problem)) from None
    address = "127.0.0.1" if addresses.is_localhost(origin.host) else addresses.literal(origin.host)
    if address is not None:
        own_ok = _pools is not None and _pools.sandbox and urls.is_sandbox(url)
        verdict = policy.verdict(origin.host, address, origin.port, own_ok=own_ok)
        if verdict != "allowed":
            refusal = faults.refused(origin.host, origin.port, verdict)
            raise Invalid(refusal.message, hints=refusal.hints)
    return url
