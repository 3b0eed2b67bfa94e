"""Keep how far each feed was read, and the addresses at which services tell their news."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "Poller",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("integrationId", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("feed", sa.String(), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("isCaughtUp", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("leaseUntil", sa.DateTime(timezone=True), nullable=True),
        sa.Column("nextPollAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lastPolledAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lastEventAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("lastError", sa.Text(), nullable=False),
        sa.Column("createdAt", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["integrationId"], ["Integration.id"], name=op.f("fk_Poller_integrationId"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_Poller")),
        sa.UniqueConstraint("integrationId", "key", name=op.f("uq_Poller_integrationId_key")),
    )
    op.create_index(op.f("ix_Poller_nextPollAt"), "Poller", ["nextPollAt"])
    op.create_table(
        "IntegrationHook",
        sa.Column("integrationId", sa.String(), nullable=False),
        sa.Column("hookHash", sa.String(), nullable=False),
        sa.Column("secretHash", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("isSet", sa.Boolean(), nullable=False),
        sa.Column("setAt", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["integrationId"], ["Integration.id"], name=op.f("fk_IntegrationHook_integrationId"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("integrationId", name=op.f("pk_IntegrationHook")),
        sa.UniqueConstraint("hookHash", name=op.f("uq_IntegrationHook_hookHash")),
    )
