"""The door to what runs executions in this process: start it, offer it one, wait for one, end it."""

from __future__ import annotations

from streamline_ui.storage import db
from streamline_ui.storage.models import new_id
from streamline_ui.storage.workflow_tables import Execution
from streamline_ui.workflows.job import Job
from streamline_ui.workflows.pool import Pool
from streamline_ui.workflows.runner import Outcome

_pool: Pool | None = None


def start() -> None:
    """Begin to run what is due, on the running event loop."""
    global _pool  # noqa: PLW0603 - a process has one pool
    _pool = Pool(worker=new_id() if is_shared() else None)
    _pool.start()


def is_shared() -> bool:
    """Whether other processes may run executions of the same database."""
    return db.engine().dialect.name != "sqlite"


async def drain() -> None:
    """Begin nothing more, and let what runs come to its end, for a while."""
    if _pool is not None:
        await _pool.drain()


async def stop() -> None:
    """The same, and then leave what still runs to the next start."""
    global _pool  # noqa: PLW0603
    if _pool is not None:
        await _pool.stop()
        _pool = None


def running() -> int:
    """How many executions are under way here."""
    return 0 if _pool is None else len(_pool.running)


def offer(execution: Execution | Job) -> bool:
    """Here is one that may run now. False where nothing runs in this process: then the table keeps it."""
    if _pool is None:
        return False
    return _pool.offer(execution if isinstance(execution, Job) else Job.of(execution))


def cancel(execution_id: str) -> None:
    """It was cancelled: if it runs here, it ends before its next step."""
    if _pool is not None and (job := _pool.known.get(execution_id)) is not None:
        job.is_cancelled = True


async def outcome(execution_id: str, seconds: float) -> Outcome | None:
    """How a running execution ended, or None where it has not within that time."""
    return None if _pool is None else await _pool.outcome(execution_id, seconds)
