"""A server that a test kills and starts again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import PASSWORD, ROOT, start_server


class Restartable:
    """A server that can be killed and started again at the same address."""

    def __init__(self, folder: Path) -> None:
        self.first = start_server(folder)
        self.process = self.first.process
        self.url = self.first.url

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def start(self) -> None:
        environment = os.environ | {
            "STREAMLINE_PORT": self.url.rpartition(":")[2],
            "STREAMLINE_DATA_DIR": str(self.first.data),
            "STREAMLINE_SANDBOX": "1",
        }
        clean = {key: value for key, value in environment.items() if not key.startswith(("PYTEST", "NICEGUI"))}
        with self.first.log.open("ab") as log:
            command = [sys.executable, "main.py"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=clean, stdout=log, stderr=log)
        for _ in range(100):
            try:
                urllib.request.urlopen(self.url + "/healthz", timeout=1).close()
            except OSError:
                time.sleep(0.1)
            else:
                return


@pytest.fixture
def restartable(tmp_path: Path) -> Iterator[Restartable]:
    running = Restartable(tmp_path)
    body = {"email": "alice@example.com", "password": PASSWORD}
    httpx.post(running.url + "/api/setup", json=body).raise_for_status()
    yield running
    running.kill()
