"""Tell a user's alerts through several connections, each with an action of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "AlertChannel",
        sa.Column("userId", sa.String(), nullable=False),
        sa.Column("integrationId", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("isOn", sa.Boolean(), nullable=False),
        sa.Column("updatedAt", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["userId"], ["User.id"], name=op.f("fk_AlertChannel_userId"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("userId", "integrationId", name=op.f("pk_AlertChannel")),
    )
    op.add_column("AlertMessage", sa.Column("integrationId", sa.String(), nullable=True))
    op.execute(
        'INSERT INTO "AlertChannel" ("userId", "integrationId", action, params, "isOn", "updatedAt") '
        'SELECT "userId", "integrationId", action, params, "isOn", "updatedAt" FROM "AlertRule"'
    )
    op.execute(
        'UPDATE "AlertMessage" SET "integrationId" = '
        '(SELECT "integrationId" FROM "AlertRule" WHERE "AlertRule"."userId" = "AlertMessage"."userId")'
    )
    op.execute(  # until now it was about the user, who had one channel only
        'UPDATE "Alert" SET "subjectId" = '
        '(SELECT "integrationId" FROM "AlertRule" WHERE "AlertRule"."userId" = "Alert"."userId") '
        "WHERE matter = 'channel' AND \"endedAt\" IS NULL AND "
        'EXISTS (SELECT 1 FROM "AlertRule" WHERE "AlertRule"."userId" = "Alert"."userId")'
    )
    op.drop_table("AlertRule")
