"""The clock: which sweep runs when, and nothing else.

State and due times live in rows, so a tick only asks "what is due?". A restart, a second process and a test that calls
the sweep itself all behave the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic, time
from typing import Any

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, EVENT_JOB_SUBMITTED
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from streamline_ui import pulse, settings
from streamline_ui.access import limits, sessions
from streamline_ui.api import idempotency
from streamline_ui.integrations import (
    configuration,
    connections,
    lifeline,
    oauth,
    oauth_drafts,
    oauth_revoking,
    oauth_sign_in,
    usage,
    watch,
)
from streamline_ui.storage import trouble
from streamline_ui.storage.models import now
from streamline_ui.workflows import catalog, claims, dispatch, hastening, retention, schedules, vigil
from streamline_ui.workflows.listening import pollers, polling

PATIENCE = 3.0  # seconds for what is running at the end
STALLED = 30.0  # seconds without a tick after which the scheduler counts as dead
HANGING = 900.0  # seconds after which a sweep is no longer thought to be just long
CLOCK_EVERY = 2.0  # seconds between two looks whether somebody has set the computer's clock
SET_BACK = 1.0  # seconds; smaller steps are left to pass
log = logging.getLogger(__name__)
_library = logging.getLogger("apscheduler.executors.default")
_quiet = trouble.Quiet()
_scheduler: AsyncIOScheduler | None = None
_last_tick = 0.0
_following: asyncio.Task[None] | None = None
_begun: dict[str, float] = {}
_took: dict[str, float] = {}


@dataclass(frozen=True, slots=True)
class Job:
    """Something done regularly. `seconds` is how long it took the last time, None before the first."""

    name: str
    next_at: datetime | None
    seconds: float | None


def start(*sweeps: Callable[[], Awaitable[None]]) -> None:
    """Begin to tick on the running event loop. `sweeps` of those who stand above us run once a second."""
    global _scheduler, _following  # noqa: PLW0603 - a process has one clock
    _tick()
    _library.disabled = False
    _library.addFilter(_quiet)
    _scheduler = AsyncIOScheduler(
        timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    logging.getLogger("apscheduler.scheduler").addFilter(_is_no_pile)
    _scheduler.add_listener(_note, EVENT_JOB_SUBMITTED | EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)
    _scheduler.add_job(_tick, "interval", seconds=1)
    for sweep in (watch.begin, oauth.sweep, oauth_revoking.sweep, *sweeps):
        _scheduler.add_job(sweep, "interval", seconds=1)
    _scheduler.add_job(polling.sweep, "interval", seconds=1)
    _scheduler.add_job(_fire, "interval", seconds=0.25)
    _scheduler.add_job(usage.flush, "interval", seconds=1)
    _scheduler.add_job(_release, "interval", seconds=2)
    for purge in (connections.purge, catalog.purge, oauth_drafts.sweep):
        _scheduler.add_job(asyncio.to_thread, "interval", [purge], seconds=20)
    for prune in (watch.prune, oauth_sign_in.prune, sessions.prune, limits.prune, idempotency.prune):
        _scheduler.add_job(asyncio.to_thread, "interval", [prune], hours=1)
    _scheduler.add_job(asyncio.to_thread, "interval", [retention.sweep, settings.current()], minutes=10)
    _scheduler.add_job(asyncio.to_thread, "interval", [retention.relieve], minutes=1)
    _scheduler.add_job(asyncio.to_thread, "interval", [pollers.prune], hours=1)
    _scheduler.add_job(lifeline.beat, "interval", [problem, pulse.problem], minutes=1)
    _scheduler.add_job(vigil.watch, "interval", seconds=5)
    _scheduler.add_job(asyncio.to_thread, "interval", [vigil.remind], minutes=10, next_run_time=now())
    _scheduler.start()
    _following = asyncio.create_task(_follow_clock(_scheduler), name="follow the clock")


async def stop() -> None:
    """Tick no more, and let what is running come to its end, for a moment."""
    global _scheduler
    scheduler, _scheduler = _scheduler, None
    if scheduler is None:
        return
    if _following is not None:
        _following.cancel()
    scheduler.remove_all_jobs()
    ends_at = monotonic() + PATIENCE
    while _begun and monotonic() < ends_at:  # noqa: ASYNC110 - what ends them is in the library
        await asyncio.sleep(0.01)
    _begun.clear()
    _library.disabled = True  # it has a trace for each that it cuts off now
    scheduler.shutdown(wait=False)


def problem() -> str | None:
    """What is wrong with the clock, as a sentence for `/readyz`, or None."""
    if _scheduler is None:
        return "the scheduler is not running"
    moment = monotonic()
    if moment - _last_tick > STALLED:
        return f"the scheduler has been silent for {moment - _last_tick:.0f} s"
    for job_id, began in list(_begun.items()):
        if moment - began > HANGING and (job := _scheduler.get_job(job_id)):
            return f"{_name(job)} has been running for {moment - began:.0f} s"
    return None


def jobs() -> list[Job]:
    """What is done regularly, by name."""
    found = [] if _scheduler is None else _scheduler.get_jobs()
    return sorted((Job(_name(job), job.next_run_time, _took.get(job.id)) for job in found), key=lambda job: job.name)


def _name(job: Any) -> str:
    """What a job is called: its own function's name, also where a thread does it."""
    function = job.args[0] if job.func is asyncio.to_thread else job.func
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__.lstrip('_')}"


async def _follow_clock(scheduler: AsyncIOScheduler) -> None:
    """The library plans by the computer's clock: where that is set back, it would wait until it has caught up."""
    before = time() - monotonic()
    while True:
        await asyncio.sleep(CLOCK_EVERY)
        ahead, before = before, time() - monotonic()
        seconds = ahead - before
        if seconds < SET_BACK:
            continue
        log.warning("The computer's clock was set back by %.0f s: what was planned by it is planned anew.", seconds)
        for job in scheduler.get_jobs():
            scheduler.modify_job(job.id, next_run_time=now())
        with trouble.left_out():
            await asyncio.to_thread(watch.sooner, timedelta(seconds=seconds))


def _is_no_pile(record: logging.LogRecord) -> bool:
    """Whether to log it: that a sweep is still at work when its next turn comes is no news, the turn after sees all."""
    return "maximum number of running instances" not in record.getMessage()


def _note(event: Any) -> None:
    """A job has begun, or is over."""
    if event.code == EVENT_JOB_SUBMITTED:
        _begun[event.job_id] = monotonic()
    elif event.job_id in _begun:
        _took[event.job_id] = monotonic() - _begun.pop(event.job_id)


async def _fire() -> None:
    """Start the workflows whose time has come."""
    if await schedules.is_any_due():
        for execution in await asyncio.to_thread(schedules.fire_due):
            dispatch.offer(execution)


async def _release() -> None:
    """Let go on what waited for a connection that is well again."""
    if await claims.is_any_parked():
        await asyncio.to_thread(claims.release_mended)
    await hastening.try_what_is_well()
    configuration.drop_idle()


def _tick() -> None:
    global _last_tick  # noqa: PLW0603
    _last_tick = monotonic()
