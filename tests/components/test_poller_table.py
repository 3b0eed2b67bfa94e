"""The table of pollers and the headline above it: every figure, trouble in words, and figures in one style."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from components import diagnostics_board, figures, poller_table
from streamline_ui.diagnostics.state import State
from streamline_ui.storage.models import now
from streamline_ui.workflows.listening.hearing import Tally
from streamline_ui.workflows.listening.polling_service import Listed

AT = now()


def poller(**more: Any) -> Listed:
    values: dict[str, Any] = {
        "integration_id": "1a2b3c4d-0000",
        "type": "telegram",
        "feed": "updates",
        "last_polled_at": AT - timedelta(seconds=12),
        "next_poll_at": AT + timedelta(seconds=48),
        "late": 0.0,
        "failures": 0,
        "error": "",
        "is_asking": False,
        "is_blocked": False,
    }
    return Listed(**{**values, **more})


def cells(html: str) -> list[list[str]]:
    """What stands in each row below the head."""
    rows = re.findall(r"<tr role='row'>(.*?)</tr>", html)[1:]
    plain = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
    return [[re.sub(r"<[^>]*>", "", cell) for cell in row] for row in plain]


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ({}, ["updates", "12 s ago", "in 48 s", "–", "0", ""]),
        ({"is_asking": True, "feed": "new_rows"}, ["new rows", "12 s ago", "asking now", "–", "0", ""]),
        (
            {"last_polled_at": None, "next_poll_at": AT, "late": 2.34},
            ["updates", "never", "now", "2.3 s", "0", ""],
        ),
        (
            {"failures": 1200, "error": "It is <down>.", "next_poll_at": AT + timedelta(minutes=5), "late": 75.0},
            ["updates", "12 s ago", "in 5 min", "1 min", "1,200", "It is &lt;down&gt;."],
        ),
        (
            {"is_blocked": True, "failures": 1, "error": "Refused (401).", "next_poll_at": None},
            ["updates", "12 s ago", "stopped", "–", "1", f"Refused (401). {poller_table.STUCK}"],
        ),
        ({"is_blocked": True, "next_poll_at": None}, ["updates", "12 s ago", "stopped", "–", "0", poller_table.STUCK]),
    ],
)
def test_a_poller_in_figures_and_words(state: dict[str, Any], shown: list[str]) -> None:
    ((name, *values),) = cells(poller_table.html([poller(**state)], AT))
    assert name.strip() == "Telegram Bot 1a2b3c4d" and values == shown


@pytest.mark.parametrize(
    ("state", "tone"), [({}, None), ({"failures": 1}, "warn"), ({"failures": 1, "is_blocked": True}, "bad")]
)
def test_trouble_is_marked(state: dict[str, Any], tone: str | None) -> None:
    html = poller_table.html([poller(**state)], AT)
    assert re.findall(r"sl-st (\w+)", html) == ([tone] if tone else [])


def test_what_nobody_listens_to_is_said() -> None:
    assert "Nothing is polled" in poller_table.html([], AT)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (99_949, "99.9 kB"), (99_960, "100 kB"), (999_600, "1.0 MB"),
     (184e6, "184 MB"), (2.5e9, "2.5 GB"), (3e13, "30000 GB")],
)  # fmt: skip
def test_sizes(number: float, text: str) -> None:
    assert figures.size(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.0123, "12 ms"),
        (0.9996, "1.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (500, "8 min"),
    ],
)
def test_short_times(seconds: float, text: str) -> None:
    assert figures.took(seconds) == text


@pytest.mark.parametrize(
    ("problems", "lacks", "tally", "tone", "said"),
    [
        ([], [], Tally(0, 0), "ok", "Everything runs."),
        ([], [], Tally(60, 0), "ok", "Everything runs."),
        ([], [], Tally(1, 1), "warn", "The only poller fails."),
        ([], [], Tally(60, 7), "warn", "7 of 60 pollers fail."),
        ([], ["the disk is nearly full"], Tally(60, 7), "bad", "The disk is nearly full."),
        (["the scheduler is not running"], [], Tally(1, 1), "bad", "The scheduler is not running. Restart"),
    ],
)
def test_the_headline_is_about_the_worst(
    problems: list[str], lacks: list[str], tally: Tally, tone: str, said: str
) -> None:
    seen = State(**{**dict.fromkeys(State.__slots__), "problems": problems, "lacks": lacks, "heard": tally})
    found, *text = diagnostics_board.headline(seen)
    assert found == tone and said in " ".join(text)
    assert ("Everything runs." in text) == (tone == "ok")
