"""Levels, exams and contests: pass marks, attempts a day, corrections, disqualifications, prizes, certificates

Revision ID: 0009_exams
Revises: 0009_learning
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sorting_miniapp import db

revision = "0009_exams"
down_revision = "0009_learning"
branch_labels = None
depends_on = None

OLD = ("daily", "practice", "contest", "review")
NEW = ("daily", "practice", "level", "exam", "contest", "review")
TABLE = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin", "mysql_engine": "InnoDB"}


def _key(name: str, *, nullable: bool = False, **more) -> sa.Column:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable, **more)


def _choice(name: str, *values: str, default: str | None = None) -> sa.Column:
    kind = sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)
    return sa.Column(name, kind, nullable=False, server_default=default)


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))


def _kinds(batch_op, allowed: tuple[str, ...]) -> None:
    batch_op.drop_constraint(op.f("ck_quiz_kind"), type_="check")
    listed = ", ".join(f"'{kind}'" for kind in allowed)
    batch_op.create_check_constraint(op.f("ck_quiz_kind"), sa.text(f"kind IN ({listed})"))


def upgrade() -> None:
    with op.batch_alter_table("resident", schema=None) as batch_op:
        batch_op.add_column(sa.Column("no_time_limit", sa.Boolean(), server_default=sa.false(), nullable=False))
    _quizzes()
    _attempts()
    _correction()
    _disqualification()
    _prize()
    op.create_table(
        "learning_certificate",
        _key("certificate_id", autoincrement=False),
        _key("attempt_id"),
        _key("resident_id"),
        _key("quiz_id"),
        _refers("learning_certificate", "certificate_id", "certificate"),
        _refers("learning_certificate", "attempt_id", "attempt"),
        _refers("learning_certificate", "resident_id", "resident"),
        _refers("learning_certificate", "quiz_id", "quiz"),
        sa.PrimaryKeyConstraint("certificate_id", name=op.f("pk_learning_certificate")),
        **TABLE,
    )
    with op.batch_alter_table("learning_certificate", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_learning_certificate_attempt_id"), ["attempt_id"])
        batch_op.create_index("ix_learning_certificate_resident_quiz", ["resident_id", "quiz_id"])


def _quizzes() -> None:
    with op.batch_alter_table("quiz", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pass_percent", sa.SmallInteger(), nullable=True))
        batch_op.add_column(sa.Column("per_day", sa.SmallInteger(), nullable=True))
        batch_op.add_column(sa.Column("question_seconds", sa.SmallInteger(), nullable=True))
        batch_op.add_column(sa.Column("series", db.CaseString(20), server_default="", nullable=False))
        batch_op.add_column(sa.Column("stage", sa.SmallInteger(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("stars", db.JsonText(), nullable=True))
        batch_op.add_column(sa.Column("untimed_allowed", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(_choice("entry", "person", "unit", "team", default="person"))
        batch_op.add_column(sa.Column("prizes", sa.String(length=300), server_default="", nullable=False))
        batch_op.create_check_constraint(op.f("ck_quiz_pass_percent"), sa.text("pass_percent BETWEEN 1 AND 100"))
        batch_op.create_check_constraint(op.f("ck_quiz_per_day"), sa.text("per_day >= 1"))
        batch_op.create_check_constraint(
            op.f("ck_quiz_question_seconds"), sa.text("question_seconds BETWEEN 5 AND 3600")
        )
        _kinds(batch_op, NEW)
    # A contest was taken once; from now on it says how often a day.
    op.execute("UPDATE quiz SET per_day = 1 WHERE kind = 'contest'")


def _attempts() -> None:
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.alter_column("slot", type_=db.CaseString(16), existing_type=db.CaseString(10), existing_nullable=True)
        batch_op.add_column(_key("node_id", nullable=True))
        batch_op.add_column(sa.Column("timed", sa.Boolean(), server_default=sa.true(), nullable=False))
        batch_op.add_column(sa.Column("marking", db.CaseString(16), server_default="none.none", nullable=False))
        batch_op.add_column(sa.Column("correction", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("disqualified", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("address_mark", db.CaseString(32), nullable=True))
        batch_op.add_column(sa.Column("device_mark", db.CaseString(32), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_attempt_node_id"), "node", ["node_id"], ["id"])
        batch_op.drop_index(batch_op.f("ix_attempt_submitted_at"))
        batch_op.create_index("ix_attempt_submitted_deadline", ["submitted_at", "deadline"])


def _correction() -> None:
    op.create_table(
        "question_correction",
        _key("id"),
        _key("version_id"),
        _choice("action", "new_key", "everyone_right", "void"),
        sa.Column("options", db.JsonText(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        _key("made_by"),
        sa.Column("made_at", db.UTCDateTime(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("confirmed_at", db.UTCDateTime(), nullable=True),
        sa.Column("done_at", db.UTCDateTime(), nullable=True),
        sa.Column("preview", db.JsonText(), nullable=True),
        sa.Column("outcome", db.JsonText(), nullable=True),
        sa.CheckConstraint(
            "(number IS NULL) = (confirmed_at IS NULL)", name=op.f("ck_question_correction_confirmed")
        ),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_question_correction_reason")),
        _refers("question_correction", "version_id", "question_version"),
        _refers("question_correction", "made_by", "staff"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question_correction")),
        sa.UniqueConstraint("number", name=op.f("uq_question_correction_number")),
        **TABLE,
    )
    with op.batch_alter_table("question_correction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_question_correction_version_id"), ["version_id"])


def _disqualification() -> None:
    op.create_table(
        "disqualification",
        _key("id"),
        _key("attempt_id"),
        sa.Column("live", sa.SmallInteger(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        _key("made_by"),
        sa.Column("made_at", db.UTCDateTime(), nullable=False),
        _choice("stage", "none", "pending", "upheld", "lifted"),
        sa.Column("appeal", sa.String(length=300), nullable=False),
        sa.Column("appealed_at", db.UTCDateTime(), nullable=True),
        sa.Column("answer", sa.String(length=200), nullable=False),
        _key("answered_by", nullable=True),
        sa.Column("answered_at", db.UTCDateTime(), nullable=True),
        sa.CheckConstraint("(live IS NULL) = (stage = 'lifted')", name=op.f("ck_disqualification_live")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_disqualification_reason")),
        _refers("disqualification", "attempt_id", "attempt"),
        _refers("disqualification", "made_by", "staff"),
        _refers("disqualification", "answered_by", "staff"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disqualification")),
        sa.UniqueConstraint("attempt_id", "live", name=op.f("uq_disqualification_attempt_id_live")),
        **TABLE,
    )
    with op.batch_alter_table("disqualification", schema=None) as batch_op:
        batch_op.create_index("ix_disqualification_stage", ["stage", "id"])


def _prize() -> None:
    handed = "(handed_at IS NULL) = (winner IS NULL) AND (handed_at IS NULL) = (handed_by IS NULL)"
    op.create_table(
        "contest_prize",
        _key("id"),
        _key("quiz_id"),
        _key("resident_id"),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("prize", sa.String(length=60), nullable=False),
        _key("recorded_by"),
        sa.Column("recorded_at", db.UTCDateTime(), nullable=False),
        sa.Column("winner", db.EncryptedText(), nullable=True),
        _key("handed_by", nullable=True),
        sa.Column("handed_at", db.UTCDateTime(), nullable=True),
        sa.Column("note", sa.String(length=100), nullable=False),
        sa.CheckConstraint(handed, name=op.f("ck_contest_prize_handed")),
        _refers("contest_prize", "quiz_id", "quiz"),
        _refers("contest_prize", "resident_id", "resident"),
        _refers("contest_prize", "recorded_by", "staff"),
        _refers("contest_prize", "handed_by", "staff"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contest_prize")),
        sa.UniqueConstraint("quiz_id", "resident_id", "prize", name=op.f("uq_contest_prize_quiz_id_resident_id_prize")),
        **TABLE,
    )


def downgrade() -> None:
    for table in ("learning_certificate", "contest_prize", "disqualification", "question_correction"):
        op.drop_table(table)
    # The older service knows no levels and exams, and one attempt at a contest: the best of each person stays in it.
    op.execute("UPDATE quiz SET kind = 'practice', active = false WHERE kind IN ('level', 'exam')")
    op.execute("UPDATE attempt SET slot = NULL WHERE slot LIKE '%/%'")
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.drop_index("ix_attempt_submitted_deadline")
        batch_op.create_index(batch_op.f("ix_attempt_submitted_at"), ["submitted_at"])
        batch_op.drop_constraint(batch_op.f("fk_attempt_node_id"), type_="foreignkey")
        for column in ("device_mark", "address_mark", "disqualified", "correction", "marking", "timed", "node_id"):
            batch_op.drop_column(column)
        batch_op.alter_column("slot", type_=db.CaseString(10), existing_type=db.CaseString(16), existing_nullable=True)
    with op.batch_alter_table("quiz", schema=None) as batch_op:
        _kinds(batch_op, OLD)
        for name in ("pass_percent", "per_day", "question_seconds", "entry"):
            batch_op.drop_constraint(op.f(f"ck_quiz_{name}"), type_="check")
        for column in (
            "prizes", "entry", "untimed_allowed", "stars", "stage", "series", "question_seconds", "per_day",
            "pass_percent",
        ):
            batch_op.drop_column(column)
    with op.batch_alter_table("resident", schema=None) as batch_op:
        batch_op.drop_column("no_time_limit")
