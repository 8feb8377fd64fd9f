"""Campaigns, kinds as data, co-hosts, posts with requirements, early sign-up, appeals against absences.

Revision ID: 0003_events
Revises: 0004_hours_registration
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sorting_miniapp import db

revision = "0003_events"
down_revision = "0004_hours_registration"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLE = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin", "mysql_engine": "InnoDB"}


def upgrade() -> None:
    op.create_table(
        "event_kind",
        sa.Column("id", KEY, nullable=False),
        sa.Column("key", db.CaseString(24), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_kind")),
        sa.UniqueConstraint("key", name=op.f("uq_event_kind_key")),
        **TABLE,
    )
    op.create_table(
        "campaign",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", db.CaseString(32), nullable=False),
        sa.Column("node_id", KEY, nullable=False),
        sa.Column("parent_id", KEY, nullable=True),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("theme", sa.String(length=120), nullable=False),
        sa.Column("summary", sa.String(length=500), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("created_by", KEY, nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("changed_at", db.UTCDateTime(), nullable=False),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_campaign_days")),
        sa.ForeignKeyConstraint(["created_by"], ["staff.id"], name=op.f("fk_campaign_created_by")),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_campaign_node_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["campaign.id"], name=op.f("fk_campaign_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("public_id", name=op.f("uq_campaign_public_id")),
        **TABLE,
    )
    for column in ("created_by", "node_id", "parent_id", "starts_on"):
        op.create_index(f"ix_campaign_{column}", "campaign", [column])
    op.create_table(
        "event_cohost",
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("node_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_event_cohost_event_id")),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_event_cohost_node_id")),
        sa.PrimaryKeyConstraint("event_id", "node_id", name=op.f("pk_event_cohost")),
        **TABLE,
    )
    op.create_index("ix_event_cohost_node_id", "event_cohost", ["node_id"])
    op.create_table(
        "absence_appeal",
        sa.Column("id", KEY, nullable=False),
        sa.Column("sign_up_id", KEY, nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending", "granted", "refused", name="state", native_enum=False, create_constraint=True, length=24
            ),
            nullable=False,
        ),
        sa.Column("answer", sa.String(length=200), nullable=False),
        sa.Column("decided_by", KEY, nullable=True),
        sa.Column("decided_at", db.UTCDateTime(), nullable=True),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["decided_by"], ["staff.id"], name=op.f("fk_absence_appeal_decided_by")),
        sa.ForeignKeyConstraint(["sign_up_id"], ["sign_up.id"], name=op.f("fk_absence_appeal_sign_up_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence_appeal")),
        sa.UniqueConstraint("sign_up_id", name=op.f("uq_absence_appeal_sign_up_id")),
        **TABLE,
    )
    op.create_index("ix_absence_appeal_state", "absence_appeal", ["state"])
    with op.batch_alter_table("event_template") as batch_op:
        batch_op.add_column(sa.Column("risk_version", sa.Integer(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("posts", db.JsonText(), nullable=True))
        batch_op.add_column(sa.Column("checklist", db.JsonText(), nullable=True))
        batch_op.add_column(sa.Column("report_fields", db.JsonText(), nullable=True))
        batch_op.drop_column("capacity")
    with op.batch_alter_table("event") as batch_op:
        batch_op.add_column(sa.Column("lat_e5", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("lng_e5", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("campaign_id", KEY, nullable=True))
        batch_op.add_column(sa.Column("opens_at", db.UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column("early_hours", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("checklist", db.JsonText(), nullable=True))
        batch_op.add_column(sa.Column("report_fields", db.JsonText(), nullable=True))
        batch_op.create_index(batch_op.f("ix_event_campaign_id"), ["campaign_id"])
        batch_op.create_foreign_key(batch_op.f("fk_event_campaign_id"), "campaign", ["campaign_id"], ["id"])
    with op.batch_alter_table("shift") as batch_op:
        batch_op.add_column(sa.Column("tasks", sa.String(length=500), server_default="", nullable=False))
        batch_op.add_column(sa.Column("served", sa.String(length=120), server_default="", nullable=False))
        batch_op.add_column(sa.Column("requirements", db.JsonText(), nullable=True))
    with op.batch_alter_table("sign_up") as batch_op:
        batch_op.add_column(sa.Column("group_id", KEY, nullable=True))
        batch_op.add_column(sa.Column("signed_by", KEY, nullable=True))
        batch_op.create_index(batch_op.f("ix_sign_up_group_id"), ["group_id"])
        batch_op.create_index(batch_op.f("ix_sign_up_signed_by"), ["signed_by"])
        batch_op.create_foreign_key(batch_op.f("fk_sign_up_group_id"), "node", ["group_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_sign_up_signed_by"), "resident", ["signed_by"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("sign_up") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_sign_up_signed_by"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_sign_up_group_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_sign_up_signed_by"))
        batch_op.drop_index(batch_op.f("ix_sign_up_group_id"))
        batch_op.drop_column("signed_by")
        batch_op.drop_column("group_id")
    with op.batch_alter_table("shift") as batch_op:
        batch_op.drop_column("requirements")
        batch_op.drop_column("served")
        batch_op.drop_column("tasks")
    with op.batch_alter_table("event") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_event_campaign_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_event_campaign_id"))
        for column in ("report_fields", "checklist", "early_hours", "opens_at", "campaign_id", "lng_e5", "lat_e5"):
            batch_op.drop_column(column)
    with op.batch_alter_table("event_template") as batch_op:
        batch_op.add_column(sa.Column("capacity", sa.Integer(), server_default="1", nullable=False))
        for column in ("report_fields", "checklist", "posts", "risk_version"):
            batch_op.drop_column(column)
    for table in ("absence_appeal", "event_cohost", "campaign", "event_kind"):
        op.drop_table(table)
