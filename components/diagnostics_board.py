"""How the hub itself is doing: what runs, what waits, how large it is; read anew every few seconds."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from html import escape

from nicegui import ui

from components import elements, figures, settings_frame
from components.form_parts import tag
from components.poller_table import PollerTable
from streamline_ui.diagnostics import machine, report, state
from streamline_ui.diagnostics.state import State
from streamline_ui.integrations import alert_words
from streamline_ui.schedule import Job

EVERY = 3  # seconds
LATE, VERY_LATE = 0.25, 5.0  # seconds of the event loop's lag


class DiagnosticsBoard:
    """Cards with figures. Only what has changed is sent."""

    def __init__(self) -> None:
        self.state = tag("div", role="status")
        self.cards: dict[str, ui.html] = {}
        for title in ("Process", "Pollers", "Work", "Storage"):
            with settings_frame.card(title):
                self.cards[title] = ui.html("", sanitize=False, tag="dl").classes("sl-facts")
        self.pollers = PollerTable()
        jobs = settings_frame.card("Regular jobs", "What the clock does, when next, and how long it took last time.")
        with jobs, tag("div", "sl-wide", tabindex="0", role="region", aria_label="Regular jobs"):
            self.jobs = ui.html("", sanitize=False)
        with settings_frame.card("Versions"):
            ui.html(figures.facts(machine.versions()), sanitize=False, tag="dl").classes("sl-facts")
        explanation = (
            "For whoever helps you. It holds figures, versions and settings, no secrets, no names, no contents."
        )
        with settings_frame.card("Diagnostics file", explanation), tag("div", "row"):
            elements.button("Download diagnostics", self._download, icon="download")
        self.said: tuple[str, str, str] | None = None
        ui.timer(EVERY, self.refresh)

    async def refresh(self) -> None:
        """Measure, and show."""
        seen = await asyncio.to_thread(state.look)
        self._tell(headline(seen))
        drawn = {"Process": _process, "Pollers": _pollers, "Work": _work, "Storage": _storage}
        for title, facts in drawn.items():
            _show(self.cards[title], figures.facts(facts(seen)))
        self.pollers.update(seen.polling.pollers, seen.at)
        _show(self.jobs, _table(seen.jobs, seen.at))

    def _tell(self, said: tuple[elements.Tone, str, str]) -> None:
        if said == self.said:
            return
        self.said = said
        self.state.clear()
        with self.state:
            elements.callout(*said)

    async def _download(self) -> None:
        ui.download.content(await asyncio.to_thread(report.text), report.file_name(), "application/json")


def headline(seen: State) -> tuple[elements.Tone, str, str]:
    """How it is as a whole: a tone, a short sentence, and what to do."""
    if seen.problems:
        said = ". ".join(each[:1].upper() + each[1:] for each in seen.problems)
        return "bad", "Something has stopped.", f"{said}. Restart Streamline if it stays so."
    if seen.lacks:
        said = ". ".join(each[:1].upper() + each[1:] for each in seen.lacks)
        return "bad", "Nothing new can be stored.", f"{said}. Make room there, or let go of it; it goes on by itself."
    if said := seen.heard.sentence:
        return "warn", f"{said}.", "Workflows hear nothing from there meanwhile. Each poller says below what is wrong."
    return "ok", "Everything runs.", ""


def _process(seen: State) -> dict[str, str]:
    lag = f"{figures.took(seen.loop_lag)} (worst of the last minute {figures.took(seen.worst_loop_lag)})"
    mark = "blocked" if seen.loop_lag > VERY_LATE else "slow" if seen.worst_loop_lag > LATE else "fine"
    return {
        "Running for": alert_words.duration(timedelta(seconds=seen.uptime)),
        "Memory": f"{figures.size(seen.machine.memory)} (at most {figures.size(seen.machine.memory_peak)})",
        "Event loop": f"{mark}, answers after {lag}",
        "Scheduler": "stopped" if any("scheduler" in each for each in seen.problems) else "runs",
    }


def _pollers(seen: State) -> dict[str, str]:
    found = seen.polling
    return {
        "Pollers": f"{found.pollers}, {found.asking} asking right now" if found.is_running else "not running",
        "In trouble": f"{found.failing} failing, {found.blocked} wait for somebody",
        "Next poll": figures.until(found.next_poll_at, seen.at) if found.next_poll_at else "–",
        "Late by": figures.took(found.late),
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
    found = {"Database": f"{seen.machine.database}, {figures.size(seen.machine.database_size)}"}
    if seen.machine.database == "SQLite":
        log = f"of this {figures.size(seen.machine.log_size)} write-ahead log"
        found["Its files"] = f"{figures.size(seen.machine.disk_used)}, {log}"
    share = seen.machine.disk_free / max(1, seen.machine.disk_total)
    return found | {
        "Writes waiting": str(seen.waiting_writes),
        "Free disk": f"{figures.size(seen.machine.disk_free)} of {figures.size(seen.machine.disk_total)} ({share:.0%})",
    }


def _table(jobs: list[Job], at: datetime) -> str:
    head = "<thead><tr><th scope='col'>Job</th><th scope='col'>Next</th><th scope='col'>Last took</th></tr></thead>"
    rows = "".join(_job(job, at) for job in jobs)
    return f"<table class='sl-table'>{head}<tbody>{rows}</tbody></table>"


def _job(job: Job, at: datetime) -> str:
    then = figures.until(job.next_at, at) if job.next_at else "paused"
    took = "–" if job.seconds is None else figures.took(job.seconds)
    return f"<tr><th scope='row'>{escape(job.name)}</th><td class='num'>{then}</td><td class='num'>{took}</td></tr>"


def _show(place: ui.html, html: str) -> None:
    if place.content != html:
        place.set_content(html)
