"""A disk that is really full: nothing is taken that cannot be kept, the rest goes on, and it recovers by itself."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from streamline_ui.integrations import connections
from streamline_ui.workflows import catalog, secrets
from tests.bench import hub as hubs
from tests.bench.hub import Hub
from tests.conftest import PASSWORD, ROOT
from tests.workflows.conftest import post, webhook


def may_mount() -> bool:
    """Whether this account may have disks of its own: in most containers nobody may."""
    return (
        os.geteuid() == 0
        and subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode == 0
    )


pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.skipif(not shutil.which("unshare") or not may_mount(), reason="needs the right to mount a disk"),
]
MEGABYTE = 1_000_000


class SmallDisk(Hub):
    """A server whose data are on a disk of 150 MB of its own, seen from here through the process."""

    def start(self, program: str = "main.py") -> None:
        place = self.folder / "disk"
        place.mkdir()
        script = f'mount -t tmpfs -o size=150m tmpfs {place} && cp -a {self.data}/. {place}/ && exec "$@"'
        command = ["unshare", "-m", "sh", "-c", script, "sh", sys.executable, program]
        environment = self.environment() | {"STREAMLINE_DATA_DIR": str(place)}
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)

    @property
    def data(self) -> Path:
        if self.process is None:
            return self.folder / "data"
        return Path(f"/proc/{self.pid}/root{self.folder}/disk")

    @property
    def free(self) -> int:
        return shutil.disk_usage(self.data).free

    def fill(self, left: int = 0) -> None:
        """Leave only so many bytes."""
        with (self.data / "filler").open("ab", buffering=0) as filler:
            try:
                while (size := min(self.free - left, MEGABYTE)) > 0:
                    filler.write(b"x" * size)
            except OSError:
                return

    def relieve(self) -> None:
        (self.data / "filler").unlink()


@pytest_asyncio.fixture
async def disk(tmp_path: Path) -> AsyncIterator[SmallDisk]:
    found = SmallDisk(tmp_path)
    yield found
    if found.process is not None and found.process.poll() is None:
        found.kill()


def made(disk: SmallDisk) -> str:
    """The address of a workflow that writes what comes in to the Inbox."""
    with hubs.opened(disk) as alice:
        return (
            f"/hooks/{secrets.token(catalog.add(alice, webhook(post(connections.add(alice, 'inbox', 'Inbox', {})))))}"
        )


def kept(disk: SmallDisk) -> list[int]:
    """The numbers of the orders that are on disk, and whose execution is."""
    asked = """SELECT json_extract(trigger, '$.body.id') FROM "Execution"
        WHERE "eventId" IN (SELECT id FROM "Event") AND json_extract(trigger, '$.body.id') IS NOT NULL"""
    copy = disk.folder / "copy"
    copy.mkdir()
    for name in ("streamline.db", "streamline.db-wal"):  # SQLite itself would look for them on our disk
        shutil.copyfile(disk.data / name, copy / name)
    with closing(sqlite3.connect(copy / "streamline.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        counts = [connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in ("Event", "Execution")]
        assert counts[0] == counts[1], "something is half kept"
        return sorted(row[0] for row in connection.execute(asked).fetchall())


async def test_what_cannot_be_kept_is_not_taken_and_the_rest_goes_on(disk: SmallDisk) -> None:
    path = await asyncio.to_thread(made, disk)
    disk.start()
    await disk.until_ready()
    accepted: list[int] = []
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{disk.port}", timeout=20) as client:
        answer = await client.post("/api/auth/login", json={"email": "alice@example.com", "password": PASSWORD})
        client.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['token']}"

        async def send(number: int) -> int:
            answer = await client.post(path, json={"id": number, "padding": "x" * 20_000})
            assert answer.status_code in {202, 503}, answer.text
            if answer.status_code == 202:
                accepted.append(number)
            else:
                assert int(answer.headers["retry-after"]) >= 1
            return answer.status_code

        async def until(status: int) -> None:
            for number in range(len(accepted) + 100_000, 200_000):
                if await send(number) == status:
                    return
                await asyncio.sleep(0.1)

        assert [await send(number) for number in range(20)] == [202] * 20
        disk.fill()
        answers = [await send(number) for number in range(20, 220)]  # faster than the disk is asked
        assert answers.count(503) > 100, "the disk was not full"
        files = await client.post(path, files={"scan": ("scan.bin", b"x" * 200_000)})
        assert files.status_code == 503
        assert not any((disk.data / "files").glob("*/*")), "files of a request that was not taken"
        for page in ("/", "/api/integrations", "/api/workflows", "/integrations", "/healthz"):
            assert (await client.get(page)).status_code < 400, page
        await asyncio.sleep(5)
        ready = await client.get("/readyz")
        assert (ready.status_code, "the disk is nearly full" in ready.json()["reasons"]) == (503, True)
        disk.relieve()
        disk.fill(left=50 * MEGABYTE)
        await asyncio.sleep(6)
        assert await send(300) == 503, "there is room for it, but hardly any"
        disk.relieve()
        await until(202)
        assert (await client.get("/readyz")).status_code == 200
    assert kept(disk) == sorted(accepted)
    assert disk.log.count("An incoming request could not be stored") == 1, "and the log is not full either"
    assert disk.log.count("Traceback") == 0
    assert disk.stop() == 0
