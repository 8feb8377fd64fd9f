"""A correction of a question is confirmed or sent back by a second person

Revision ID: 0011_correction_readers
Revises: 0009_guide
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sorting_miniapp import db

revision = "0011_correction_readers"
down_revision = "0009_guide"
branch_labels = None
depends_on = None

PEOPLE = ("confirmed_by", "dropped_by")
CHECKS = {
    "two_people": "confirmed_by IS NULL OR confirmed_by <> made_by",
    "dropped": "dropped_at IS NULL OR number IS NULL",
}


def upgrade() -> None:
    with op.batch_alter_table("question_correction", schema=None) as batch_op:
        for name in PEOPLE:
            key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
            batch_op.add_column(sa.Column(name, key, nullable=True))
            batch_op.create_foreign_key(op.f(f"fk_question_correction_{name}"), "staff", [name], ["id"])
        batch_op.add_column(sa.Column("dropped_at", db.UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column("remark", sa.String(length=200), server_default="", nullable=False))
        for name, rule in CHECKS.items():
            batch_op.create_check_constraint(op.f(f"ck_question_correction_{name}"), sa.text(rule))


def downgrade() -> None:
    with op.batch_alter_table("question_correction", schema=None) as batch_op:
        for name in CHECKS:
            batch_op.drop_constraint(op.f(f"ck_question_correction_{name}"), type_="check")
        for name in PEOPLE:
            batch_op.drop_constraint(op.f(f"fk_question_correction_{name}"), type_="foreignkey")
        for name in (*PEOPLE, "dropped_at", "remark"):
            batch_op.drop_column(name)
