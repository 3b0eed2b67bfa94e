"""How the hub itself is doing: what runs, what waits, how large it is; read anew every few seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from html import escape

from nicegui import ui

from components import elements, settings_frame
from components.form_parts import tag
from streamline_ui.diagnostics import machine, report, state
from streamline_ui.diagnostics.state import State
from streamline_ui.integrations import alert_words
from streamline_ui.providers import PROVIDERS
from streamline_ui.schedule import Job
from streamline_ui.storage.models import now
from streamline_ui.workflows.listening import polling
from streamline_ui.workflows.listening.polling_service import Listed

EVERY = 3  # seconds
MOST = 50  # pollers, of those that are worst off
COLUMNS = ("Connection", "Feed", "Last", "Next", "Late", "Failures")
LATE, VERY_LATE = 0.25, 5.0  # seconds of the event loop's lag


class DiagnosticsBoard:
    """Cards with figures. Only what has changed is sent."""

    def __init__(self) -> None:
        self.state = tag("div", role="status")
        self.cards: dict[str, ui.html] = {}
        for title in ("Process", "Pollers", "Work", "Storage"):
            with settings_frame.card(title):
                self.cards[title] = ui.html("", sanitize=False, tag="dl").classes("sl-facts")
        listed = settings_frame.card("Each poller", f"Those in trouble first, then the latest; at most {MOST}.")
        with listed, tag("div", "sl-wide", tabindex="0", role="region", aria_label="Each poller"):
            self.listed = ui.html("", sanitize=False)
        jobs = settings_frame.card("Regular jobs", "What the clock does, when next, and how long it took last time.")
        with jobs, tag("div", "sl-wide", tabindex="0", role="region", aria_label="Regular jobs"):
            self.jobs = ui.html("", sanitize=False)
        with settings_frame.card("Versions"):
            ui.html(_facts(machine.versions()), sanitize=False, tag="dl").classes("sl-facts")
        explanation = (
            "For whoever helps you. It holds figures, versions and settings, no secrets, no names, no contents."
        )
        with settings_frame.card("Diagnostics file", explanation), tag("div", "row"):
            elements.button("Download diagnostics", self._download, icon="download")
        self.said: list[str] | None = None
        ui.timer(EVERY, self.refresh)

    async def refresh(self) -> None:
        """Measure, and show."""
        seen = await asyncio.to_thread(state.look)
        self._tell(seen.problems)
        drawn = {"Process": _process, "Pollers": _pollers, "Work": _work, "Storage": _storage}
        for title, facts in drawn.items():
            _show(self.cards[title], _facts(facts(seen)))
        _show(self.listed, _poller_table(polling.worst(MOST), seen.at))
        _show(self.jobs, _table(seen.jobs, seen.at))

    def _tell(self, problems: list[str]) -> None:
        if problems == self.said:
            return
        self.said = problems
        self.state.clear()
        with self.state:
            if problems:
                said = ". ".join(each[:1].upper() + each[1:] for each in problems)
                elements.callout("bad", "Something has stopped.", f"{said}. Restart Streamline if it stays so.")
            else:
                elements.callout("ok", "Everything runs.")

    async def _download(self) -> None:
        ui.download.content(await asyncio.to_thread(report.text), report.file_name(), "application/json")


def _process(seen: State) -> dict[str, str]:
    lag = f"{1000 * seen.loop_lag:.0f} ms (worst of the last minute {1000 * seen.worst_loop_lag:.0f} ms)"
    mark = "blocked" if seen.loop_lag > VERY_LATE else "slow" if seen.worst_loop_lag > LATE else "fine"
    return {
        "Running for": alert_words.duration(timedelta(seconds=seen.uptime)),
        "Memory": f"{size(seen.machine.memory)} (at most {size(seen.machine.memory_peak)})",
        "Event loop": f"{mark}, answers after {lag}",
        "Scheduler": "stopped" if any("scheduler" in each for each in seen.problems) else "runs",
    }


def _pollers(seen: State) -> dict[str, str]:
    found = seen.polling
    return {
        "Pollers": f"{found.pollers}, {found.asking} asking right now" if found.is_running else "not running",
        "In trouble": f"{found.failing} failing, {found.blocked} wait for somebody",
        "Next poll": _until(found.next_poll_at, seen.at) if found.next_poll_at else "–",
        "Late by": _took(found.late),
    }


def _work(seen: State) -> dict[str, str]:
    waits = (
        f", the first for {alert_words.duration(timedelta(seconds=seen.oldest_queued))}" if seen.oldest_queued else ""
    )
    connections = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in sorted(seen.connections.items()))
    return {
        "Executions queued": f"{seen.executions.get('queued', 0)}{waits}",
        "Running": f"{seen.executions.get('running', 0)}, of these {seen.running_here} here",
        "Waiting": str(seen.executions.get("waiting", 0)),
        "Workflows on": str(seen.workflows),
        "Connections": connections or "none",
        "Checks overdue": str(seen.overdue_checks),
        "Alerts open": str(seen.open_alerts),
        "Messages not sent": str(seen.unsent_messages),
    }


def _storage(seen: State) -> dict[str, str]:
    found = {"Database": f"{seen.machine.database}, {size(seen.machine.database_size)}"}
    if seen.machine.database == "SQLite":
        found["Write-ahead log"] = size(seen.machine.log_size)
    share = seen.machine.disk_free / max(1, seen.machine.disk_total)
    return found | {
        "Writes waiting": str(seen.waiting_writes),
        "Free disk": f"{size(seen.machine.disk_free)} of {size(seen.machine.disk_total)} ({share:.0%})",
    }


def size(number: float) -> str:
    """Bytes in words: "512 B", "3.4 MB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            return f"{number:.0f} {unit}" if unit == "B" or number >= 100 else f"{number:.1f} {unit}"
        number /= 1000
    raise AssertionError("unreachable")


