"""What belongs to Alice is, for everybody else, as if it did not exist: over REST, on pages and on sockets."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.conftest import PASSWORD, Server, start_server, stop_server
from tests.pages.conftest import Opener, ready
from tests.security import kit
from tests.security.kit import ALICE, BOB, CHARLIE, UNKNOWN_ID, Caller, Frames

pytestmark = [pytest.mark.browser, pytest.mark.promise]

MARK = "belongs-to-alice"  # in everything of hers that could be seen
FLOW = {"name": f"{MARK} flow", "trigger": {"type": "manual"}, "steps": [{"id": "end", "type": "stop"}]}
BODIES: dict[str, Any] = {  # what would be accepted of Alice, by the end of the path; else a new name
    "/actions/{action}": {"title": "Taken", "text": "over"},
    "/choices": {"action": "write", "field": "title"},
    "/keys": {"name": "apiKey", "value": "taken"},
    "/run": {"input": {}},
    "/replay": {},
    "PUT /api/workflows/{id}": FLOW | {"name": "Taken", "version": 1},
}


@dataclass
class House:
    """A server with three people on it, and what Alice has there: the id of one of each kind, by collection."""

    server: Server
    alice: Caller
    bob: Caller
    charlie: Caller
    reader: Caller
    hers: dict[str, str]

    @property
    def nobody(self) -> Caller:
        return Caller(self.server.url)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    server = start_server(tmp_path_factory.mktemp("isolation"))
    try:
        alice = kit.set_up(server, PASSWORD)
        for email, is_admin in ((BOB, True), (CHARLIE, False)):
            body = {"email": email, "password": PASSWORD, "name": email.partition("@")[0], "isAdmin": is_admin}
            alice.made("POST", "/api/users", body)
        inbox = {"type": "inbox", "name": f"{MARK} inbox", "config": {}}
        hers = {
            "integrations": kit.connected(alice, inbox),
            "tokens": alice.made("POST", "/api/tokens", {"name": f"{MARK} token"})["id"],
            "users": alice.made("GET", "/api/me")["id"],
        }
        if any(path == "/api/workflows" for _, path, _ in kit.routes(alice)):
            hers["workflows"] = alice.made("POST", "/api/workflows", FLOW)["id"]
            hers["executions"] = alice.made("POST", f"/api/workflows/{hers['workflows']}/run", {})["executionId"]
            while alice.made("GET", f"/api/executions/{hers['executions']}")["status"] in ("queued", "running"):
                time.sleep(0.05)
        action = f"/api/integrations/{hers['integrations']}/actions/write"
        alice.made("POST", action, {"title": f"{MARK} title", "text": f"{MARK} text"})
        hers["alerts"] = kit.alert(server, hers["users"], f"{MARK} alert")
        reading = alice.made("POST", "/api/tokens", {"name": "reader", "scopes": ["read"]})["token"]
        bob, charlie = (Caller(server.url, kit.sign_in(server, email, PASSWORD)) for email in (BOB, CHARLIE))
        yield House(server, alice, bob, charlie, Caller(server.url, reading), hers)
    finally:
        stop_server(server)


@dataclass(frozen=True)
class Door:
    """A route that takes an id, and what to send there."""

    method: str
    path: str
    collection: str
    body: Any

    def at(self, row_id: str) -> str:
        return re.sub(r"\{\w+\}", UNKNOWN_ID, self.path.replace("{id}", row_id).replace("{action}", "write"))


def doors(house: House) -> list[Door]:
    """Every REST route with an id."""
    found = []
    for method, path, operation in kit.routes(house.alice):
        if "{" in path:
            fitting = (body for end, body in BODIES.items() if f"{method} {path}".endswith(end))
            body = next(fitting, {"name": "Taken"}) if "requestBody" in operation else None
            found.append(Door(method, path, path.split("/")[2], body))
    unknown = {door.collection for door in found} - set(house.hers)
    assert not unknown, f"Give Alice one of each of these, for this test to attack: {unknown}"
    return found


def told(answer: httpx.Response) -> tuple[Any, ...]:
    """Everything that could tell one answer from another."""
    body = answer.json()
    headers = {name: value for name, value in answer.headers.items() if name not in ("x-request-id", "date")}
    return answer.status_code, {**body, "requestId": ""}, headers


def attempt(caller: Caller, door: Door, row_id: str) -> httpx.Response:
    return caller.ask(door.method, door.at(row_id), door.body)


def test_there_are_doors(house: House) -> None:
    assert len(doors(house)) >= 10
    assert {door.collection for door in doors(house)} == set(house.hers)


def test_strangers_cannot_tell_what_exists(house: House) -> None:
    before = kit.dump(house.server)
    for door in doors(house):
        hers = house.hers[door.collection]
        for caller, expected in ((house.nobody, 401), (house.charlie, 403 if door.collection == "users" else 404)):
            there, nowhere = attempt(caller, door, hers), attempt(caller, door, UNKNOWN_ID)
            assert there.status_code == expected, (door, there.text)
            assert told(there) == told(nowhere), door
            assert MARK not in there.text
        if door.collection != "users":  # which admins are for
            assert told(attempt(house.bob, door, hers)) == told(attempt(house.bob, door, UNKNOWN_ID)), door
            assert attempt(house.bob, door, hers).status_code == httpx.codes.NOT_FOUND
    assert kit.dump(house.server) == before


def test_a_token_for_reading_changes_nothing(house: House) -> None:
    before = kit.dump(house.server)
    for method, path, operation in kit.routes(house.alice):
        if operation.get("security") == []:
            continue
        door = Door(method, path, path.split("/")[2], {"name": "Taken"} if "requestBody" in operation else None)
        answer = attempt(house.reader, door, house.hers.get(door.collection, UNKNOWN_ID))
        if method == "GET":
            assert answer.status_code in (httpx.codes.OK, httpx.codes.NOT_FOUND), door
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), door
    assert kit.dump(house.server) == before


def test_ids_of_others_in_a_body_do_nothing(house: House) -> None:
    before = kit.dump(house.server, "Integration", "InboxEntry")
    hers, me = house.hers["integrations"], house.hers["users"]
    inbox = {"type": "inbox", "name": "Mine", "config": {}}
    masked = {"type": "discord", "name": "Mine", "config": {"webhookUrl": {"set": True, "hint": "…abcd"}}}
    for path, body in (
        *(("/api/integrations", inbox | {name: value}) for name, value in (("id", hers), ("userId", me))),
        *(("/api/integrations/test", {"type": "inbox", "config": {name: hers}}) for name in ("id", "integrationId")),
        ("/api/integrations/test", {"type": "inbox", "config": {}, "integrationId": hers}),
        ("/api/integrations", inbox | {"config": {"userId": me, "integrationId": hers}}),
        ("/api/integrations", masked),
        ("/api/tokens", {"name": "Mine", "userId": me}),
    ):
        answer = house.charlie.ask("POST", path, body)
        assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY, (path, body, answer.text)
        assert hers not in answer.text
    assert kit.dump(house.server, "Integration", "InboxEntry") == before


def test_lists_and_repeats_are_everybodys_own(house: House) -> None:
    for path in ("/api/integrations", "/api/integrations/connected", "/api/tokens", "/api/alerts"):
        assert MARK in house.alice.ask("GET", path).text
        for caller in (house.bob, house.charlie):
            assert MARK not in caller.ask("GET", path).text
    assert MARK not in house.charlie.ask("GET", "/api/me").text
    assert house.charlie.ask("GET", "/api/users").status_code == httpx.codes.FORBIDDEN
    body = {"type": "inbox", "name": "The same", "config": {}}
    once = {"Idempotency-Key": "the-same-key"}
    ids = [
        caller.made("POST", "/api/integrations", body, headers=dict(once))["id"] for caller in (house.alice, house.bob)
    ]
    assert ids[0] != ids[1]
    for caller, made in zip((house.alice, house.bob), ids, strict=True):
        caller.made("POST", f"/api/integrations/{made}/test")  # else it is tested while another test looks at the rows


@pytest.mark.asyncio(loop_scope="session")
async def test_pages_of_others_are_not_there(house: House, contexts: Opener) -> None:
    context = await contexts(CHARLIE, house.server.url)
    pages = {}
    for name, row_id in (("hers", house.hers["integrations"]), ("none", UNKNOWN_ID)):
        answer = await context.request.get(f"/integrations/{row_id}")
        assert answer.status == httpx.codes.NOT_FOUND
        pages[name] = _without_numbers((await answer.text()).replace(row_id, "ID"))
    assert pages["hers"] == pages["none"]
    assert MARK not in pages["hers"]
    before = kit.dump(house.server, "Integration")
    page = await context.new_page()
    frames = Frames(page)
    for query in ("fix", "deleted", "connect"):
        await page.goto(f"/?{query}={house.hers['integrations']}")
        await ready(page)
        await _click_for_hers(page, house.hers["integrations"])
    await expect(page.get_by_role("heading", level=1)).to_have_text("Integrations")
    assert not any(MARK in frame for frame in frames.received)
    assert MARK not in await page.content()
    assert kit.dump(house.server, "Integration") == before
    assert "Traceback" not in house.server.log.read_text()


def _without_numbers(html: str) -> str:
    """A page without what is new in each: ids, nonces, tokens."""
    html = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID", html)
    return re.sub(r'(nonce|prefetch|"t")[=": ]+[\w+/=.-]+', r"\1", html)


async def _click_for_hers(page: Page, integration_id: str) -> None:
    """Clicks as a page of Alice's would send them, from Charlie's."""
    await page.evaluate(
        """(id) => {
          const grid = document.querySelector('.sl-cards') ?? document.body;
          for (const what of ['fix', 'configure', 'menu']) {
            const button = document.createElement('button');
            Object.assign(button.dataset, {do: what, id});
            grid.append(button); button.click(); button.remove();
          }
        }""",
        integration_id,
    )


@pytest.mark.asyncio(loop_scope="session")
async def test_what_alice_does_reaches_no_other_page(house: House, contexts: Opener) -> None:
    mine = await (await contexts(ALICE, house.server.url)).new_page()
    await mine.goto("/")
    await ready(mine)
    theirs: list[Frames] = []
    for email in (CHARLIE, BOB):
        context = await contexts(email, house.server.url)
        for path in ("/", "/inbox", "/settings/tokens"):
            page = await context.new_page()
            theirs.append(Frames(page))
            await page.goto(path)
            await ready(page)
    await asyncio.sleep(1)  # until they have settled
    before = [len(frames.received) for frames in theirs]
    await asyncio.to_thread(_act, house)
    await expect(mine.get_by_test_id("conn-card").filter(has_text=f"{MARK} renamed")).to_be_visible()
    await asyncio.sleep(1.2)  # a page hears of a change within a second
    for frames, count in zip(theirs, before, strict=True):
        news = [frame for frame in frames.received[count:] if len(frame) > len("2probe")]
        assert not [frame for frame in news if MARK in frame or house.hers["integrations"] in frame]
        assert not [frame for frame in news if '"update"' in frame], news


def _act(house: House) -> None:
    path = f"/api/integrations/{house.hers['integrations']}"
    house.alice.made("PATCH", path, {"name": f"{MARK} renamed"})
    house.alice.made("POST", f"{path}/test")
    house.alice.made("POST", f"{path}/actions/write", {"title": f"{MARK} again"})
    house.alice.made("POST", "/api/tokens", {"name": f"{MARK} second"})
