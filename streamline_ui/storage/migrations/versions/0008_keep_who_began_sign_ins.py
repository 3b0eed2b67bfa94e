"""Keep from where a program began a sign-in: it may end there, or where its user is signed in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("OAuthSignIn", sa.Column("address", sa.String(), nullable=False, server_default=""))
