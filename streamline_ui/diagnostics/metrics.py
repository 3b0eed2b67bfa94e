"""`GET /metrics`: the state in Prometheus' text format, free on this machine, with an admin's token elsewhere.

The format is a line for each figure, so it needs no library; and a library's process-wide registry would count each of
our tests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from streamline_ui import __version__, settings
from streamline_ui.access import bearer
from streamline_ui.api import door, problems
from streamline_ui.diagnostics import state
from streamline_ui.diagnostics.state import State
from streamline_ui.errors import Forbidden, StreamlineError

TYPE = "text/plain; version=0.0.4; charset=utf-8"
FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip")
PROGRAM = "streamline"
Sample = tuple[dict[str, str], float]


def text(seen: State) -> str:
    """The state, one figure a line."""
    return "".join(_lines(seen))


async def answer(request: Request) -> Response:
    """Answer whoever may ask."""
    try:
        await _check(request)
    except StreamlineError as error:
        return problems.answer(request, error)
    seen = await asyncio.to_thread(state.look)
    return PlainTextResponse(text(seen), media_type=TYPE, headers={"Cache-Control": "no-store"})


async def _check(request: Request) -> None:
    """On this machine everybody may; where a proxy stands before us, nobody is certain to be on this machine."""
    is_forwarded = any(name in request.headers for name in FORWARDED)
    is_open = settings.current().is_loopback and not settings.current().base_url
    if is_open and not is_forwarded and settings.is_loopback(door.address(request)):
        return
    caller = await asyncio.to_thread(bearer.caller, request.headers.get("authorization"))
    if not caller.is_admin:
        raise Forbidden("Only an admin may do this.")


def _lines(seen: State) -> Iterator[str]:
    yield from _gauge("info", "What runs here.", [({"version": __version__, "database": seen.machine.database}, 1)])
    yield from _gauge("uptime_seconds", "Since the start of the process.", [({}, seen.uptime)])
    yield from _gauge("up", "Whether the scheduler and the event loop go on.", [({}, float(not seen.problems))])
    yield from _gauge("storing", "Whether the database and its disk take what is new.", [({}, float(not seen.lacks))])
    yield from _gauge("memory_bytes", "Memory that the process holds.", [({}, seen.machine.memory)])
    yield from _gauge("database_bytes", "Size of all that is stored.", [({}, seen.machine.database_size)])
    yield from _gauge("database_disk_bytes", "What the database's files take.", [({}, seen.machine.disk_used)])
    yield from _gauge("database_log_bytes", "Size of the write-ahead log.", [({}, seen.machine.log_size)])
    yield from _gauge("disk_free_bytes", "Free space where the data is.", [({}, seen.machine.disk_free)])
    yield from _gauge("event_loop_lag_seconds", "How late the event loop answers.", [({}, seen.loop_lag)])
    yield from _gauge("executions", "Executions under way, by status.", _by("status", seen.executions))
    yield from _gauge("executions_running_here", "Executions that run in this process.", [({}, seen.running_here)])
    yield from _gauge(
        "oldest_queued_seconds", "How long the first in the queue has waited.", [({}, seen.oldest_queued)]
    )
    yield from _gauge("writes_waiting", "Writes that wait to be committed.", [({}, seen.waiting_writes)])
    yield from _gauge("connections", "Connections, by status.", _by("status", seen.connections))
    yield from _gauge("connections_overdue", "Connections whose check is late.", [({}, seen.overdue_checks)])
    yield from _gauge("workflows_active", "Workflows that are on.", [({}, seen.workflows)])
    yield from _gauge("alerts_open", "Alerts that are not over.", [({}, seen.open_alerts)])
    yield from _gauge(
        "alert_messages_unsent", "Messages about alerts that have not arrived.", [({}, seen.unsent_messages)]
    )
    jobs = [({"job": job.name}, job.seconds) for job in seen.jobs if job.seconds is not None]
    yield from _gauge("job_duration_seconds", "How long each regular job took the last time.", jobs)
    polls = {"asking": seen.polling.asking, "failing": seen.polling.failing, "blocked": seen.polling.blocked}
    yield from _gauge("pollers", "Pollers of this process.", [({}, seen.polling.pollers)])
    yield from _gauge("pollers_by_state", "Pollers that ask right now, or are in trouble.", _by("state", polls))
    yield from _gauge(
        "poll_late_seconds", "How late the later ones of the last polls began.", [({}, seen.polling.late)]
    )


def _by(label: str, counts: dict[str, int]) -> list[Sample]:
    return [({label: name}, count) for name, count in sorted(counts.items())]


def _gauge(name: str, help_: str, samples: list[Sample]) -> Iterator[str]:
    yield f"# HELP {PROGRAM}_{name} {help_}\n"
    yield f"# TYPE {PROGRAM}_{name} gauge\n"
    for labels, value in samples:
        inside = ",".join(f'{key}="{_escaped(each)}"' for key, each in labels.items())
        yield f"{PROGRAM}_{name}{{{inside}}} {value:g}\n" if inside else f"{PROGRAM}_{name} {value:g}\n"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


routes = [Route("/metrics", answer)]
