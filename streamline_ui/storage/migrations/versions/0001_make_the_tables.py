"""Make the tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "KeyCheck",
        sa.Column("kid", sa.String(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("createdAt", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_KeyCheck")),
    )
    op.create_table(
        "Setting",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_Setting")),
    )
    op.create_table(
        "SignInAttempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_SignInAttempt")),
    )
    op.create_index(op.f("ix_SignInAttempt_address"), "SignInAttempt", ["address"])
    op.create_index(op.f("ix_SignInAttempt_at"), "SignInAttempt", ["at"])
    op.create_index(op.f("ix_SignInAttempt_email"), "SignInAttempt", ["email"])
    op.create_table(
        "User",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("passwordHash", sa.String(), nullable=False),
        sa.Column("isAdmin", sa.Boolean(), nullable=False),
        sa.Column("isActive", sa.Boolean(), nullable=False),
        sa.Column("theme", sa.String(), nullable=False),
        sa.Column("createdAt", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updatedAt", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lastSignInAt", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_User")),
        sa.UniqueConstraint("email", name=op.f("uq_User_email")),
    )
    op.create_table(
        "ApiToken",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("userId", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("secretHash", sa.String(), nullable=False),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("createdAt", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lastUsedAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expiresAt", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["userId"], ["User.id"], name=op.f("fk_ApiToken_userId"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ApiToken")),
        sa.UniqueConstraint("secretHash", name=op.f("uq_ApiToken_secretHash")),
    )
    op.create_index(op.f("ix_ApiToken_userId"), "ApiToken", ["userId"])
    op.create_table(
        "IdempotencyRecord",
        sa.Column("userId", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("requestHash", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("createdAt", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["userId"], ["User.id"], name=op.f("fk_IdempotencyRecord_userId"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("userId", "key", name=op.f("pk_IdempotencyRecord")),
    )
    op.create_index(op.f("ix_IdempotencyRecord_createdAt"), "IdempotencyRecord", ["createdAt"])
    op.create_table(
        "Integration",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("userId", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("configEnc", sa.Text(), nullable=False),
        sa.Column("configView", sa.Text(), nullable=False),
        sa.Column("isActive", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("statusMessage", sa.String(), nullable=False),
        sa.Column("statusHints", sa.String(), nullable=False),
        sa.Column("statusSince", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("lastUsedAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lastCheckedAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("nextCheckAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("createdAt", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updatedAt", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deletedAt", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["userId"], ["User.id"], name=op.f("fk_Integration_userId"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_Integration")),
    )
    op.create_index(op.f("ix_Integration_deletedAt"), "Integration", ["deletedAt"])
    op.create_index(op.f("ix_Integration_nextCheckAt"), "Integration", ["nextCheckAt"])
    op.create_index(op.f("ix_Integration_type"), "Integration", ["type"])
    op.create_index(op.f("ix_Integration_userId"), "Integration", ["userId"])
    op.create_table(
        "Session",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("userId", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("secretHash", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("userAgent", sa.String(), nullable=False),
        sa.Column("createdAt", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lastSeenAt", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expiresAt", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["userId"], ["User.id"], name=op.f("fk_Session_userId"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_Session")),
        sa.UniqueConstraint("secretHash", name=op.f("uq_Session_secretHash")),
    )
    op.create_index(op.f("ix_Session_userId"), "Session", ["userId"])
    op.create_table(
        "ApiKey",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("integrationId", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("valueEnc", sa.Text(), nullable=False),
        sa.Column("createdAt", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lastUsedAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expiresAt", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["integrationId"], ["Integration.id"], name=op.f("fk_ApiKey_integrationId"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ApiKey")),
    )
    op.create_index(op.f("ix_ApiKey_integrationId"), "ApiKey", ["integrationId"])
    op.create_table(
        "HealthCheck",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("integrationId", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("latencyMs", sa.Integer(), nullable=True),
        sa.Column("message", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["integrationId"], ["Integration.id"], name=op.f("fk_HealthCheck_integrationId"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_HealthCheck")),
    )
    op.create_index(op.f("ix_HealthCheck_at"), "HealthCheck", ["at"])
    op.create_index(op.f("ix_HealthCheck_integrationId"), "HealthCheck", ["integrationId"])
    op.create_table(
        "InboxEntry",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("userId", sa.String(), nullable=False),
        sa.Column("integrationId", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("createdAt", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["integrationId"], ["Integration.id"], name=op.f("fk_InboxEntry_integrationId"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["userId"], ["User.id"], name=op.f("fk_InboxEntry_userId"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_InboxEntry")),
    )
    op.create_index(op.f("ix_InboxEntry_createdAt"), "InboxEntry", ["createdAt"])
    op.create_index(op.f("ix_InboxEntry_integrationId"), "InboxEntry", ["integrationId"])
    op.create_index(op.f("ix_InboxEntry_userId"), "InboxEntry", ["userId"])
