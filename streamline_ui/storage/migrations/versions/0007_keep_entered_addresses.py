"""Keep the addresses that a person enters at the service: they are shown again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("IntegrationHook", sa.Column("hookEnc", sa.Text(), nullable=True))
