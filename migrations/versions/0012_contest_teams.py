"""Contests by class and team: who entered for which, and what each team reached

Revision ID: 0012_contest_teams
Revises: 0011_photo_readers
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sorting_miniapp import db

revision = "0012_contest_teams"
down_revision = "0011_photo_readers"
branch_labels = None
depends_on = None

TABLE = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))


def _key(name: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "team_entry",
        _key("quiz_id"),
        _key("resident_id"),
        _key("team_id"),
        sa.Column("entered_at", db.UTCDateTime(), nullable=False),
        _refers("team_entry", "quiz_id", "quiz"),
        _refers("team_entry", "resident_id", "resident"),
        _refers("team_entry", "team_id", "team"),
        sa.PrimaryKeyConstraint("quiz_id", "resident_id", name=op.f("pk_team_entry")),
        **TABLE,
    )
    op.create_index(op.f("ix_team_entry_team_id"), "team_entry", ["team_id"])
    op.create_table(
        "team_total",
        _key("quiz_id"),
        sa.Column("period", db.CaseString(10), nullable=False),
        _key("team_id"),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("people", "score", "duration_ms")),
        _refers("team_total", "quiz_id", "quiz"),
        _refers("team_total", "team_id", "team"),
        sa.PrimaryKeyConstraint("quiz_id", "period", "team_id", name=op.f("pk_team_total")),
        **TABLE,
    )
    with op.batch_alter_table("quiz_total", schema=None) as batch_op:
        batch_op.add_column(_key("team_id", nullable=True))
        batch_op.create_foreign_key(op.f("fk_quiz_total_team_id"), "team", ["team_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("quiz_total", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("fk_quiz_total_team_id"), type_="foreignkey")
        batch_op.drop_column("team_id")
    op.drop_table("team_total")
    op.drop_table("team_entry")
