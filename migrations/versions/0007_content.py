"""What a dictionary row and a question carry, drawings, sources, and the history of content

Revision ID: 0007_content
Revises: 0008_event_day
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sorting_miniapp import db

revision = "0007_content"
down_revision = "0008_event_day"
branch_labels = None
depends_on = None

MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    kind = sa.Enum(
        "loaded", "edited", "rolled_back", name="kind", native_enum=False, create_constraint=True, length=24
    )
    op.create_table(
        "content_change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("part", db.CaseString(20), nullable=False),
        sa.Column("key", db.CaseString(80), nullable=False),
        sa.Column("at", db.UTCDateTime(), nullable=False),
        sa.Column("actor", db.CaseString(80), nullable=False),
        sa.Column("kind", kind, nullable=False),
        sa.Column("before", db.JsonText(), nullable=True),
        sa.Column("after", db.JsonText(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_change")),
        **MYSQL,
    )
    op.create_index("ix_content_change_part_key", "content_change", ["part", "key"])
    op.create_table(
        "content_row",
        sa.Column("part", db.CaseString(20), nullable=False),
        sa.Column("key", db.CaseString(80), nullable=False),
        sa.Column("file", db.CaseString(120), nullable=False),
        sa.Column("values", db.JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("part", "key", name=op.f("pk_content_row")),
        **MYSQL,
    )
    op.create_table(
        "content_source",
        sa.Column("key", db.CaseString(60), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("article", sa.String(length=120), nullable=False),
        sa.Column("issuer", sa.String(length=120), nullable=False),
        sa.Column("day", db.CaseString(10), nullable=False),
        sa.Column("checked", sa.String(length=10), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_content_source")),
        **MYSQL,
    )
    op.create_table(
        "drawing",
        sa.Column("name", db.CaseString(60), nullable=False),
        sa.Column("public_id", db.CaseString(32), nullable=False),
        sa.Column("sha256", db.CaseString(64), nullable=False),
        sa.Column("mimetype", db.CaseString(20), nullable=False),
        sa.Column("data", db.Bytes(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_drawing")),
        sa.UniqueConstraint("public_id", name=op.f("uq_drawing_public_id")),
        **MYSQL,
    )
    for table, columns in _added().items():
        for column in columns:
            op.add_column(table, column)
    for table in ("guide_item", "question"):
        op.drop_column(table, "edited")


def _text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), server_default="", nullable=False)


def _code(name: str, length: int, default: str = "") -> sa.Column[str]:
    return sa.Column(name, db.CaseString(length), server_default=default, nullable=False)


def _number(name: str, default: str = "0") -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), server_default=default, nullable=False)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False)


def _added() -> dict[str, list[sa.Column]]:
    return {
        "guide_item": [
            _text("conditions", 300),
            sa.Column("parts", db.JsonText(), nullable=True),
            _flag("low_value"),
            _text("season", 20),
            _code("confidence", 8, "high"),
            _text("reviewer", 40),
            _code("family", 60),
        ],
        "guide_name": [_flag("local"), _number("position")],
        "question": [_number("difficulty", "1"), _code("item", 60), _text("reviewer", 40)],
        "question_version": [_code("picture", 60)],
    }


def downgrade() -> None:
    for table in ("question", "guide_item"):
        op.add_column(table, _flag("edited"))
    for table, columns in _added().items():
        for column in columns:
            op.drop_column(table, column.name)
    op.drop_table("drawing")
    op.drop_table("content_source")
    op.drop_table("content_row")
    op.drop_table("content_change")
