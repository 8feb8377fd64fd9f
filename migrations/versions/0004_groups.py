"""groups

Revision ID: 0004_groups
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sorting_miniapp import db

revision = "0004_groups"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("volunteer_group",
    sa.Column("node_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
    sa.Column("number", db.CaseString(40), nullable=True),
    sa.Column("contact", db.EncryptedText(), nullable=False),
    sa.Column("about", sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_volunteer_group_node_id")),
    sa.PrimaryKeyConstraint("node_id", name=op.f("pk_volunteer_group")),
    sa.UniqueConstraint("number", name=op.f("uq_volunteer_group_number")),
    mysql_charset="utf8mb4",
    mysql_collate="utf8mb4_bin",
    mysql_engine="InnoDB"
    )
    op.create_table("group_member",
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
    sa.Column("public_id", db.CaseString(32), nullable=False),
    sa.Column("node_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
    sa.Column("resident_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
    sa.Column("state", sa.Enum("requested", "member", "declined", "left", name="state", native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column("leader", sa.Boolean(), nullable=False),
    sa.Column("asked_at", db.UTCDateTime(), nullable=False),
    sa.Column("decided_at", db.UTCDateTime(), nullable=True),
    sa.Column("decided_by", db.CaseString(80), nullable=False),
    sa.CheckConstraint("NOT leader OR state = 'member'", name=op.f("ck_group_member_leader")),
    sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_group_member_node_id")),
    sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name=op.f("fk_group_member_resident_id")),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_group_member")),
    sa.UniqueConstraint("public_id", name=op.f("uq_group_member_public_id")),
    sa.UniqueConstraint("node_id", "resident_id", name=op.f("uq_group_member_node_id_resident_id")),
    mysql_charset="utf8mb4",
    mysql_collate="utf8mb4_bin",
    mysql_engine="InnoDB"
    )
    with op.batch_alter_table("group_member", schema=None) as batch_op:
        batch_op.create_index("ix_group_member_node_state", ["node_id", "state"], unique=False)
        batch_op.create_index(batch_op.f("ix_group_member_resident_id"), ["resident_id"], unique=False)


def downgrade() -> None:
    op.drop_table("group_member")
    op.drop_table("volunteer_group")
