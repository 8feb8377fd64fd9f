"""Figures: definitions, owners, checks, the ledger of entries, closed periods

Revision ID: 0006_figures
Revises: 0003_events
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sorting_miniapp import db

revision = "0006_figures"
down_revision = "0003_events"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "figure_block",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", db.CaseString(40), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("again", db.JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_figure_block")),
        sa.UniqueConstraint("key", name=op.f("uq_figure_block_key")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "figure_check",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", db.CaseString(60), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("sum", "at_most", name="kind", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("parts", db.JsonText(), nullable=False),
        sa.Column("whole", db.CaseString(60), nullable=False),
        sa.Column("says", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_figure_check")),
        sa.UniqueConstraint("key", name=op.f("uq_figure_check_key")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "figure",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", db.CaseString(60), nullable=False),
        sa.Column("block_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "auto",
                "counted",
                "imported",
                "typed",
                name="source",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "period",
            sa.Enum(
                "year", "quarter", "month", "span", name="period", native_enum=False, create_constraint=True, length=24
            ),
            nullable=False,
        ),
        sa.Column(
            "over_time",
            sa.Enum("sum", "last", name="over_time", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column(
            "style",
            sa.Enum(
                "exact",
                "over",
                "about",
                "wan_over",
                "wan_about",
                name="style",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("auto", db.JsonText(), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["block_id"], ["figure_block.id"], name=op.f("fk_figure_block_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_figure")),
        sa.UniqueConstraint("key", name=op.f("uq_figure_key")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("figure", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_figure_block_id"), ["block_id"], unique=False)

    op.create_table(
        "figure_period",
        sa.Column("code", db.CaseString(10), nullable=False),
        sa.Column("closed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("closed_at", db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["closed_by"], ["staff.id"], name=op.f("fk_figure_period_closed_by")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_figure_period")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "figure_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("figure_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("node_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("period", db.CaseString(10), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column(
            "bound",
            sa.Enum("exact", "at_least", "about", name="bound", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("document", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column(
            "how",
            sa.Enum("form", "sheet", name="how", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("first", sa.SmallInteger(), nullable=True),
        sa.Column("corrects_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("after_close", sa.Boolean(), nullable=False),
        sa.Column("entered_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entered_at", db.UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "(first = 1 AND corrects_id IS NULL) OR (first IS NULL AND corrects_id IS NOT NULL)",
            name=op.f("ck_figure_entry_chain"),
        ),
        sa.CheckConstraint("value >= 0", name=op.f("ck_figure_entry_value")),
        sa.ForeignKeyConstraint(["corrects_id"], ["figure_entry.id"], name=op.f("fk_figure_entry_corrects_id")),
        sa.ForeignKeyConstraint(["entered_by"], ["staff.id"], name=op.f("fk_figure_entry_entered_by")),
        sa.ForeignKeyConstraint(["figure_id"], ["figure.id"], name=op.f("fk_figure_entry_figure_id")),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_figure_entry_node_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_figure_entry")),
        sa.UniqueConstraint("corrects_id", name=op.f("uq_figure_entry_corrects_id")),
        sa.UniqueConstraint(
            "figure_id", "node_id", "period", "first", name=op.f("uq_figure_entry_figure_id_node_id_period_first")
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("figure_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_figure_entry_entered_by"), ["entered_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_figure_entry_node_id"), ["node_id"], unique=False)
        batch_op.create_index("ix_figure_entry_period_node", ["period", "node_id"], unique=False)

    op.create_table(
        "figure_owner",
        sa.Column("figure_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("node_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["figure_id"], ["figure.id"], name=op.f("fk_figure_owner_figure_id")),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_figure_owner_node_id")),
        sa.PrimaryKeyConstraint("figure_id", "node_id", name=op.f("pk_figure_owner")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("figure_owner", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_figure_owner_node_id"), ["node_id"], unique=False)

    op.create_table(
        "figure_sign_off",
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entered_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("staff_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum("accepted", "returned", name="verdict", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("remark", sa.String(length=200), nullable=False),
        sa.Column("at", db.UTCDateTime(), nullable=False),
        sa.CheckConstraint("staff_id <> entered_by", name=op.f("ck_figure_sign_off_two_people")),
        sa.ForeignKeyConstraint(["entered_by"], ["staff.id"], name=op.f("fk_figure_sign_off_entered_by")),
        sa.ForeignKeyConstraint(["entry_id"], ["figure_entry.id"], name=op.f("fk_figure_sign_off_entry_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_figure_sign_off_staff_id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_figure_sign_off")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("figure_sign_off", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_figure_sign_off_staff_id"), ["staff_id"], unique=False)


def downgrade() -> None:
    op.drop_table("figure_sign_off")
    op.drop_table("figure_owner")
    op.drop_table("figure_entry")
    op.drop_table("figure_period")
    op.drop_table("figure")
    op.drop_table("figure_check")
    op.drop_table("figure_block")
