"""The WeChat gateway: breaker, pushed events, checked pictures, followers, accepts, verified phones

Revision ID: 0002_wechat_gateway
Revises: 0005_jobs
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sorting_miniapp import db

revision = "0002_wechat_gateway"
down_revision = "0005_jobs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "media_check",
        sa.Column("trace_id", db.CaseString(64), nullable=False),
        sa.Column("object_type", db.CaseString(24), nullable=False),
        sa.Column("object_id", db.CaseString(40), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending", "pass", "review", "risky", name="state", native_enum=False, create_constraint=True, length=24
            ),
            nullable=False,
        ),
        sa.Column("label", sa.Integer(), nullable=False),
        sa.Column("asked_at", db.UTCDateTime(), nullable=False),
        sa.Column("done_at", db.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("trace_id", name=op.f("pk_media_check")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("media_check", schema=None) as batch_op:
        batch_op.create_index("ix_media_check_object", ["object_type", "object_id"], unique=False)
        batch_op.create_index("ix_media_check_state_asked", ["state", "asked_at"], unique=False)

    op.create_table(
        "official_follower",
        sa.Column("openid", db.CaseString(64), nullable=False),
        sa.Column("unionid", db.CaseString(64), nullable=True),
        sa.Column("follows", sa.Boolean(), nullable=False),
        sa.Column("changed_at", db.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("openid", name=op.f("pk_official_follower")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("official_follower", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_official_follower_unionid"), ["unionid"], unique=False)

    op.create_table(
        "wechat_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account", db.CaseString(20), nullable=False),
        sa.Column("dedup", db.CaseString(64), nullable=False),
        sa.Column("signature", db.CaseString(64), nullable=True),
        sa.Column("kind", db.CaseString(64), nullable=False),
        sa.Column("payload", db.EncryptedText(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "ready", "done", "ignored", "failed", name="state", native_enum=False, create_constraint=True, length=24
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("not_before", db.UTCDateTime(), nullable=True),
        sa.Column("lease_until", db.UTCDateTime(), nullable=True),
        sa.Column("received_at", db.UTCDateTime(), nullable=False),
        sa.Column("done_at", db.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wechat_event")),
        sa.UniqueConstraint("account", "dedup", name=op.f("uq_wechat_event_account_dedup")),
        sa.UniqueConstraint("account", "signature", name=op.f("uq_wechat_event_account_signature")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("wechat_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_wechat_event_received_at"), ["received_at"], unique=False)
        batch_op.create_index("ix_wechat_event_work", ["state", "id"], unique=False)

    op.create_table(
        "subscription_accept",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("notice_key", db.CaseString(40), nullable=False),
        sa.Column("resident_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "source",
            sa.Enum("client", "wechat", name="source", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("matched", sa.Boolean(), nullable=False),
        sa.Column("at", db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["notice_key"], ["notice_template.key"], name=op.f("fk_subscription_accept_notice_key")
        ),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name=op.f("fk_subscription_accept_resident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription_accept")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("subscription_accept", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_subscription_accept_at"), ["at"], unique=False)
        batch_op.create_index("ix_subscription_accept_resident", ["resident_id", "notice_key", "at"], unique=False)

    with op.batch_alter_table("push", schema=None) as batch_op:
        batch_op.add_column(sa.Column("followers", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("reached", sa.Integer(), nullable=True))

    with op.batch_alter_table("resident", schema=None) as batch_op:
        batch_op.add_column(sa.Column("phone", db.EncryptedText(), nullable=True))
        batch_op.add_column(sa.Column("phone_at", db.UTCDateTime(), nullable=True))

    with op.batch_alter_table("wechat_token", schema=None) as batch_op:
        batch_op.add_column(sa.Column("generation", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("refused_at", db.UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column("blocked_code", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("blocked_reason", sa.String(length=200), server_default="", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("wechat_token", schema=None) as batch_op:
        batch_op.drop_column("blocked_reason")
        batch_op.drop_column("blocked_code")
        batch_op.drop_column("refused_at")
        batch_op.drop_column("generation")

    with op.batch_alter_table("resident", schema=None) as batch_op:
        batch_op.drop_column("phone_at")
        batch_op.drop_column("phone")

    with op.batch_alter_table("push", schema=None) as batch_op:
        batch_op.drop_column("reached")
        batch_op.drop_column("followers")

    op.drop_table("subscription_accept")
    op.drop_table("wechat_event")
    op.drop_table("official_follower")
    op.drop_table("media_check")
