"""A photo about which WeChat was unsure is let pass or not by a person

Revision ID: 0011_photo_readers
Revises: 0011_correction_readers
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sorting_miniapp import db

revision = "0011_photo_readers"
down_revision = "0011_correction_readers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("place_picture", schema=None) as batch_op:
        key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
        batch_op.add_column(sa.Column("decided_by", key, nullable=True))
        batch_op.add_column(sa.Column("decided_at", db.UTCDateTime(), nullable=True))
        batch_op.create_foreign_key(op.f("fk_place_picture_decided_by"), "staff", ["decided_by"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("place_picture", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("fk_place_picture_decided_by"), type_="foreignkey")
        batch_op.drop_column("decided_at")
        batch_op.drop_column("decided_by")
