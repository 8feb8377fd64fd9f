"""Changes of questions that wait for a second person

Revision ID: 0009_question_desk
Revises: 0009_learning
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sorting_miniapp import db

revision = "0009_question_desk"
down_revision = "0009_planning"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "question_proposal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("question_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("base", sa.Integer(), nullable=False),
        sa.Column("row_values", db.JsonText(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("batch", db.CaseString(32), nullable=False),
        sa.Column("state", sa.Enum("open", "accepted", "returned", "withdrawn", name="state", native_enum=False, create_constraint=True, length=24), nullable=False),
        sa.Column("live", sa.SmallInteger(), nullable=True),
        sa.Column("made_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("made_at", db.UTCDateTime(), nullable=False),
        sa.Column("decided_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_at", db.UTCDateTime(), nullable=True),
        sa.Column("remark", sa.String(length=300), nullable=False),
        sa.CheckConstraint("(live IS NULL) = (state <> 'open')", name=op.f("ck_question_proposal_live")),
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> made_by OR state = 'withdrawn'", name=op.f("ck_question_proposal_two_people")),
        sa.ForeignKeyConstraint(["decided_by"], ["staff.id"], name=op.f("fk_question_proposal_decided_by")),
        sa.ForeignKeyConstraint(["made_by"], ["staff.id"], name=op.f("fk_question_proposal_made_by")),
        sa.ForeignKeyConstraint(["question_id"], ["question.id"], name=op.f("fk_question_proposal_question_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question_proposal")),
        sa.UniqueConstraint("question_id", "live", name=op.f("uq_question_proposal_question_id_live")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB"
    )
    with op.batch_alter_table("question_proposal", schema=None) as batch_op:
        batch_op.create_index("ix_question_proposal_state", ["state", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("question_proposal")
