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
        "Workflow",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("userId", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("isActive", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("draft", sa.Text(), nullable=False),
        sa.Column("hookHash", sa.String(), nullable=False),
        sa.Column("hookEnc", sa.Text(), nullable=False),
        sa.Column("verificationEnc", sa.Text(), nullable=True),
        sa.Column("nextFireAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("createdAt", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updatedAt", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deletedAt", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["userId"], ["User.id"], name=op.f("fk_Workflow_userId"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_Workflow")),
        sa.UniqueConstraint("hookHash", name=op.f("uq_Workflow_hookHash")),
    )
    op.create_index(op.f("ix_Workflow_deletedAt"), "Workflow", ["deletedAt"])
    op.create_index(op.f("ix_Workflow_nextFireAt"), "Workflow", ["nextFireAt"])
    op.create_index(op.f("ix_Workflow_userId"), "Workflow", ["userId"])
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
        "Event",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("workflowId", sa.String(), nullable=False),
        sa.Column("sourceId", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["workflowId"], ["Workflow.id"], name=op.f("fk_Event_workflowId"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_Event")),
        sa.UniqueConstraint("workflowId", "sourceId", name=op.f("uq_Event_workflowId_sourceId")),
    )
    op.create_index(op.f("ix_Event_at"), "Event", ["at"])
    op.create_table(
        "Execution",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("userId", sa.String(), nullable=False),
        sa.Column("workflowId", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("eventId", sa.String(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("dueAt", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leaseUntil", sa.DateTime(timezone=True), nullable=True),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.Column("waitsFor", sa.String(), nullable=True),
        sa.Column("isCancelled", sa.Boolean(), nullable=False),
        sa.Column("replayOf", sa.String(), nullable=True),
        sa.Column("createdAt", sa.DateTime(timezone=True), nullable=False),
        sa.Column("startedAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finishedAt", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["workflowId"], ["Workflow.id"], name=op.f("fk_Execution_workflowId"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_Execution")),
    )
    is_open = sa.text("status IN ('queued', 'running', 'waiting')")
    op.create_index("ix_Execution_due", "Execution", ["dueAt"], sqlite_where=is_open, postgresql_where=is_open)
    op.create_index("ix_Execution_userId_createdAt", "Execution", ["userId", "createdAt"])
    op.create_index("ix_Execution_workflowId_createdAt", "Execution", ["workflowId", "createdAt"])
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
        "HookRequest",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("workflowId", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workflowId"], ["Workflow.id"], name=op.f("fk_HookRequest_workflowId"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_HookRequest")),
    )
    op.create_index("ix_HookRequest_workflowId_at", "HookRequest", ["workflowId", "at"])
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
    op.create_table(
        "WorkflowUse",
        sa.Column("workflowId", sa.String(), nullable=False),
        sa.Column("integrationId", sa.String(), nullable=False),
        sa.Column("isTrigger", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workflowId"], ["Workflow.id"], name=op.f("fk_WorkflowUse_workflowId"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workflowId", "integrationId", name=op.f("pk_WorkflowUse")),
    )
    op.create_index(op.f("ix_WorkflowUse_integrationId"), "WorkflowUse", ["integrationId"])
    op.create_table(
        "WorkflowVersion",
        sa.Column("workflowId", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("createdAt", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["workflowId"], ["Workflow.id"], name=op.f("fk_WorkflowVersion_workflowId"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workflowId", "version", name=op.f("pk_WorkflowVersion")),
    )
    op.create_table(
        "StepRun",
        sa.Column("executionId", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("stepId", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Text(), nullable=False),
        sa.Column("input", sa.Text(), nullable=False),
        sa.Column("output", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("startedAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finishedAt", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["executionId"], ["Execution.id"], name=op.f("fk_StepRun_executionId"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("executionId", "key", name=op.f("pk_StepRun")),
    )
