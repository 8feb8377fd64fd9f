"""places

Revision ID: 0009_places
Revises: 0009_question_desk
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sorting_miniapp import db

revision = "0009_places"
down_revision = "0009_question_desk"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('place',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('public_id', db.CaseString(32), nullable=False),
    sa.Column('code', db.CaseString(30), nullable=False),
    sa.Column('kind', sa.Enum('collection_point', 'pavilion', 'outlet', 'hazardous_point', 'bulky_point', name='kind', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('node_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('address', sa.String(length=120), nullable=False),
    sa.Column('lat_e5', sa.Integer(), nullable=False),
    sa.Column('lng_e5', sa.Integer(), nullable=False),
    sa.Column('hours', sa.String(length=120), nullable=False),
    sa.Column('classes', db.JsonText(), nullable=False),
    sa.Column('contact', sa.String(length=60), nullable=False),
    sa.Column('remarks', sa.String(length=200), nullable=False),
    sa.Column('state', sa.Enum('active', 'paused', 'closed', name='state', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('state_note', sa.String(length=120), nullable=False),
    sa.Column('source', sa.String(length=120), nullable=False),
    sa.Column('checked_on', sa.Date(), nullable=False),
    sa.Column('created_at', db.UTCDateTime(), nullable=False),
    sa.Column('changed_at', db.UTCDateTime(), nullable=False),
    sa.CheckConstraint('lat_e5 BETWEEN -9000000 AND 9000000', name=op.f('ck_place_latitude')),
    sa.CheckConstraint('lng_e5 BETWEEN -18000000 AND 18000000', name=op.f('ck_place_longitude')),
    sa.ForeignKeyConstraint(['node_id'], ['node.id'], name=op.f('fk_place_node_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_place')),
    sa.UniqueConstraint('code', name=op.f('uq_place_code')),
    sa.UniqueConstraint('node_id', 'kind', 'name', name=op.f('uq_place_node_id_kind_name')),
    sa.UniqueConstraint('public_id', name=op.f('uq_place_public_id')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('place', schema=None) as batch_op:
        batch_op.create_index('ix_place_position', ['lat_e5', 'lng_e5'], unique=False)

    op.create_table('place_issue',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('place_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('node_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Enum('broken', 'full', 'dirty', 'gone', 'misplaced', 'unlisted', name='kind', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('spot', sa.String(length=120), nullable=False),
    sa.Column('state', sa.Enum('new', 'accepted', 'done', 'declined', name='state', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('live', sa.SmallInteger(), nullable=True),
    sa.Column('times', sa.Integer(), nullable=False),
    sa.Column('opened_at', db.UTCDateTime(), nullable=False),
    sa.Column('due_at', db.UTCDateTime(), nullable=False),
    sa.Column('accepted_at', db.UTCDateTime(), nullable=True),
    sa.Column('accepted_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('ended_at', db.UTCDateTime(), nullable=True),
    sa.Column('ended_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('answer', sa.String(length=200), nullable=False),
    sa.CheckConstraint("(kind = 'unlisted') = (place_id IS NULL)", name=op.f('ck_place_issue_place')),
    sa.CheckConstraint("(state IN ('new', 'accepted')) = (live IS NOT NULL)", name=op.f('ck_place_issue_live')),
    sa.CheckConstraint("live IS NOT NULL OR answer <> ''", name=op.f('ck_place_issue_answer')),
    sa.CheckConstraint('(live IS NULL) = (ended_at IS NOT NULL)', name=op.f('ck_place_issue_ended')),
    sa.CheckConstraint('times >= 1', name=op.f('ck_place_issue_times')),
    sa.ForeignKeyConstraint(['accepted_by'], ['staff.id'], name=op.f('fk_place_issue_accepted_by')),
    sa.ForeignKeyConstraint(['ended_by'], ['staff.id'], name=op.f('fk_place_issue_ended_by')),
    sa.ForeignKeyConstraint(['node_id'], ['node.id'], name=op.f('fk_place_issue_node_id')),
    sa.ForeignKeyConstraint(['place_id'], ['place.id'], name=op.f('fk_place_issue_place_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_place_issue')),
    sa.UniqueConstraint('place_id', 'kind', 'live', name=op.f('uq_place_issue_place_id_kind_live')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('place_issue', schema=None) as batch_op:
        batch_op.create_index('ix_place_issue_node_live', ['node_id', 'live', 'due_at'], unique=False)
        batch_op.create_index('ix_place_issue_opened', ['opened_at'], unique=False)

    op.create_table('place_report',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('public_id', db.CaseString(32), nullable=False),
    sa.Column('issue_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('resident_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('text', sa.String(length=300), nullable=False),
    sa.Column('created_at', db.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['issue_id'], ['place_issue.id'], name=op.f('fk_place_report_issue_id')),
    sa.ForeignKeyConstraint(['resident_id'], ['resident.id'], name=op.f('fk_place_report_resident_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_place_report')),
    sa.UniqueConstraint('issue_id', 'resident_id', name=op.f('uq_place_report_issue_id_resident_id')),
    sa.UniqueConstraint('public_id', name=op.f('uq_place_report_public_id')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('place_report', schema=None) as batch_op:
        batch_op.create_index('ix_place_report_resident_created', ['resident_id', 'created_at'], unique=False)

    op.create_table('place_picture',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('public_id', db.CaseString(32), nullable=False),
    sa.Column('check_key', db.CaseString(32), nullable=False),
    sa.Column('resident_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('report_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('data', db.Bytes(), nullable=False),
    sa.Column('state', sa.Enum('pending', 'pass', 'review', 'risky', name='state', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('asked_at', db.UTCDateTime(), nullable=True),
    sa.Column('created_at', db.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['report_id'], ['place_report.id'], name=op.f('fk_place_picture_report_id')),
    sa.ForeignKeyConstraint(['resident_id'], ['resident.id'], name=op.f('fk_place_picture_resident_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_place_picture')),
    sa.UniqueConstraint('check_key', name=op.f('uq_place_picture_check_key')),
    sa.UniqueConstraint('public_id', name=op.f('uq_place_picture_public_id')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('place_picture', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_place_picture_created_at'), ['created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_place_picture_report_id'), ['report_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_place_picture_resident_id'), ['resident_id'], unique=False)
        batch_op.create_index('ix_place_picture_state_asked', ['state', 'asked_at'], unique=False)


def downgrade() -> None:
    for table in ("place_picture", "place_report", "place_issue", "place"):
        op.drop_table(table)
