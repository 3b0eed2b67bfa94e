"""Judges where a request may go: what an address is, what the rules open, and what stays shut whatever they say.

Nothing here opens a socket or looks a name up.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from streamline_ui.errors import BadSetting

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Kind = Literal["public", "private", "loopback", "never"]
Verdict = Literal["allowed", "private", "own", "never"]


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


# Instance metadata hands out a machine's own credentials, so no rule opens these or any link-local address.
METADATA = _networks(
    "169.254.0.0/16", "fe80::/10", "fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"
)
LOOPBACK = _networks("127.0.0.0/8", "::1")
PRIVATE = _networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
# Unspecified, documentation, benchmark, multicast, reserved: nobody's service lives there.
RESERVED = _networks(
    *("0.0.0.0/8", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24"),
    *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "::/128", "100::/64", "2001:2::/48", "2001:10::/28"),
    *("2001:20::/28", "2001:db8::/32", "3fff::/20", "5f00::/16", "fec0::/10", "ff00::/8"),
)
# Local NAT64, 6to4, Teredo and IPv4-compatible: an inner IPv4 address in disguise.
TUNNELS = _networks("64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
ISATAP = (0x00005EFE, 0x02005EFE)  # the third 32-bit word of such an address
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared with, never bound

_RULE = re.compile(
    r"(?P<body>\[[0-9a-f:.]+\](?:/\d+)?|[^:\[\]]+|[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:./]*?)(?::(?P<port>\d{1,5}))?"
)
_RULE_HOST = re.compile(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_NUMERIC = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}")


@lru_cache(maxsize=1000)
def classify(text: str | Address) -> tuple[Kind, Address]:
    """What kind of address this is, and the address without an IPv4-in-IPv6 disguise."""
    address = ipaddress.ip_address(text.partition("%")[0]) if isinstance(text, str) else text
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if _within(address, METADATA):
        return "never", address
    if _within(address, LOOPBACK):
        return "loopback", address
    if _within(address, RESERVED):
        return "never", address
    if isinstance(address, ipaddress.IPv6Address) and (kind := _classify_disguise(address)):
        return kind, address
    if _within(address, PRIVATE):
        return "private", address
    return ("public" if address.is_global else "never"), address


def _classify_disguise(address: ipaddress.IPv6Address) -> Kind | None:
    """IPv6-only machines reach IPv4 through NAT64, so that one is judged by the address inside; no other tunnel is."""
    if address in NAT64:
        inner, _ = classify(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        return "public" if inner == "public" else "never"
    if _within(address, TUNNELS) or (int(address) >> 32) & 0xFFFFFFFF in ISATAP:
        return "never"
    return None


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


@lru_cache(maxsize=1000)
def literal(host: str) -> Address | None:
    """The address that a host spells out, in any form (0x7f.1, 2130706433) that the system's resolver takes for one."""
    bare = host.lower().strip("[]").rstrip(".")
    try:
        return ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        pass
    if _NUMERIC.fullmatch(bare):
        try:
            return ipaddress.IPv4Address(socket.inet_aton(bare))
        except OSError:
            return None
    return None


def is_localhost(host: str) -> bool:
    """Whether the name means this machine by convention, whatever a name server says."""
    bare = host.lower().rstrip(".")
    return bare == "localhost" or bare.endswith(".localhost")


@dataclass(frozen=True, slots=True)
class Rule:
    """Opens private or loopback addresses: a network, or a host name (`*.suffix` for all below), maybe on one port."""

    network: Network | None
    host: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> Rule:
        """Read one rule. Raises BadSetting with a sentence that shows the forms."""
        found = _RULE.fullmatch(text.strip().lower())
        port = int(found["port"]) if found and found["port"] else None
        if found and (port is None or 0 < port < 65536):
            body = found["body"].replace("[", "").replace("]", "")
            try:
                return cls(ipaddress.ip_network(body, strict=False), "", port)
            except ValueError:
                if _RULE_HOST.fullmatch(body) and not _NUMERIC.fullmatch(body):
                    return cls(None, body, port)
        raise BadSetting(
            f"STREAMLINE_EGRESS_ALLOW cannot use {text.strip()[:80]!r}. It takes nas.lan, *.lan, 192.168.1.20 or "
            "10.0.0.0/8, each with a port if you like (nas.lan:8080), separated by commas."
        )

    def covers(self, host: str, address: Address, port: int) -> bool:
        if self.port is not None and self.port != port:
            return False
        if self.network is not None:
            return address.version == self.network.version and address in self.network
        name = host.lower().rstrip(".")
        return name.endswith(self.host[1:]) if self.host.startswith("*.") else name == self.host


@dataclass(frozen=True)
class Policy:
    """What may be reached. `own` are the addresses and ports that this very process listens on."""

    allow: tuple[Rule, ...] = ()
    own: frozenset[tuple[str, int]] = frozenset()

    @classmethod
    def of(cls, allow: Iterable[str], own: Collection[tuple[str, int]]) -> Policy:
        """Build it from the texts of the settings. Raises BadSetting."""
        spelled = {("127.0.0.1" if is_localhost(host) else str(literal(host) or host), port) for host, port in own}
        return cls(tuple(Rule.parse(text) for text in allow), frozenset(spelled))

    def verdict(self, host: str, address: str | Address, port: int, *, own_ok: bool = False) -> Verdict:
        """Judge one numeric address that `host` stands for. `own_ok` opens our own listener, for its stand-ins."""
        kind, plain = classify(address)
        if kind == "never":
            return "never"
        if self._is_own(plain, port):
            return "allowed" if own_ok else "own"
        if kind == "public" or any(rule.covers(host, plain, port) for rule in self.allow):
            return "allowed"
        return "private"

    def _is_own(self, address: Address, port: int) -> bool:
        hosts = {host for host, own_port in self.own if own_port == port}
        if not hosts:
            return False
        return str(address) in hosts or (not hosts.isdisjoint(ANY_ADDRESS) and is_this_machine(address))


@lru_cache(maxsize=256)
def is_this_machine(address: Address) -> bool:
    """Whether one of this machine's network interfaces has the address: only then can a socket take it."""
    if address.is_loopback:
        return True
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError:
            return False
    return True
