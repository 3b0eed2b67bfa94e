"""Mark the connections that were saved only so that somebody can sign in for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "OAuthDraft",
        sa.Column("integrationId", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["integrationId"], ["Integration.id"], name=op.f("fk_OAuthDraft_integrationId"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("integrationId", name=op.f("pk_OAuthDraft")),
    )
    op.create_index(op.f("ix_OAuthDraft_until"), "OAuthDraft", ["until"])
