"""Tools of the attacks: a REST caller that keeps what it is told, a hostile service, and a look into the database."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote
from uuid import uuid4

import httpx
from playwright.async_api import Page

from tests.conftest import ROOT, Server

ALICE, BOB, CHARLIE = "alice@example.com", "bob@example.com", "charlie@example.com"
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
VOLATILE = {"lastSeenAt", "lastSignInAt", "lastUsedAt"}
SILENCE_SECONDS = 60


class Caller:
    """Somebody with a token, or nobody. `heard` has everything that the server ever answered."""

    def __init__(self, url: str, *tokens: str) -> None:
        self.client = httpx.Client(base_url=url, timeout=45, limits=httpx.Limits(max_keepalive_connections=0))
        self.tokens = tokens
        self.count = 0
        self.heard: list[str] = []

    def ask(self, method: str, path: str, json: Any = None, **options: Any) -> httpx.Response:
        """Ask, patiently where it is too often. Several tokens take turns, since each has a limit of its own."""
        headers = dict(options.pop("headers", {}))
        if json is not None:
            options["json"] = json
        while True:
            if self.tokens:
                self.count += 1
                headers.setdefault("Authorization", f"Bearer {self.tokens[self.count % len(self.tokens)]}")
            answer = self.client.request(method, path, headers=headers, **options)
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS or "at once" not in answer.text:
                self.heard.append(f"{method} {answer.status_code} {answer.headers} {answer.text}")
                return answer
            headers.pop("Authorization", None)
            time.sleep(0.2)

    def made(self, method: str, path: str, json: Any = None, **options: Any) -> Any:
        """Ask for what must succeed; returns the JSON."""
        answer = self.ask(method, path, json, **options)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def asked_once(self, path: str, body: Any, **options: Any) -> Any:
        """Ask for a token, which only this answer may hold; it is not kept."""
        made = self.made("POST", path, body, **options)
        self.heard[-1] = self.heard[-1].replace(made["token"], "")
        return made


def connected(caller: Caller, body: dict[str, Any]) -> str:
    """Connect something and test it, so that the server has no reason to look at it soon; its id."""
    integration_id: str = caller.made("POST", "/api/integrations", body)["id"]
    caller.made("POST", f"/api/integrations/{integration_id}/test")
    return integration_id


def sign_in(server: Server, email: str, password: str) -> str:
    """A token of a new session."""
    answer = httpx.post(f"{server.url}/api/auth/login", json={"email": email, "password": password})
    token: str = answer.raise_for_status().json()["token"]
    return token


def set_up(server: Server, password: str) -> Caller:
    """Alice makes the first account of a new server."""
    body = {"email": ALICE, "password": password, "name": "Alice"}
    return Caller(server.url, httpx.post(f"{server.url}/api/setup", json=body).raise_for_status().json()["token"])


def page_paths() -> list[str]:
    """The address of every page, from the pages' own source, so that a new one cannot be forgotten."""
    files = (ROOT / "pages").rglob("*.py")
    return sorted({path for file in files for path in re.findall(r'@ui\.page\("([^"]+)"', file.read_text())})


def routes(caller: Caller) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of every REST route, from the server's own document."""
    paths = caller.made("GET", "/api/openapi.json")["paths"]
    return [
        (method.upper(), f"/api{path}", operation)
        for path, methods in paths.items()
        for method, operation in methods.items()
    ]


def dump(server: Server, *tables: str) -> dict[str, list[dict[str, Any]]]:
    """Every row as it lies in the database, without the times that looking changes."""
    with sqlite3.connect(f"file:{database(server)}?mode=ro", uri=True) as connection:
        connection.row_factory = sqlite3.Row
        names = tables or [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: [
                {key: row[key] for key in row.keys() if key not in VOLATILE}  # noqa: SIM118 - a row is no mapping
                for row in connection.execute(f'SELECT * FROM "{name}" ORDER BY 1')
            ]
            for name in names
        }


