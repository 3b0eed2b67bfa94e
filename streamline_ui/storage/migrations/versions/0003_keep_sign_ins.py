"""Keep sign-ins at services, and the tokens that they bring."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "OAuthGrant",
        sa.Column("integrationId", sa.String(), nullable=False),
        sa.Column("userId", sa.String(), nullable=False),
        sa.Column("tokensEnc", sa.Text(), nullable=False),
        sa.Column("madeFor", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("obtainedAt", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expiresAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refreshAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("endedAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("leaseBy", sa.String(), nullable=False),
        sa.Column("leasedUntil", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["integrationId"], ["Integration.id"], name=op.f("fk_OAuthGrant_integrationId"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["userId"], ["User.id"], name=op.f("fk_OAuthGrant_userId"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("integrationId", name=op.f("pk_OAuthGrant")),
    )
    op.create_index(op.f("ix_OAuthGrant_refreshAt"), "OAuthGrant", ["refreshAt"])
    op.create_index(op.f("ix_OAuthGrant_userId"), "OAuthGrant", ["userId"])
    op.create_table(
        "OAuthSignIn",
        sa.Column("stateHash", sa.String(), nullable=False),
        sa.Column("integrationId", sa.String(), nullable=False),
        sa.Column("userId", sa.String(), nullable=False),
        sa.Column("sessionId", sa.String(), nullable=False),
        sa.Column("verifierEnc", sa.Text(), nullable=False),
        sa.Column("madeFor", sa.String(), nullable=False),
        sa.Column("returnAddress", sa.String(), nullable=False),
        sa.Column("expiresAt", sa.DateTime(timezone=True), nullable=False),
        sa.Column("usedAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["integrationId"], ["Integration.id"], name=op.f("fk_OAuthSignIn_integrationId"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["userId"], ["User.id"], name=op.f("fk_OAuthSignIn_userId"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("stateHash", name=op.f("pk_OAuthSignIn")),
    )
    for name in ("expiresAt", "integrationId", "userId"):
        op.create_index(op.f(f"ix_OAuthSignIn_{name}"), "OAuthSignIn", [name])
