"""Staff bind their own WeChat accounts

Revision ID: 0009_events_end
Revises: 0006_figures_photos
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sorting_miniapp import db

revision = '0009_events_end'
down_revision = '0006_figures_photos'
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
MYSQL = {'mysql_charset': 'utf8mb4', 'mysql_collate': 'utf8mb4_bin', 'mysql_engine': 'InnoDB'}


def upgrade() -> None:
    op.create_table('staff_binding',
    sa.Column('id', KEY, nullable=False),
    sa.Column('staff_id', KEY, nullable=False),
    sa.Column('kind', sa.Enum('mini', 'official', name='kind', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('resident_id', KEY, nullable=True),
    sa.Column('openid', db.CaseString(64), nullable=True),
    sa.Column('live', sa.SmallInteger(), nullable=True),
    sa.Column('bound_at', db.UTCDateTime(), nullable=False),
    sa.Column('ended_at', db.UTCDateTime(), nullable=True),
    sa.CheckConstraint('(resident_id IS NULL) <> (openid IS NULL)', name=op.f('ck_staff_binding_account')),
    sa.CheckConstraint('(live IS NULL AND ended_at IS NOT NULL) OR (live = 1 AND ended_at IS NULL)', name=op.f('ck_staff_binding_live')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_staff_binding_staff_id')),
    sa.ForeignKeyConstraint(['resident_id'], ['resident.id'], name=op.f('fk_staff_binding_resident_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_staff_binding')),
    sa.UniqueConstraint('staff_id', 'kind', 'live', name=op.f('uq_staff_binding_staff_id_kind_live')),
    sa.UniqueConstraint('resident_id', 'live', name=op.f('uq_staff_binding_resident_id_live')),
    sa.UniqueConstraint('openid', 'live', name=op.f('uq_staff_binding_openid_live')),
    **MYSQL
    )
    op.create_table('staff_bind_code',
    sa.Column('staff_id', KEY, autoincrement=False, nullable=False),
    sa.Column('fingerprint', db.CaseString(64), nullable=False),
    sa.Column('expires_at', db.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_staff_bind_code_staff_id')),
    sa.PrimaryKeyConstraint('staff_id', name=op.f('pk_staff_bind_code')),
    sa.UniqueConstraint('fingerprint', name=op.f('uq_staff_bind_code_fingerprint')),
    **MYSQL
    )


def downgrade() -> None:
    op.drop_table('staff_bind_code')
    op.drop_table('staff_binding')
