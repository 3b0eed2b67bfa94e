"""Lease executions, find what is open by its workflow, keep their files, and a draft's secret apart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    is_open = sa.text("status IN ('queued', 'running', 'waiting')")
    waits = sa.text('"waitsFor" IS NOT NULL')
    has_files = sa.text("files IS NOT NULL")
    op.add_column("Execution", sa.Column("leaseBy", sa.String(), nullable=True))
    op.add_column("Execution", sa.Column("files", sa.String(), nullable=True))
    op.add_column("Workflow", sa.Column("draftVerificationEnc", sa.Text(), nullable=True))
    op.drop_index("ix_Execution_due", "Execution")
    op.create_index(
        "ix_Execution_open",
        "Execution",
        ["workflowId", "status", "waitsFor", "dueAt"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index("ix_Execution_waitsFor", "Execution", ["waitsFor"], sqlite_where=waits, postgresql_where=waits)
    op.create_index("ix_Execution_files", "Execution", ["files"], sqlite_where=has_files, postgresql_where=has_files)
