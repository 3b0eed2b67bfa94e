"""Keep since when a poller fails and what the service advises, and how much was sent while nobody listened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("Poller", sa.Column("failingSince", sa.DateTime(timezone=True), nullable=True))
    op.add_column("Poller", sa.Column("lastHint", sa.Text(), nullable=False, server_default=""))
    op.add_column("IntegrationHook", sa.Column("unheard", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("IntegrationHook", sa.Column("unheardAt", sa.DateTime(timezone=True), nullable=True))
