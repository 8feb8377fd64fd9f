"""Sending: errors in a row of a fan-out, and the totals of deliveries whose rows are gone

Revision ID: 0009_sending
Revises: 0009_events_end
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sorting_miniapp import db

revision = '0009_sending'
down_revision = '0009_events_end'
branch_labels = None
depends_on = None

STATES = ('ready', 'sending', 'sent', 'refused', 'failed', 'unknown', 'cancelled')


def upgrade() -> None:
    with op.batch_alter_table('fan_out', schema=None) as batch_op:
        batch_op.add_column(sa.Column('errors', sa.Integer(), nullable=False, server_default='0'))
    with op.batch_alter_table('fan_out', schema=None) as batch_op:
        batch_op.alter_column('errors', existing_type=sa.Integer(), existing_nullable=False, server_default=None)
    op.create_table('delivery_total',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('fan_out_id', sa.BigInteger(), nullable=False),
    sa.Column('month', db.CaseString(7), nullable=False),
    sa.Column('notice_key', db.CaseString(40), nullable=False),
    sa.Column('state', sa.Enum(*STATES, name='state', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('errcode', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(length=120), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.CheckConstraint('number > 0', name=op.f('ck_delivery_total_number')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delivery_total')),
    sa.UniqueConstraint('fan_out_id', 'month', 'notice_key', 'state', 'errcode', 'reason', name=op.f('uq_delivery_total_key')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('delivery_total', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_delivery_total_month'), ['month'], unique=False)


def downgrade() -> None:
    op.drop_table('delivery_total')
    with op.batch_alter_table('fan_out', schema=None) as batch_op:
        batch_op.drop_column('errors')
