"""Nonsense and malice at every entrance: it is refused with a sentence, nothing is stored, and nothing breaks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.async_api import expect

from streamline_ui.net import addresses
from tests.conftest import PASSWORD, Server, start_server, stop_server
from tests.pages.conftest import Opener, ready
from tests.security import kit
from tests.security.kit import ALICE, Caller, HostileService

pytestmark = pytest.mark.browser

HOOK = "https://discord.com/api/webhooks/123456789012345678/" + "Aa1_" * 17
BOT = "123456789:A" + "bC3-" * 8 + "xY"
MAIL = "SG." + "a" * 22 + "." + "b" * 43
LONG = "x" * 900_000
PLAIN = {
    "discord": {"webhookUrl": HOOK},
    "telegram": {"botToken": BOT},
    "sendgrid": {"apiKeys": {"apiKey": MAIL}},
    "http": {},
}

WRONG: dict[str, tuple[Any, ...]] = {  # by the JSON type that a field wants
    "string": (1, 1.5, True, [], ["x"], {}, {"$ne": ""}, {"set": 1}, 2**63, "a\x00b", "a\x1bb", LONG),
    "boolean": ("true", 1, 0, [], {}, 1.5),
    "integer": ("1", True, [], {}, 1.5, 2**63, -(2**63) - 1),
    "object": ("x", 1, True, [], [{}], "{}", LONG),
    "array": ("x", 1, True, {}, "[]", [1], [None], [{}]),
}
BODIES = (
    b"", b" ", b"{", b"[", b"null", b"[]", b'"x"', b"1", b"true", b"\xff\xfe{}", b"\xef\xbb\xbf{}", b"{'a': 1}", b"{,}",
    b'{"name": NaN}', b'{"name": Infinity}', b'{"name": 1e400}', b'{"name": "\\ud800"}', b'{"name": "\xed\xa0\x80"}',
    b'{"name": ' + b"9" * 5000 + b"}", b'{"a":' * 5000 + b"1" + b"}" * 5000, b"[" * 200_000, b'{"\\u0000": 1}',
    b'{"__proto__": {"isAdmin": true}, "constructor": 1}', b'{"name": "x"} {"name": "y"}', b"x" * 1_000_001,
)  # fmt: skip
KINDS = ("text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "application/xml", "")

INNER = (
    "http://127.0.0.1", "http://127.1", "http://0x7f.1", "http://2130706433", "http://0177.0.0.1", "http://localhost",
    "http://LOCALHOST.", "http://a.localhost", "http://[::1]", "http://[::ffff:127.0.0.1]", "http://[::ffff:7f00:1]",
    "http://0.0.0.0", "http://0", "http://[::]", "http://10.0.0.1", "http://172.16.0.1", "http://192.168.1.1",
    "http://100.64.0.1", "http://[fc00::1]", "http://[fd00::1]", "http://169.254.169.254/latest/meta-data",
    "http://0xa9fea9fe", "http://2852039166", "http://[::ffff:169.254.169.254]", "http://[fe80::1]",
    "http://[fe80::1%25eth0]", "http://[fd00:ec2::254]", "http://100.100.100.200", "http://168.63.129.16",
    "http://192.0.0.192", "http://224.0.0.1", "http://255.255.255.255", "http://198.18.0.1", "http://[2002:7f00:1::]",
    "http://[64:ff9b::7f00:1]", "http://[64:ff9b::a9fe:a9fe]", "http://[2001:0:7f00:1::]", "http://127.0.0.1:PORT",
    "http://127.0.0.1:PORT/api", "http://127.0.0.1:PORT/sandbox/../api", "http://127.0.0.1:PORT/sandbox/%2e%2e/api",
)  # fmt: skip
CROOKED = (
    "javascript:alert(1)", "file:///etc/passwd", "ftp://example.com", "gopher://example.com", "data:text/plain,x",
    "//example.com", "example.com", "http:example.com", "http:///example.com", "http://", "https://?x", "http://[",
    "http://user:password@example.com", "http://example.com\\@127.0.0.1", "http://example.com#@127.0.0.1",
    "http://example.com:0", "http://example.com:99999", "http://exam ple.com", "http://example.com/\r\nX: y",
    "http://127.0.0.1%00.example.com", "http://①②⑦.⓪.⓪.①", "http://127。0。0。1", "http://example.com?key=", "h" * 9000,
)  # fmt: skip


@dataclass
class House:
    """A server, Alice, and the id of a connection of each kind."""

    server: Server
    alice: Caller
    ids: dict[str, str]
    base: dict[tuple[str, str], Any]

    def count(self) -> dict[str, int]:
        """How many rows there are of what a user can make."""
        tables = ("Integration", "ApiToken", "User", "InboxEntry", "Setting")
        return {name: len(rows) for name, rows in kit.dump(self.server, *tables).items()}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    server = start_server(tmp_path_factory.mktemp("bad-input"))
    try:
        alice = kit.set_up(server, PASSWORD)
        for name in "abcdef":
            alice.tokens += (alice.made("POST", "/api/tokens", {"name": name})["token"],)
        ids = {}
        for type_name, config in (PLAIN | {"inbox": {}}).items():
            body = {"type": type_name, "name": type_name, "config": config}
            ids[type_name] = alice.made("POST", "/api/integrations", body)["id"]
        yield House(server, alice, ids, {})
        assert "Traceback" not in server.log.read_text(), server.log.read_text()[-5000:]
    finally:
        stop_server(server)


def refused(answer: httpx.Response, *statuses: int) -> dict[str, Any]:
    """Assert that it was refused as the interface refuses; returns the problem."""
    assert answer.headers["content-type"] == "application/problem+json", (answer.status_code, answer.text[:300])
    problem: dict[str, Any] = answer.json()
    assert answer.status_code == problem["status"]
    assert answer.status_code in (statuses or range(400, 500)), answer.text[:300]
    assert problem["detail"] and problem["requestId"]
    assert len(answer.content) < 20_000
    return problem


def writes(house: House) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path with an id in it, and the schemas of the fields, of every REST write that takes a body."""
    schemas = house.alice.made("GET", "/api/openapi.json")["components"]["schemas"]
    found = []
    for method, path, operation in kit.routes(house.alice):
        if "requestBody" in operation:
            schema = next(iter(operation["requestBody"]["content"].values()))["schema"]
            name = schema.get("$ref", "").rpartition("/")[2]
            filled = path.replace("{id}", house.ids["inbox"]).replace("{action}", "write")
            filled = re.sub(r"\{\w+\}", kit.UNKNOWN_ID, filled)
            found.append((method, filled, schemas.get(name, schema).get("properties", {})))
    assert len(found) > 10
    return found


