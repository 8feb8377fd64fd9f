"""Photos of reported activities lie with those of other events

Revision ID: 0006_figures_photos
Revises: 0006_figures_records
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sorting_miniapp import db

revision = "0006_figures_photos"
down_revision = "0006_figures_records"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("activity_picture")


def downgrade() -> None:
    op.create_table(
        "activity_picture",
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("picture", db.CaseString(32), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_activity_picture_event_id")),
        sa.PrimaryKeyConstraint("event_id", "number", name=op.f("pk_activity_picture")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
