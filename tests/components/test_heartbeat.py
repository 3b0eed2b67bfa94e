"""The row of bars: its words, and a drawing that does not need its colours."""

from __future__ import annotations

import re

import pytest

from components import heartbeat
from streamline_ui.storage.models import HealthCheck


def check(ok: bool = True, latency_ms: int | None = 20) -> HealthCheck:
    return HealthCheck(integration_id="1", ok=ok, latency_ms=latency_ms)


@pytest.mark.parametrize(
    ("checks", "words"),
    [
        ([], "No checks yet"),
        ([check()], "Last 1 check: 1 fine"),
        ([check(), check(latency_ms=2500), check(ok=False)], "Last 3 checks: 1 fine, 1 slow, 1 failed"),
        ([check(latency_ms=None)] * 2, "Last 2 checks: 2 fine"),
    ],
)
def test_the_bars_in_words(checks: list[HealthCheck], words: str) -> None:
    assert heartbeat.summary(checks) == words


def test_each_kind_has_a_height_of_its_own() -> None:
    drawing = heartbeat.drawing([check(), check(latency_ms=9000), check(ok=False)], 4)
    heights = {path: set(re.findall(r"v(\d+)", path)) for path in re.findall(r'd="([^"]+)"', drawing)}
    assert sorted(int(height) for found in heights.values() for height in found) == [7, 13, 17, 22]


def test_only_the_newest_are_drawn() -> None:
    drawing = heartbeat.drawing([check(ok=False)] + [check()] * 40, 40)
    assert "--bad-bar" not in drawing
    assert drawing.count("M") == 40
    assert "--ok-bar" not in heartbeat.drawing([check()] * 3, 40, idle=True)