def _facts(facts: Mapping[str, str]) -> str:
    return "".join(f"<dt>{escape(name)}</dt><dd class='wraps'>{escape(value)}</dd>" for name, value in facts.items())


def _poller_table(pollers: list[Listed], at: datetime) -> str:
    """No names: the connection is told by its service and the beginning of its id, as in the address of its page."""
    if not pollers:
        return "<p class='sub'>Nothing is polled: no workflow that is on listens to a service.</p>"
    head = "".join(f"<th scope='col'>{each}</th>" for each in COLUMNS)
    rows = "".join(
        f"<tr><th scope='row'>{escape(_service(each.type))} <span class='mono tiny'>{escape(each.integration_id[:8])}"
        f"</span></th><td>{escape(each.feed)}</td><td class='num'>{_since(each.last_polled_at, at)}</td>"
        f"<td class='num'>{_until(each.next_poll_at, at)}</td><td class='num'>{_took(each.late)}</td>"
        f"<td class='num'>{each.failures}{f': {escape(each.error)}' if each.error else ''}</td></tr>"
        for each in pollers
    )
    return f"<table class='sl-table'><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _service(type_name: str) -> str:
    provider = PROVIDERS.get(type_name)
    return provider.name if provider else type_name


def _since(moment: datetime | None, at: datetime) -> str:
    if moment is None:
        return "never"
    ago = at - moment
    return "now" if ago.total_seconds() < 1 else f"{alert_words.duration(ago)} ago"


def _table(jobs: list[Job], at: datetime) -> str:
    head = "<thead><tr><th scope='col'>Job</th><th scope='col'>Next</th><th scope='col'>Last took</th></tr></thead>"
    rows = "".join(
        f"<tr><th scope='row'>{escape(job.name)}</th><td class='num'>{_until(job.next_at, at)}</td>"
        f"<td class='num'>{'–' if job.seconds is None else _took(job.seconds)}</td></tr>"
        for job in jobs
    )
    return f"<table class='sl-table'>{head}<tbody>{rows}</tbody></table>"


def _until(moment: datetime | None, at: datetime) -> str:
    if moment is None:
        return "paused"
    left = moment - (at or now())
    return "now" if left.total_seconds() < 1 else f"in {alert_words.duration(left)}"


def _took(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _show(place: ui.html, html: str) -> None:
    if place.content != html:
        place.set_content(html)
