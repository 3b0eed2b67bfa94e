"""Keep settings that are secret."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "SealedSetting",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("valueEnc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_SealedSetting")),
    )
