"""Keeps a worker from writing about an execution that is no longer its own.

Each statement of the journal gets a twin that holds only while the execution is leased by the worker that writes: what
comes from one that was believed dead meanwhile changes nothing. Who has the database for itself never needs them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Insert, Update, bindparam, exists, select

from streamline_ui.storage.models import table_of
from streamline_ui.storage.workflow_tables import Execution
from streamline_ui.storage.writer import Statement
from streamline_ui.workflows.job import Job

_executions = table_of(Execution).alias("leased")


def fenced(statements: Sequence[Statement], job: Job) -> list[Statement]:
    """The same statements, without effect unless the job's worker still has its execution."""
    fence = {"fence_execution": job.id, "fence_worker": job.worker}
    return [(_twin(statement), {**row, **fence}) for statement, row in statements]


@cache
def _twin(statement: Any) -> Insert | Update:
    """One for each statement, since the writer runs equal ones together."""
    is_ours = exists().where(
        _executions.c.id == bindparam("fence_execution"), _executions.c.leaseBy == bindparam("fence_worker")
    )
    if isinstance(statement, Update):
        return statement.where(is_ours)
    assert isinstance(statement, Insert)
    table: Any = statement.table
    values = [bindparam(column.name, type_=column.type) for column in table.c]
    return table.insert().from_select([column.name for column in table.c], select(*values).where(is_ours))  # type: ignore[no-any-return]
