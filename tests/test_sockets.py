"""A page's socket belongs to the session the page was built for. Attacked with a real Socket.IO client."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import socketio
from nicegui import Client

from streamline_ui import sockets

ROOT = Path(__file__).parent.parent
ALICE, BOB = "cookie-of-alice", "cookie-of-bob"
SHAKING = "tab_id=t&document_id=d&next_message_id=0&implicit_handshake=true"  # within the connection's own address


@dataclass(frozen=True)
class Page:
    """What a browser knows of a page: its id, and its button with what to send for a click."""

    id: str
    element: int
    listener: str


class Hub:
    """The program, and what a browser or an attacker can do to it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str, cookie: str = "") -> httpx.Response:
        return httpx.get(self.url + path, headers={"Cookie": f"streamline_session={cookie}"} if cookie else {})

    def hits(self) -> list[str]:
        found: list[str] = self.get("/hits").json()
        return found

    def open(self, cookie: str = "") -> Page:
        text = self.get("/", cookie).text
        page_id = re.search(r"['\"]client_id['\"]: ['\"]([0-9a-f-]{36})", text)
        button = re.search(r'"(\d+)":\{"tag":"q-btn".*?"listener_id":"([^"]+)"', text)
        assert page_id and button, text
        return Page(page_id[1], int(button[1]), button[2])

    @asynccontextmanager
    async def connected(
        self,
        page: Page | None,
        *,
        cookie: str = "",
        origin: str | None = "",
        implicitly: bool = False,
    ) -> AsyncIterator[socketio.AsyncClient]:
        """A socket for a page; `origin` None leaves it out, "" means ours."""
        headers = {} if origin is None else {"Origin": origin or self.url}
        if cookie:
            headers["Cookie"] = f"other=1; streamline_session={cookie}"
        client = socketio.AsyncClient(reconnection=False)
        query = f"?client_id={page.id}{'&' + SHAKING if implicitly else ''}" if page else ""
        try:
            await client.connect(
                self.url + query,
                socketio_path="/_nicegui_ws/socket.io",
                headers=headers,
                transports=["websocket"],
                wait_timeout=5,
            )
            yield client
        finally:
            await client.disconnect()
            await asyncio.sleep(0)

    async def shake(self, client: socketio.AsyncClient, page: Page) -> bool:
        data = {"client_id": page.id, "tab_id": "tab", "document_id": "document", "next_message_id": 0}
        accepted: bool = await client.call("handshake", data, timeout=5)
        return accepted

    async def click(self, client: socketio.AsyncClient, page: Page, *, hangs_up: bool = False) -> int:
        """Click the page's button, and say how often its handler ran. The server may hang up in answer."""
        before = len(self.hits())
        message = {"client_id": page.id, "id": page.element, "listener_id": page.listener, "args": []}
        await client.emit("event", message)
        with suppress(*([socketio.exceptions.SocketIOError] if hangs_up else [])):
            await client.call("handshake", {"client_id": "none", "tab_id": "", "document_id": ""}, timeout=5)
        return len(self.hits()) - before


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("hub")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "NICEGUI"))}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.socket_hub", str(port)],
            cwd=ROOT,
            env=clean | {"NICEGUI_STORAGE_PATH": str(folder)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    running = Hub(f"http://127.0.0.1:{port}")
    try:
        for _ in range(200):
            try:
                running.get("/hits")
                break
            except httpx.TransportError:
                assert process.poll() is None, (folder / "log").read_text()
                time.sleep(0.05)
        yield running
    finally:
        process.terminate()
        process.wait(10)
    assert "Traceback" not in (folder / "log").read_text()


async def test_the_owner_of_a_page_may_use_it(hub: Hub) -> None:
    page = hub.open(ALICE)
    async with hub.connected(page, cookie=ALICE) as client:
        assert await hub.shake(client, page)
        assert await hub.click(client, page) == 1
    assert hub.hits()[-1] == "alice"


def test_polling_works_where_sockets_are_blocked(hub: Hub) -> None:
    page = hub.open(ALICE)
    url = f"{hub.url}/_nicegui_ws/socket.io/?EIO=4&transport=polling"
    headers = {"Cookie": f"streamline_session={ALICE}", "Origin": hub.url}
    opened = httpx.get(f"{url}&client_id={page.id}&{SHAKING}", headers=headers)
    assert not any(name.startswith("access-control") for name in opened.headers)
    url += f"&sid={json.loads(opened.text[1:])['sid']}"
    click = {"client_id": page.id, "id": page.element, "listener_id": page.listener, "args": []}
    before = len(hub.hits())
    assert httpx.post(url, content="40", headers=headers).text == "OK"
    assert httpx.get(url, headers=headers).text.startswith("40")
    assert httpx.post(url, content="42" + json.dumps(["event", click]), headers=headers).text == "OK"
    assert len(hub.hits()) == before + 1
    assert httpx.post(url, content="40", headers=headers | {"Origin": "https://evil.example"}).status_code == 403


@pytest.mark.parametrize("cookie", ["", BOB, "made-up"])
async def test_nobody_else_may_shake_hands_for_it(hub: Hub, cookie: str) -> None:
    page = hub.open(ALICE)
    async with hub.connected(page, cookie=cookie) as client:
        assert not await hub.shake(client, page)
        assert await hub.click(client, page) == 0


@pytest.mark.parametrize("cookie", ["", BOB, "made-up"])
async def test_nobody_else_may_shake_hands_while_connecting(hub: Hub, cookie: str) -> None:
    page = hub.open(ALICE)
    with pytest.raises(socketio.exceptions.ConnectionError):
        async with hub.connected(page, cookie=cookie, implicitly=True):
            pass
    async with hub.connected(page, cookie=ALICE, implicitly=True) as client:
        assert await hub.click(client, page) == 1


@pytest.mark.parametrize("cookie", ["", BOB, ALICE])
async def test_nobody_else_may_send_its_events_while_it_is_in_use(hub: Hub, cookie: str) -> None:
    """Knowing the page's id is not enough, not even with a socket and a page of one's own."""
    page, own = hub.open(ALICE), hub.open(cookie)
    async with hub.connected(page, cookie=ALICE) as victim, hub.connected(own, cookie=cookie) as attacker:
        assert await hub.shake(victim, page)
        assert await hub.shake(attacker, own)
        assert await hub.click(attacker, page) == 0
        assert await hub.click(victim, page) == 1


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
async def test_other_sites_get_no_socket_even_with_the_cookie(hub: Hub, origin: str) -> None:
    page = hub.open(ALICE)
    with pytest.raises(socketio.exceptions.ConnectionError):
        async with hub.connected(page, cookie=ALICE, origin=origin):
            pass
    polling = f"{hub.url}/_nicegui_ws/socket.io/?EIO=4&transport=polling&client_id={page.id}&{SHAKING}"
    headers = {"Cookie": f"streamline_session={ALICE}", "Origin": origin}
    assert [httpx.request(method, polling, headers=headers).status_code for method in ("GET", "POST")] == [403, 403]


async def test_without_an_origin_there_is_no_socket(hub: Hub) -> None:
    with pytest.raises(socketio.exceptions.ConnectionError):
        async with hub.connected(hub.open(ALICE), cookie=ALICE, origin=None):
            pass


async def test_pages_without_a_session_are_for_everybody(hub: Hub) -> None:
    for cookie in ("", BOB):
        page = hub.open()
        async with hub.connected(page, cookie=cookie) as client:
            assert await hub.shake(client, page)
            assert await hub.click(client, page) == 1
    assert hub.hits()[-1] == "nobody"


async def test_hostile_messages_do_no_harm(hub: Hub) -> None:
    page = hub.open(ALICE)
    async with hub.connected(page, cookie=ALICE) as client:
        assert await hub.shake(client, page)
        for message in (None, [], "x", 1, {}, {"client_id": []}, {"client_id": {"a": 1}}):
            for event in ("event", "javascript_response", "ack", "log"):
                await client.emit(event, message)
        for event in ("event", "ack", "log", "javascript_response"):
            await client.emit(event, {"client_id": page.id, "level": "x", "id": 99, "next_message_id": "y"})
        for message in (None, {}, {"client_id": page.id}, {"client_id": page.id, "tab_id": []}):
            assert not await client.call("handshake", message, timeout=5)
        assert await hub.click(client, page) == 1


async def test_when_a_session_ends_its_pages_die_and_no_others(hub: Hub) -> None:
    page, hidden, bobs = hub.open(ALICE), hub.open(ALICE), hub.open(BOB)
    async with hub.connected(page, cookie=ALICE) as client, hub.connected(bobs, cookie=BOB) as other:
        assert await hub.shake(client, page)
        assert await hub.shake(other, bobs)
        gone = asyncio.Event()
        client.on("disconnect", lambda *_: gone.set())
        told: list[str] = []
        client.on("run_javascript", lambda message: told.append(message["code"]))
        before = len(hub.hits())
        assert httpx.post(f"{hub.url}/end/{ALICE}").status_code == 200
        await asyncio.wait_for(gone.wait(), 2)
        assert told == ["window.location.reload()"]
        assert len(hub.hits()) == before
        assert await hub.click(other, bobs) == 1
    async with hub.connected(page, cookie=ALICE) as client:
        for old in (page, hidden):
            assert not await hub.shake(client, old)
            assert await hub.click(client, old) == 0


async def test_a_session_that_another_process_ended_can_do_nothing(hub: Hub) -> None:
    charlie, dave = "cookie-of-charlie", "cookie-of-dave"
    page, hidden, bobs = hub.open(charlie), hub.open(charlie), hub.open(BOB)
    async with hub.connected(page, cookie=charlie) as client:
        assert await hub.shake(client, page)
        httpx.post(f"{hub.url}/vanish/{charlie}")
        assert await hub.click(client, page, hangs_up=True) == 0
    async with hub.connected(hidden, cookie=charlie) as client:
        assert not await hub.shake(client, hidden)
    page = hub.open(dave)
    async with hub.connected(page, cookie=dave) as client, hub.connected(bobs, cookie=BOB) as other:
        assert await hub.shake(client, page)
        assert await hub.shake(other, bobs)
        gone = asyncio.Event()
        client.on("disconnect", lambda *_: gone.set())
        httpx.post(f"{hub.url}/sweep")
        assert await hub.click(client, page) == 1
        httpx.post(f"{hub.url}/vanish/{dave}")
        httpx.post(f"{hub.url}/sweep")
        await asyncio.wait_for(gone.wait(), 2)
        assert await hub.click(other, bobs) == 1


def test_pages_carry_a_policy_that_only_their_own_scripts_meet(hub: Hub) -> None:
    page = hub.get("/twice", BOB)
    policy = page.headers["content-security-policy"]
    nonce = re.search(r"'nonce-([\w-]+)'", policy)
    assert nonce and "'unsafe-inline'" not in policy.partition("script-src")[2]
    tags = re.findall(r"<script[^>]*>", page.text)
    assert len(tags) > 5 and all(f'nonce="{nonce[1]}"' in tag for tag in tags)
    assert "<script>window.injected" not in page.text and "window.injected" in page.text
    assert page.headers["content-encoding"] == "gzip"


def test_the_files_of_nicegui_are_small_and_kept(hub: Hub) -> None:
    text = hub.get("/", BOB).text
    for path in set(re.findall(r"/_nicegui/[^\"')]+\.(?:js|css)", text)):
        answers = [httpx.get(hub.url + path) for _ in range(2)]
        for answer in answers:
            assert answer.headers.get("content-encoding") == "gzip" or len(answer.content) < 1000, path
            assert "immutable" in answer.headers["cache-control"], path
            assert answer.headers["x-content-type-options"] == "nosniff"
        assert answers[0].content == answers[1].content


def test_too_much_is_refused_by_the_real_server_too(hub: Hub) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(30):
            yield b"x" * 50_000

    assert httpx.post(hub.url + "/echo", content=b"x" * 1000).json() == 1000
    for content in (chunks(), b"x" * 1_000_001):
        try:
            answer = httpx.post(hub.url + "/echo", content=content)
        except httpx.WriteError:
            continue  # it hung up while we were still talking
        assert answer.status_code == 413 and answer.json()["code"] == "body_too_large"


def test_a_host_that_is_not_ours_is_refused_by_the_real_server_too(hub: Hub) -> None:
    address = hub.url.removeprefix("http://").split(":")
    for head, status in (
        (b"Host: a/?x=\r\n", 400),
        (b"", 400),
        (f"Host: {':'.join(address)}\r\n".encode() * 2, 400),
        (f"Host: {':'.join(address)}\r\n".encode(), 200),
    ):
        with socket.create_connection((address[0], int(address[1])), 5) as raw:
            raw.sendall(b"GET /hits HTTP/1.1\r\n" + head + b"Connection: close\r\n\r\n")
            answer = b"".join(iter(lambda: raw.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 %d " % status), (head, answer)


def test_an_unknown_nicegui_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def other(self: Client, socket_id: str) -> bool:
        return True

    monkeypatch.setattr(Client, "accept_handshake", other)
    monkeypatch.setattr(sockets, "_lookup", None)
    with pytest.raises(RuntimeError, match="NiceGUI"):
        sockets.bind(lambda cookie: None, set)


def test_cookies_are_found_among_others() -> None:
    assert sockets._session_cookie('a=b; weird="x; streamline_session=abc; c=d') == "abc"
    assert sockets._session_cookie("") is None
    assert json.dumps(sockets._session_cookie("streamline_session=")) == '""'
