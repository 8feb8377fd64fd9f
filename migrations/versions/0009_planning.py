"""Planning: audiences, grace and slots of pushes, columns' rules and queues, other offices' accounts, tags, series

Revision ID: 0009_planning
Revises: 0009_exams
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from alembic import op
from sorting_miniapp import db

revision = "0009_planning"
down_revision = "0009_exams"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MYSQL = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin", "mysql_engine": "InnoDB"}
CHANNELS = ("mass", "publish", "subscribe", "in_app", "handover")
AUDIENCES = ("residents", "column", "volunteers")
OLD_GRACE = timedelta(hours=2)


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)


def _channels(batch_op, allowed) -> None:
    listed = ", ".join(f"'{one}'" for one in allowed)
    batch_op.drop_constraint(op.f("ck_push_channel"), type_="check")
    batch_op.create_check_constraint(op.f("ck_push_channel"), sa.text(f"channel IN ({listed})"))


def upgrade() -> None:
    op.create_table(
        "handover_account",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("office", sa.String(length=60), nullable=False),
        sa.Column("contact", db.EncryptedText(), nullable=False),
        sa.Column("kind", _enum("kind", "subscription", "service"), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover_account")),
        sa.UniqueConstraint("name", name=op.f("uq_handover_account_name")),
        **MYSQL,
    )
    op.create_table(
        "account_tag",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("followers", sa.Integer(), nullable=False),
        sa.Column("seen_at", db.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_tag")),
        **MYSQL,
    )
    op.create_table(
        "push_series",
        sa.Column("key", db.CaseString(40), nullable=False),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("about", sa.String(length=200), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("week", sa.Integer(), nullable=False),
        sa.Column("lines", db.JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_push_series")),
        **MYSQL,
    )
    op.create_table(
        "column_plan",
        sa.Column("column_id", KEY, autoincrement=False, nullable=False),
        sa.Column("node_id", KEY, nullable=False),
        sa.Column("weekdays", db.CaseString(7), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("grace_minutes", sa.Integer(), nullable=False),
        sa.Column("channel", _enum("channel", *CHANNELS), nullable=False),
        sa.Column("branch", db.CaseString(255), nullable=False),
        sa.Column("audience", _enum("audience", *AUDIENCES), nullable=False),
        sa.Column("followed_id", KEY, nullable=True),
        sa.Column("tag_id", sa.Integer(), nullable=True),
        sa.Column("tag_name", sa.String(length=30), nullable=False),
        sa.Column("account_id", KEY, nullable=True),
        sa.Column("next_at", db.UTCDateTime(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("changed_by", KEY, nullable=False),
        sa.CheckConstraint("minute >= 0 AND minute < 1440", name=op.f("ck_column_plan_minute")),
        sa.ForeignKeyConstraint(["account_id"], ["handover_account.id"], name=op.f("fk_column_plan_account_id")),
        sa.ForeignKeyConstraint(["changed_by"], ["staff.id"], name=op.f("fk_column_plan_changed_by")),
        sa.ForeignKeyConstraint(["column_id"], ["article_column.id"], name=op.f("fk_column_plan_column_id")),
        sa.ForeignKeyConstraint(["followed_id"], ["article_column.id"], name=op.f("fk_column_plan_followed_id")),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_column_plan_node_id")),
        sa.PrimaryKeyConstraint("column_id", name=op.f("pk_column_plan")),
        **MYSQL,
    )
    with op.batch_alter_table("column_plan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_column_plan_next_at"), ["next_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_column_plan_node_id"), ["node_id"], unique=False)
    op.create_table(
        "column_entry",
        sa.Column("article_id", KEY, autoincrement=False, nullable=False),
        sa.Column("column_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_column_entry_article_id")),
        sa.ForeignKeyConstraint(["column_id"], ["article_column.id"], name=op.f("fk_column_entry_column_id")),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_column_entry")),
        **MYSQL,
    )
    with op.batch_alter_table("column_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_column_entry_column_id"), ["column_id"], unique=False)
    with op.batch_alter_table("push", schema=None) as batch_op:
        batch_op.add_column(sa.Column("audience", sa.String(24), nullable=False, server_default="residents"))
        batch_op.add_column(sa.Column("followed_id", KEY, nullable=True))
        batch_op.add_column(sa.Column("tag_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("tag_name", sa.String(length=30), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("account_id", KEY, nullable=True))
        batch_op.add_column(sa.Column("column_id", KEY, nullable=True))
        batch_op.add_column(sa.Column("slot_at", db.UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column("late_at", db.UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column("handed_at", db.UTCDateTime(), nullable=True))
    push = sa.table("push", sa.column("id", KEY), sa.column("due_at", db.UTCDateTime()), sa.column("late_at", db.UTCDateTime()))
    here = op.get_bind()
    for key, due_at in here.execute(sa.select(push.c.id, push.c.due_at)).all():
        here.execute(push.update().where(push.c.id == key).values(late_at=due_at + OLD_GRACE))
    with op.batch_alter_table("push", schema=None) as batch_op:
        _channels(batch_op, CHANNELS)
        batch_op.alter_column("audience", existing_type=sa.String(24), existing_nullable=False, server_default=None)
        batch_op.alter_column("tag_name", existing_type=sa.String(30), existing_nullable=False, server_default=None)
        batch_op.alter_column("late_at", existing_type=db.UTCDateTime(), nullable=False)
        listed = ", ".join(f"'{one}'" for one in AUDIENCES)
        batch_op.create_check_constraint(op.f("ck_push_audience"), sa.text(f"audience IN ({listed})"))
        batch_op.create_unique_constraint(op.f("uq_push_column_id_slot_at"), ["column_id", "slot_at"])
        batch_op.create_index(batch_op.f("ix_push_account_id"), ["account_id"], unique=False)
        for column, other in (("followed_id", "article_column"), ("column_id", "article_column"), ("account_id", "handover_account")):
            batch_op.create_foreign_key(op.f(f"fk_push_{column}"), other, [column], ["id"])


def downgrade() -> None:
    op.execute("DELETE FROM push WHERE channel = 'in_app'")
    with op.batch_alter_table("push", schema=None) as batch_op:
        for column in ("followed_id", "column_id", "account_id"):
            batch_op.drop_constraint(op.f(f"fk_push_{column}"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_push_account_id"))
        batch_op.drop_constraint(op.f("uq_push_column_id_slot_at"), type_="unique")
        batch_op.drop_constraint(op.f("ck_push_audience"), type_="check")
        _channels(batch_op, [one for one in CHANNELS if one != "in_app"])
        for column in (
            "handed_at", "late_at", "slot_at", "column_id", "account_id", "tag_name", "tag_id", "followed_id", "audience",
        ):  # fmt: skip
            batch_op.drop_column(column)
    for table in ("column_entry", "column_plan", "push_series", "account_tag", "handover_account"):
        op.drop_table(table)
