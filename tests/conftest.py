"""What every test may ask for. The cast: Alice owns the server, Bob shares it, Charlie must not see."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from streamline_ui import sandbox
from streamline_ui import settings as configuration
from streamline_ui.access import users
from streamline_ui.net import egress, pace
from streamline_ui.settings import Settings
from streamline_ui.storage import db, migrate
from streamline_ui.storage.models import User
from streamline_ui.vault import keyring

ROOT = Path(__file__).parent.parent
PASSWORD = "quiet-river-paper-lamp"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A second run could pass where the first has lost or leaked something."""
    for item in items:
        if item.get_closest_marker("promise"):
            item.add_marker(pytest.mark.flaky(reruns=0))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings for a fresh data folder, with the sandbox on."""
    return configuration.load(
        {
            "STREAMLINE_DATA_DIR": str(tmp_path / "data"),
            "STREAMLINE_SANDBOX": "1",
            "STREAMLINE_EGRESS_ALLOW": "127.0.0.1",
        }
    )


@pytest.fixture
def data(settings: Settings) -> Iterator[Settings]:
    """An open database and vault, without HTTP."""
    configuration.use(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    db.connect(settings.database_url)
    migrate.upgrade(settings)
    keyring.unlock(settings)
    yield settings
    keyring.forget()
    db.dispose()


@pytest_asyncio.fixture
async def hub(data: Settings) -> AsyncIterator[Settings]:
    """Data, and the way out."""
    egress.start(allow=data.egress_allow, own={("127.0.0.1", data.port)}, sandbox=True)
    yield data
    await egress.stop()


@pytest.fixture
def alice(data: Settings) -> User:
    """She owns the server."""
    return users.create_first("alice@example.com", PASSWORD, "Alice")


@pytest.fixture
def bob(alice: User) -> User:
    """He shares the server."""
    return users.create("bob@example.com", PASSWORD, name="Bob")


@pytest.fixture
def charlie(alice: User) -> User:
    """He must not see what is theirs."""
    return users.create("charlie@example.com", PASSWORD, name="Charlie")


@pytest_asyncio.fixture
async def stand_ins() -> AsyncIterator[str]:
    """The sandbox on a real socket: the address below which every service stands, `…/sandbox`."""
    pace.forget()
    async with serving(Starlette(routes=[Mount("/sandbox", sandbox.build())])) as url:
        yield f"{url}/sandbox"


@asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[str]:
    """A small web server for one test, on a real socket: its address."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off"))
    running = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await running


@dataclass(frozen=True)
class Server:
    """A real process: where it listens, its data folder and its log file."""

    url: str
    data: Path
    log: Path
    process: subprocess.Popen[bytes]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start_server(folder: Path, *, program: str = "main.py", **variables: str) -> Server:
    """Start the program as a user does, and wait until it answers."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "NICEGUI", "STREAMLINE"))}
    environment = clean | {
        "STREAMLINE_PORT": str(port),
        "STREAMLINE_DATA_DIR": str(folder / "data"),
        "STREAMLINE_SANDBOX": "1",
    }
    log = folder / "server.log"
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, program], cwd=ROOT, env=environment | variables, stdout=file, stderr=subprocess.STDOUT
        )
    server = Server(f"http://127.0.0.1:{port}", folder / "data", log, process)
    for _ in range(300):
        try:
            with urllib.request.urlopen(server.url + "/healthz", timeout=1):
                return server
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
    process.kill()
    raise RuntimeError(f"the server did not start:\n{log.read_text()[-3000:]}")


def stop_server(server: Server) -> None:
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(15) == 0, server.log.read_text()[-3000:]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One running server for all browser tests of a process; Alice has the first account."""
    running = start_server(tmp_path_factory.mktemp("server"))
    httpx.post(
        running.url + "/api/setup", json={"email": "alice@example.com", "password": PASSWORD, "name": "Alice"}
    ).raise_for_status()
    yield running
    stop_server(running)
