"""Asked to stop while pages are open, a real server is gone soon, and says nothing about it."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import PASSWORD, Server, start_server
from tests.pages.conftest import Opener, ready

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]
SOON = 2.0  # seconds
# Every page is told something in the very moment in which its tasks are asked to end.
TALKING = """
import sys
from nicegui import Client, app
def last_word():
    for client in Client.instances.values():
        client.outbox.enqueue_message("notify", {"message": "Stopping"}, client.id)
app.on_shutdown(last_word)
from streamline_ui import cli, sockets
close = sockets.close
async def told():
    last_word()
    await close()
sockets.close = told
sys.exit(cli.main())
"""


@pytest.fixture
def talking(tmp_path: Path) -> Iterator[Server]:
    program = tmp_path / "talking.py"
    program.write_text(TALKING)
    running = start_server(tmp_path, program=str(program), PYTHONPATH=str(Path(__file__).parents[2]))
    body = {"email": "alice@example.com", "password": PASSWORD}
    httpx.post(running.url + "/api/setup", json=body).raise_for_status()
    yield running
    running.process.kill()
    running.process.wait()


async def test_a_server_with_open_pages_stops_soon_and_quietly(talking: Server, contexts: Opener) -> None:
    context = await contexts(url=talking.url)
    for path in ("/integrations", "/workflows", "/settings/alerts"):
        page = await context.new_page()
        await page.goto(path)
        await ready(page)
    asked = time.monotonic()
    talking.process.send_signal(signal.SIGTERM)
    assert talking.process.wait(15) == 0
    assert time.monotonic() - asked < SOON
    log = talking.log.read_text()
    assert "ERROR" not in log, log
    assert "WARNING" not in log, log
    assert "Traceback" not in log, log