def alert(server: Server, user_id: str, name: str) -> str:
    """An alert for somebody that is over and told, so that no sweep has anything to do with it; returns its id."""
    key, at = str(uuid4()), datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    values = {"id": key, "userId": user_id, "matter": "connection", "subjectId": key, "name": name, "text": name}
    values |= {"hint": "", "link": "", "beganAt": at, "raisedAt": at, "endedAt": at, "toldAt": at, "endToldAt": at}
    with sqlite3.connect(database(server), timeout=10) as connection:
        columns = ", ".join(f'"{column}"' for column in values)
        marks = ", ".join("?" * len(values))
        connection.execute(f'INSERT INTO "Alert" ({columns}) VALUES ({marks})', tuple(values.values()))
    return key


def database(server: Server) -> Path:
    """The database's file."""
    return next(server.data.glob("*.db"))


class Frames:
    """What goes over the sockets of a page, in both directions."""

    def __init__(self, page: Page) -> None:
        self.received: list[str] = []
        self.sent: list[str] = []
        page.on("websocket", self._listen)

    def _listen(self, socket: Any) -> None:
        socket.on("framereceived", lambda frame: self.received.append(_text(frame)))
        socket.on("framesent", lambda frame: self.sent.append(_text(frame)))


def _text(frame: str | bytes) -> str:
    return frame if isinstance(frame, str) else frame.decode("utf-8", "replace")


class HostileService:
    """Answers below `/{mode}/…`; see `_Handler` for the modes. `said` are the texts of the mode `say`."""

    def __init__(self, said: Sequence[str] = ()) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.server.daemon_threads = False  # so that closing waits for them, and no socket is left open
        self.server.said = list(said)  # type: ignore[attr-defined]
        self.server.over = threading.Event()  # type: ignore[attr-defined]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def port(self) -> int:
        port: int = self.server.server_address[1]
        return port

    def url(self, mode: str) -> str:
        return f"http://127.0.0.1:{self.port}/{mode}"

    def say(self, texts: Sequence[str]) -> None:
        self.server.said = list(texts)  # type: ignore[attr-defined]

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.over.set()  # type: ignore[attr-defined]
        self.server.shutdown()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """`echo-STATUS` repeats the request in every place of the answer, `say-NUMBER` says a text there, `to-URL` sends
    on, `silent` does not answer, `cut` stops in the middle, `noise` is not HTTP."""

    timeout = 5

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length).decode("utf-8", "replace")
        mode, _, rest = self.path.lstrip("/").partition("/")
        kind, _, argument = mode.partition("-")
        if kind == "echo":
            told = f"{self.path} {self.headers} {body}"
            pieces = re.findall(r"[\w.:-]{20,60}", f"{rest} {self.headers.get('Authorization', '')}")
            self._send(int(argument), told, max(pieces, key=len, default="none"))
        elif kind == "say":
            text = self.server.said[int(argument)]  # type: ignore[attr-defined]
            self._send(200, text, text)
        elif kind == "refuse":
            text = self.server.said[int(argument)]  # type: ignore[attr-defined]
            self._send(400, text, text)
        elif kind == "to":
            self._start(302, {"Location": unquote(argument), "Content-Length": "0"})
        elif kind == "silent":
            self.server.over.wait(SILENCE_SECONDS)  # type: ignore[attr-defined]
        elif kind == "cut":
            self._start(200, {"Content-Length": "1000"})
            self.wfile.write(self.path.encode())
        else:
            self.wfile.write(b"\x00\xff" + self.path.encode())

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names are the library's

    def _send(self, status: int, text: str, code: str) -> None:
        webhook = re.search(r"/webhooks/(\d+)/", self.path)  # whoever does not say who it is, is not believed
        body = json.dumps(
            {
                "ok": status == httpx.codes.OK,
                "id": webhook[1] if webhook else text,
                "type": 1,
                "channel_id": text,
                "name": text,
                "message": text,
                "description": text,
                "code": code,
                "error": text,
                "error_code": code,
                "errors": [{"message": text, "field": text, "help": text}],
                "scopes": ["mail.send", text],
                "result": {"id": 7, "is_bot": True, "username": text, "message_id": 7, "text": text},
            }
        ).encode()
        header = {"X-Told": re.sub(r"[^ -~]", " ", text), "X-Message-Id": re.sub(r"[^ -~]", " ", text)}
        self._start(status, {"Content-Type": "application/json", "Content-Length": str(len(body)), **header})
        self.wfile.write(body)

    def _start(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def files_below(*folders: Path) -> Iterator[Path]:
    """Every file in these folders."""
    for folder in folders:
        yield from (path for path in folder.rglob("*") if path.is_file())