def wanted(schema: dict[str, Any]) -> str:
    """The JSON type that a field's schema asks for."""
    options = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    return str(options[0].get("type", "object")) if options else "object"


def test_wrong_types_in_every_body(house: House) -> None:
    before = house.count()
    for method, path, properties in writes(house):
        if "/actions/" in path:
            continue
        for name, schema in properties.items():
            for value in WRONG[wanted(schema)]:
                refused(house.alice.ask(method, path, {name: value}))
        refused(house.alice.ask(method, path, {"no such field": 1}))
    assert house.count() == before


def test_hostile_bodies_everywhere(house: House) -> None:
    before = house.count()
    for method, path, _ in writes(house):
        for body in BODIES:
            kind = {"Content-Type": "application/json"}
            answer = house.alice.ask(method, path, content=body, headers=kind)
            refused(answer, 400, 401, 404, 409, 413, 415, 422)
        for media_type in KINDS:
            refused(house.alice.ask(method, path, content=b'{"name": "x"}', headers={"Content-Type": media_type}), 415)
    assert house.count() == before


def _fields(schema: dict[str, Any], *path: str) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    for name, inner in schema.get("properties", {}).items():
        yield (*path, name), inner
        yield from _fields(inner, *path, name)


def _with(config: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """A copy of a configuration with another value at that place."""
    copy: dict[str, Any] = json.loads(json.dumps(config))
    place = copy
    for name in path[:-1]:
        place = place.setdefault(name, {})
    place[path[-1]] = value
    return copy


def everywhere(house: House, type_name: str, config: dict[str, Any]) -> Iterator[httpx.Response]:
    """The answers to saving this, trying it, and changing a connection to it."""
    yield house.alice.ask("POST", "/api/integrations", {"type": type_name, "name": "Never", "config": config})
    yield house.alice.ask("POST", "/api/integrations/test", {"type": type_name, "config": config})
    yield house.alice.ask("PATCH", f"/api/integrations/{house.ids[type_name]}", {"config": config})


def test_wrong_types_in_every_configuration(house: House) -> None:
    before = kit.dump(house.server, "Integration")
    for entry in house.alice.made("GET", "/api/providers"):
        base = PLAIN.get(entry["type"])
        if base is None:
            continue
        for path, schema in _fields(entry["configSchema"]):
            for value in WRONG[wanted(schema)]:
                if not isinstance(value, dict):  # of a group or a mask it would be a right one
                    for answer in everywhere(house, entry["type"], _with(base, path, value)):
                        refused(answer, 422)
    assert kit.dump(house.server, "Integration") == before


SLACK = "https://hooks.slack.com/services/T00000000/B00000000/" + "x" * 24
STRANGE: tuple[tuple[str, dict[str, Any], str, str], ...] = (  # type, configuration, field, word of its sentence
    ("discord", {"webhookUrl": SLACK}, "webhookUrl", "Slack"),
    ("discord", {"webhookUrl": BOT}, "webhookUrl", "Telegram"),
    ("discord", {"webhookUrl": MAIL}, "webhookUrl", "SendGrid"),
    ("discord", {"webhookUrl": "javascript:alert(1)"}, "webhookUrl", "Discord webhook URL"),
    ("discord", {"webhookUrl": HOOK.replace("discord.com", "discord.com.evil.example")}, "webhookUrl", "Discord"),
    ("discord", {"webhookUrl": HOOK.replace("discord.com", "evil@discord.com")}, "webhookUrl", "Discord"),
    ("discord", {"webhookUrl": HOOK + "/../../../users/@me"}, "webhookUrl", "Discord"),
    ("telegram", {"botToken": HOOK}, "botToken", "Discord"),
    ("telegram", {"botToken": MAIL}, "botToken", "SendGrid"),
    ("telegram", {"botToken": "1:abc/../../x"}, "botToken", "bot token"),
    ("telegram", {"botToken": BOT, "connectionMode": "push"}, "connectionMode", "polling"),
    ("telegram", {"botToken": BOT, "pollingInterval": 1}, "pollingInterval", "1000"),
    ("telegram", {"botToken": BOT, "pollingInterval": 10**12}, "pollingInterval", "at most"),
    ("telegram", {"botToken": BOT, "webhookUrl": "https://example.com/x"}, "webhookUrl", "not both"),
    ("telegram", {}, "botToken", "missing"),
    ("sendgrid", {"apiKeys": {"apiKey": "xoxb-1-2-abcdefghijkl"}}, "apiKeys.apiKey", "Slack"),
    ("sendgrid", {"apiKeys": {"apiKey": MAIL, "fromEmail": "<b>x</b>"}}, "apiKeys.fromEmail", "e-mail"),
    ("sendgrid", {"apiKeys": {"apiKey": MAIL, "fromEmail": "a@b.c\nBcc: x@y.z"}}, "apiKeys.fromEmail", "line break"),
    ("sendgrid", {"apiKeys": {"apiKey": MAIL, **{f"k{n}": "v" for n in range(60)}}}, "apiKeys", "at most 50"),
    ("http", {"baseUrl": "https://example.com", "apiKeys": {"Host": "evil.example"}}, "apiKeys", "header"),
    ("http", {"baseUrl": "https://example.com", "apiKeys": {"X: y\r\nZ": "v"}}, "apiKeys", "line"),
    ("http", {"baseUrl": "https://example.com", "apiKeys": {"X-Key": "a\r\nZ: b"}}, "apiKeys", "line break"),
    ("http", {"apiKeys": {"X-Key": "v"}}, "baseUrl", "missing"),
)


@pytest.mark.parametrize(("type_name", "config", "field", "word"), STRANGE)
def test_strange_values_are_told_at_their_field(
    house: House, type_name: str, config: dict[str, Any], field: str, word: str
) -> None:
    before = house.count()
    for path, name in (("/api/integrations", {"name": "Never"}), ("/api/integrations/test", {})):
        answer = house.alice.ask("POST", path, {"type": type_name, "config": config, **name})
        errors = {each["field"]: each["message"] for each in refused(answer, 422)["errors"]}
        assert word in errors.get(field, "") or "control characters" in errors.get("config", ""), errors
    assert house.count() == before


@pytest.mark.parametrize("address", [*INNER, *CROOKED])
def test_addresses_that_lead_inside_or_nowhere(house: House, address: str) -> None:
    port = str(httpx.URL(house.server.url).port)
    url = address.replace("PORT", port)
    for type_name in ("discord", "http"):
        for answer in everywhere(house, type_name, PLAIN[type_name] | {"baseUrl": url}):
            problem = refused(answer, 422)
            assert [each["field"] for each in problem["errors"]] in (["baseUrl"], ["config"]), problem
    act = f"/api/integrations/{house.ids['http']}/actions/request"
    refused(house.alice.ask("POST", act, {"method": "GET", "url": url}), 422, 502)


def test_redirects_do_not_lead_inside(tmp_path_factory: pytest.TempPathFactory, service: HostileService) -> None:
    server = start_server(tmp_path_factory.mktemp("redirects"), STREAMLINE_EGRESS_ALLOW=f"127.0.0.1:{service.port}")
    try:
        alice = kit.set_up(server, PASSWORD)
        for target in (
            "http://169.254.169.254/latest/meta-data",
            "http://10.0.0.1/",
            f"{server.url}/healthz",
            "file:///",
        ):
            base = service.url(f"to-{quote(target, safe='')}")
            body = {"type": "http", "name": "Redirected", "config": {"baseUrl": base}}
            row = alice.made("POST", "/api/integrations", body)["id"]
            tested = alice.made("POST", f"/api/integrations/{row}/test")
            assert not tested["ok"], (target, tested)
            act = {"method": "GET", "url": "/x"}
            refused(alice.ask("POST", f"/api/integrations/{row}/actions/request", act), 422)
        assert addresses.classify("169.254.169.254")[0] == "never"
    finally:
        stop_server(server)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(
    ("type", "name", "config", "isActive", "email", "password", "scopes", "expiresAt", "params", "title")
)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(number=st.integers(0, 30), body=values | st.dictionaries(names, values, max_size=5), header=st.text(max_size=20))
def test_whatever_is_sent_the_answer_is_ours(house: House, number: int, body: Any, header: str) -> None:
    routes = _routes(house)
    method, path, _ = routes[number % len(routes)]
    content = json.dumps(body).encode()
    key = {"Idempotency-Key": quote(header)} if number % 3 == 0 else {}
    answer = house.alice.ask(method, path, content=content, headers={"Content-Type": "application/json", **key})
    if not answer.is_success:
        refused(answer)


def _routes(house: House) -> list[tuple[str, str, dict[str, Any]]]:
    if not house.base:
        house.base[("", "")] = writes(house)
    found: list[tuple[str, str, dict[str, Any]]] = house.base[("", "")]
    return found


NOISE = """async () => {
  const send = (...args) => window.socket.emit(...args);
  const id = window.clientId ?? document.body.innerHTML.match(/client_id['"]?: ?['"]([0-9a-f-]{36})/)?.[1];
  const odd = [null, undefined, 1, 'x', [], {}, {client_id: id}, {client_id: [id]}, {client_id: id, id: {}},
    {client_id: id, id: 999999, listener_id: 'x', args: []}, {client_id: id, id: '__class__', listener_id: {}},
    {client_id: id, id: 1, listener_id: null, args: null}, {client_id: id, request_id: 'x', result: {'__proto__': 1}},
    {client_id: '00000000-0000-4000-8000-000000000000', id: 1, listener_id: 'x', args: ['x']},
    {client_id: id, id: 1, listener_id: 'x', args: ['y'.repeat(900000)]},
    {client_id: id, request_id: 'x', result: 'y'.repeat(900000)}, {client_id: id, next_message_id: -1},
    {client_id: id, next_message_id: 'x'}, {client_id: id, message: 'x'.repeat(100000), level: 'critical'}];
  const names = ['event', 'javascript_response', 'ack', 'log', 'handshake', 'connect', 'disconnect', 'update', 'x'];
  for (const name of names)
    for (const value of odd) if (name !== 'handshake' || value?.client_id !== id) try { send(name, value); } catch {}
  send('event'); send('event', 1, 2, 3); send('', {}); send('event', new Uint8Array(1000));
  return id;
}"""


@pytest.mark.asyncio(loop_scope="session")
async def test_noise_on_the_socket_leaves_the_page_alive(house: House, contexts: Opener) -> None:
    context = await contexts(ALICE, house.server.url)
    page = await context.new_page()
    await page.goto("/")
    await ready(page)
    other = await context.new_page()
    await other.goto("/inbox")
    await ready(other)
    assert re.fullmatch("[0-9a-f-]{36}", await page.evaluate(NOISE))
    for shown, path in ((page, "/"), (other, "/inbox")):
        await ready(shown)
        assert shown.url.endswith(path)
    chip = page.get_by_role("group", name="Show").get_by_role("button", name=re.compile("^Paused"))
    await chip.click()
    await expect(page.get_by_text("None of your connections is in “Paused”.")).to_be_visible()
    name = f"Renamed {house.ids['inbox'][:4]}"
    house.alice.made("PATCH", f"/api/integrations/{house.ids['inbox']}", {"name": name})
    await page.get_by_role("group", name="Show").get_by_role("button", name=re.compile("^All")).click()
    await expect(page.get_by_test_id("conn-card").filter(has_text=name)).to_be_visible()
    assert "Traceback" not in house.server.log.read_text()
