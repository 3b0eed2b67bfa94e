"""A server that is used and stopped as usual says nothing that sounds like trouble."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from streamline_ui import sandbox
from tests.conftest import PASSWORD, ROOT, start_server, stop_server

BOT = f"bot{sandbox.DEMO['telegram']['botToken']}"


@pytest.mark.parametrize("kept_waiting", ["a long poll", "a slow answer"])
def test_who_waits_at_a_stand_in_keeps_no_server_from_stopping(tmp_path: Path, kept_waiting: str) -> None:
    server = start_server(tmp_path)
    with httpx.Client(base_url=f"{server.url}/sandbox/telegram", timeout=30) as http, ThreadPoolExecutor() as pool:
        if kept_waiting == "a slow answer":
            http.post("/_faults", json={"delay": 30}).raise_for_status()
        path = f"/{BOT}/getUpdates?timeout=50" if kept_waiting == "a long poll" else f"/{BOT}/getMe"
        answer = pool.submit(http.get, path)
        time.sleep(0.5)
        assert not answer.done()
        began = time.monotonic()
        stop_server(server)
        took = time.monotonic() - began
        assert answer.result().json()["ok"] is True
    assert took < 2, f"it took {took:.1f} s"
    assert not _trouble(server.log)


def test_the_first_body_and_the_manual_leave_nothing_in_the_log(tmp_path: Path) -> None:
    server = start_server(tmp_path)
    with httpx.Client(base_url=server.url, timeout=30) as http:
        account = {"email": "alice@example.com", "password": PASSWORD}
        http.post("/api/setup", json=account).raise_for_status()
        assert http.get("/api/docs").status_code == 200
        assert http.get("/api/openapi.json").json()["paths"]
    stop_server(server)
    assert "The first account was made." in server.log.read_text() and not _trouble(server.log)


def test_the_document_is_made_without_a_warning_as_the_program_makes_it() -> None:
    script = """
from streamline_ui import cli
cli._leave_out()
import json
from streamline_ui import settings
from streamline_ui.api import app
print(json.dumps(app.build(settings.load({})).openapi()))
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stderr == ""
    assert json.loads(done.stdout)["paths"]["/setup"]["post"]["requestBody"]


def _trouble(log: Path) -> list[str]:
    return [line for line in log.read_text().splitlines() if re.search(r"Z (WARNING|ERROR|CRITICAL)|Traceback", line)]
