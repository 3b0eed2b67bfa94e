"""What an address is, and what the owner's rules open."""

from __future__ import annotations

import socket
from contextlib import suppress

import pytest

from streamline_ui.errors import BadSetting
from streamline_ui.net.addresses import Policy, Rule, classify, literal


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("public", "1.1.1.1 8.8.8.8 2606:4700::1111 64:ff9b::808:808 ::ffff:8.8.8.8"),
        ("loopback", "127.0.0.1 127.255.255.254 ::1 ::ffff:127.0.0.1"),
        ("private", "10.1.2.3 172.16.0.1 172.31.255.255 192.168.0.1 100.64.0.1 fd12::1 ::ffff:10.0.0.1"),
        ("never", "169.254.169.254 ::ffff:169.254.169.254 fe80::1 fe80::1%eth0 fd00:ec2::254 fd20:ce::254"),
        ("never", "100.100.100.200 168.63.129.16 192.0.0.192"),
        ("never", "0.0.0.0 :: 255.255.255.255 224.0.0.1 240.0.0.1 198.18.0.1 192.0.2.1 192.88.99.1 ff02::1"),
        ("never", "2001:db8::1 3fff::1 5f00::1 100::1 fec0::1 2001:2::1 2001:10::1"),
        ("never", "64:ff9b::127.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b::10.0.0.1 64:ff9b:1::7f00:1"),
        ("never", "2002:7f00:1:: 2001:0:7f00:1:: ::127.0.0.1 ::5efe:127.0.0.1 2600::200:5efe:7f00:1"),
    ],
)
def test_every_address_has_its_kind(kind: str, texts: str) -> None:
    assert {text: classify(text)[0] for text in texts.split()} == dict.fromkeys(texts.split(), kind)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        *((text, "127.0.0.1") for text in ("127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1")),
        *((text, "127.0.0.1") for text in ("017700000001", "127.0.0.1.", "[127.0.0.1]")),
        ("0", "0.0.0.0"),
        ("0xA9FEA9FE", "169.254.169.254"),
        ("0251.0376.0251.0376", "169.254.169.254"),
        ("[::1]", "::1"),
    ],
)
def test_an_address_is_recognised_in_every_spelling(text: str, address: str) -> None:
    assert str(literal(text)) == address


@pytest.mark.parametrize("text", ["example.com", "1.2.3.4.example.com", "face.de", "1.2.3.4.5", "0xg", "256.1.1.1", ""])
def test_a_name_is_no_address(text: str) -> None:
    assert literal(text) is None


RULES = [
    # rule, host, address, port, whether it opens
    ("nas.lan", "nas.lan", "192.168.0.2", 80, True),
    ("nas.lan", "NAS.LAN.", "192.168.0.2", 80, True),
    ("nas.lan", "evil-nas.lan", "192.168.0.2", 80, False),
    ("nas.lan", "nas.lan.evil.com", "192.168.0.2", 80, False),
    ("nas.lan:8080", "nas.lan", "192.168.0.2", 8080, True),
    ("nas.lan:8080", "nas.lan", "192.168.0.2", 80, False),
    ("*.lan", "a.b.lan", "10.0.0.1", 80, True),
    ("*.lan", "lan", "10.0.0.1", 80, False),
    ("*.lan", "evillan", "10.0.0.1", 80, False),
    ("192.168.0.2", "anything", "192.168.0.2", 80, True),
    ("192.168.0.2", "anything", "192.168.0.3", 80, False),
    ("192.168.0.2:81", "x", "192.168.0.2", 81, True),
    ("10.0.0.0/8", "x", "10.255.0.1", 1, True),
    ("10.0.0.0/8:443", "x", "10.255.0.1", 80, False),
    ("10.0.0.0/8", "x", "::ffff:10.0.0.1", 1, True),
    ("127.0.0.1", "x", "127.0.0.1", 1, True),
    ("127.0.0.1", "x", "127.0.0.2", 1, False),
    ("::1", "x", "::1", 1, True),
    ("[::1]:1883", "x", "::1", 1883, True),
    ("[::1]:1883", "x", "::1", 1884, False),
    ("fd00::/8", "x", "fd12::1", 1, True),
    ("[fd00::]/8:80", "x", "fd12::1", 80, True),
]


@pytest.mark.parametrize(("rule", "host", "address", "port", "opens"), RULES)
def test_a_rule_opens_what_it_names_and_nothing_else(
    rule: str, host: str, address: str, port: int, opens: bool
) -> None:
    policy = Policy.of([rule], ())
    assert policy.verdict(host, address, port) == ("allowed" if opens else "private")


@pytest.mark.parametrize(
    "rule", ["0.0.0.0/0", "::/0", "169.254.0.0/16", "169.254.169.254", "metadata.internal", "*.internal"]
)
@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "fd00:ec2::254", "100.100.100.200", "0.0.0.0"])
def test_no_rule_opens_what_is_never_called(rule: str, address: str) -> None:
    assert Policy.of([rule], ()).verdict("metadata.internal", address, 80) == "never"


@pytest.mark.parametrize(
    "text",
    ["", "http://nas", "nas/", "a b", "nas:", "nas:0", "nas:65536", "10.0.0.0/33", "300.1.1.1", "*", "*.*.lan", "a@b"],
)
def test_a_rule_that_cannot_be_read_stops_the_start(text: str) -> None:
    with pytest.raises(BadSetting, match="STREAMLINE_EGRESS_ALLOW"):
        Rule.parse(text)


def test_our_own_listener_is_shut_whatever_the_rules_say() -> None:
    policy = Policy.of(["127.0.0.0/8", "localhost"], {("127.0.0.1", 8080), ("::1", 8080)})
    assert policy.verdict("localhost", "127.0.0.1", 8080) == "own"
    assert policy.verdict("localhost", "::ffff:127.0.0.1", 8080) == "own"
    assert policy.verdict("localhost", "::1", 8080) == "own"
    assert policy.verdict("localhost", "127.0.0.1", 8081) == "allowed"
    assert policy.verdict("localhost", "127.0.0.1", 8080, own_ok=True) == "allowed"


def test_a_listener_on_every_address_is_ours_on_every_address() -> None:
    policy = Policy.of(["0.0.0.0/0"], {("0.0.0.0", 8080)})
    assert policy.verdict("x", "127.0.0.9", 8080) == "own"
    assert policy.verdict("x", "10.255.255.254", 8080) == "allowed"  # some other machine's
    with suppress(socket.gaierror):  # not every machine knows its own name
        for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET):
            assert policy.verdict("x", str(info[4][0]), 8080) == "own"
