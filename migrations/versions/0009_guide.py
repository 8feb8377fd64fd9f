"""The guide complete: search keys, photos, answers to requests, class pages, seasons, services, counts of look-ups

Revision ID: 0009_guide
Revises: 0010_question_sets
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sorting_miniapp import db

revision = "0009_guide"
down_revision = "0010_question_sets"
branch_labels = None
depends_on = None

MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
CLASSES = ("recyclable", "food", "hazardous", "residual", "bulky", "renovation")


def _class(nullable: bool) -> sa.Column[str]:
    kind = sa.Enum(*CLASSES, name="waste_class", native_enum=False, create_constraint=True, length=24)
    return sa.Column("waste_class", kind, nullable=nullable)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def _text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), server_default="", nullable=False)


def _code(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, db.CaseString(length), server_default="", nullable=False)


def _added() -> dict[str, list[sa.Column]]:
    return {
        "guide_item": [_code("photo", 32)],
        # Filled at the next `flask content load`: '' says that a name has none yet.
        "guide_name": [
            _code("sound", 200),
            sa.Column("pairs", sa.Integer(), server_default="0", nullable=False),
            sa.Column("derived", sa.Boolean(), server_default=sa.false(), nullable=False),
        ],
        "guide_category": [
            _code("sign", 60),
            *(sa.Column(name, db.JsonText(), nullable=True) for name in ("examples", "not_here", "mistakes")),
        ],
        "guide_request": [
            _code("item_key", 60),
            _text("answer", 100),
            _code("answered_by", 80),
            sa.Column("answered_at", db.UTCDateTime(), nullable=True),
        ],
        "guide_request_vote": [_text("remark", 100)],
    }


def upgrade() -> None:
    for table, columns in _added().items():
        for column in columns:
            op.add_column(table, column)
    op.create_index("ix_guide_name_sound", "guide_name", ["sound"])
    op.create_table(
        "guide_synonym",
        _id(),
        sa.Column("word", db.CaseString(40), nullable=False),
        _class(nullable=True),
        sa.Column("group_number", sa.Integer(), nullable=True),
        sa.Column("item_key", db.CaseString(60), nullable=True),
        sa.CheckConstraint(
            "(CASE WHEN waste_class IS NULL THEN 0 ELSE 1 END) + (CASE WHEN group_number IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN item_key IS NULL THEN 0 ELSE 1 END) = 1",
            name=op.f("ck_guide_synonym_one_meaning"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guide_synonym")),
        **MYSQL,
    )
    op.create_table(
        "guide_season",
        _id(),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("turn", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("later", db.JsonText(), nullable=False),
        sa.CheckConstraint("first_day <= turn AND turn <= last_day", name=op.f("ck_guide_season_in_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guide_season")),
        **MYSQL,
    )
    op.create_index("ix_guide_season_first_day", "guide_season", ["first_day"])
    op.create_table(
        "guide_handling",
        _class(nullable=False),
        sa.Column("text", db.JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("waste_class", name=op.f("pk_guide_handling")),
        **MYSQL,
    )
    for table, key in (("guide_look_up", "item_key"), ("guide_missed", "folded")):
        op.create_table(
            table,
            sa.Column("day", sa.Date(), nullable=False),
            sa.Column(key, db.CaseString(60), nullable=False),
            sa.Column("times", sa.Integer(), nullable=False),
            sa.CheckConstraint("times >= 1", name=op.f(f"ck_{table}_times")),
            sa.PrimaryKeyConstraint("day", key, name=op.f(f"pk_{table}")),
            **MYSQL,
        )


def downgrade() -> None:
    for table in ("guide_missed", "guide_look_up", "guide_handling", "guide_season", "guide_synonym"):
        op.drop_table(table)
    op.drop_index("ix_guide_name_sound", table_name="guide_name")
    for table, columns in _added().items():
        for column in columns:
            op.drop_column(table, column.name)
