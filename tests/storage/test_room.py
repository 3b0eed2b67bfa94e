"""A disk that is nearly full: told in time, looked at seldom, and relieved."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from streamline_ui.api import hooks
from streamline_ui.settings import Settings
from streamline_ui.storage import room


class Disk:
    """What the machine says about it."""

    def __init__(self) -> None:
        self.free, self.total, self.asked = 50_000_000_000, 100_000_000_000, 0

    def __call__(self, folder: Any) -> Any:
        self.asked += 1
        return SimpleNamespace(free=self.free, total=self.total)


@pytest.fixture
def disk(hub: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    found = Disk()
    monkeypatch.setattr(shutil, "disk_usage", found)
    room.look_again()
    yield found
    room.look_again()


@pytest.mark.parametrize(
    ("free", "total", "is_short"),
    [
        (50_000_000_000, 100_000_000_000, False),
        (200_000_000_000, 4_000_000_000_000, False),
        (1_000_000_000, 4_000_000_000_000, False),
        (999_999_999, 4_000_000_000_000, True),
        (500_000_001, 10_000_000_000, False),
        (499_999_999, 10_000_000_000, True),
        (99_999_999, 1_000_000_000, True),
        (100_000_001, 1_000_000_000, False),
        (0, 1_000_000_000, True),
    ],
)
def test_how_little_is_too_little(disk: Disk, free: int, total: int, is_short: bool) -> None:
    disk.free, disk.total = free, total
    assert room.is_short() is is_short
    assert (room.problem() is not None) is is_short


async def test_a_hook_is_told_to_come_back_and_the_disk_asked_seldom(disk: Disk) -> None:
    disk.free = 0

    async def with_state(scope: Any, receive: Any, send: Any) -> None:
        await Starlette(routes=hooks.routes)({**scope, "state": {}}, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(with_state), base_url="http://hub") as client:
        for _ in range(100):
            answer = await client.post("/hooks/unknown", json={})
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) >= 1
        assert disk.asked == 1
        disk.free = disk.total
        room.look_again()
        assert (await client.post("/hooks/unknown", json={})).status_code == 404
