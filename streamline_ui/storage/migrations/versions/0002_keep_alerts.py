"""Keep alerts, whom to tell of them, and since when a connection has been failing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

IS_OPEN = sa.text('"endedAt" IS NULL')


def upgrade() -> None:
    op.add_column("Integration", sa.Column("failingSince", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "Alert",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("userId", sa.String(), nullable=False),
        sa.Column("matter", sa.Text(), nullable=False),
        sa.Column("subjectId", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("beganAt", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raisedAt", sa.DateTime(timezone=True), nullable=False),
        sa.Column("endedAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seenAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dismissedAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("toldAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("endToldAt", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["userId"], ["User.id"], name=op.f("fk_Alert_userId"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_Alert")),
    )
    op.create_index("ix_Alert_userId_raisedAt", "Alert", ["userId", "raisedAt"])
    op.create_index(op.f("ix_Alert_subjectId"), "Alert", ["subjectId"])
    op.create_index(
        "ix_Alert_open",
        "Alert",
        ["matter", "subjectId"],
        unique=True,
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    )
    op.create_table(
        "AlertRule",
        sa.Column("userId", sa.String(), nullable=False),
        sa.Column("integrationId", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("isOn", sa.Boolean(), nullable=False),
        sa.Column("updatedAt", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["userId"], ["User.id"], name=op.f("fk_AlertRule_userId"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("userId", name=op.f("pk_AlertRule")),
    )
    op.create_table(
        "AlertMessage",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("userId", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("createdAt", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dueAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sentAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["userId"], ["User.id"], name=op.f("fk_AlertMessage_userId"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_AlertMessage")),
    )
    op.create_index(op.f("ix_AlertMessage_userId"), "AlertMessage", ["userId"])
    op.create_index(op.f("ix_AlertMessage_createdAt"), "AlertMessage", ["createdAt"])
    op.create_index(op.f("ix_AlertMessage_dueAt"), "AlertMessage", ["dueAt"])
