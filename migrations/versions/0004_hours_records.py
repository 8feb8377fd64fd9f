"""records

Revision ID: 0004_hours_records
Revises: 0006_figures
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sorting_miniapp import db

revision = '0004_hours_records'
down_revision = '0006_figures'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('hours_total',
    sa.Column('resident_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('year', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['resident_id'], ['resident.id'], name=op.f('fk_hours_total_resident_id')),
    sa.PrimaryKeyConstraint('resident_id', 'year', name=op.f('pk_hours_total')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('hours_total', schema=None) as batch_op:
        batch_op.create_index('ix_hours_total_year_minutes', ['year', 'minutes'], unique=False)

    op.execute(
        "INSERT INTO hours_total (resident_id, year, minutes)"
        " SELECT resident_id, 0, sum(minutes) FROM hours_ledger GROUP BY resident_id"
    )
    ledger = sa.table("hours_ledger", sa.column("resident_id"), sa.column("served_on", sa.Date()), sa.column("minutes"))
    total = sa.table("hours_total", sa.column("resident_id"), sa.column("year"), sa.column("minutes"))
    year = sa.extract("year", ledger.c.served_on)
    sums = sa.select(ledger.c.resident_id, year, sa.func.sum(ledger.c.minutes)).group_by(ledger.c.resident_id, year)
    op.execute(total.insert().from_select(["resident_id", "year", "minutes"], sums))
    op.create_table('volunteer_entry',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('public_id', db.CaseString(32), nullable=False),
    sa.Column('resident_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('node_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Enum('training', 'award', 'evaluation', name='kind', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('title', sa.String(length=80), nullable=False),
    sa.Column('giver', sa.String(length=80), nullable=False),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('sign_up_id', sa.BigInteger(), nullable=True),
    sa.Column('entered_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', db.UTCDateTime(), nullable=False),
    sa.Column('withdrawn_at', db.UTCDateTime(), nullable=True),
    sa.Column('withdrawn_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('withdraw_reason', sa.String(length=200), nullable=False),
    sa.CheckConstraint("(withdrawn_at IS NULL) = (withdraw_reason = '')", name=op.f('ck_volunteer_entry_withdrawn')),
    sa.ForeignKeyConstraint(['entered_by'], ['staff.id'], name=op.f('fk_volunteer_entry_entered_by')),
    sa.ForeignKeyConstraint(['node_id'], ['node.id'], name=op.f('fk_volunteer_entry_node_id')),
    sa.ForeignKeyConstraint(['resident_id'], ['resident.id'], name=op.f('fk_volunteer_entry_resident_id')),
    sa.ForeignKeyConstraint(['withdrawn_by'], ['staff.id'], name=op.f('fk_volunteer_entry_withdrawn_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_volunteer_entry')),
    sa.UniqueConstraint('public_id', name=op.f('uq_volunteer_entry_public_id')),
    sa.UniqueConstraint('sign_up_id', name=op.f('uq_volunteer_entry_sign_up_id')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('volunteer_entry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_volunteer_entry_node_id'), ['node_id'], unique=False)
        batch_op.create_index('ix_volunteer_entry_resident_day', ['resident_id', 'day'], unique=False)

    op.create_table('claim_picture',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('public_id', db.CaseString(32), nullable=False),
    sa.Column('resident_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('claim_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('data', db.Bytes(), nullable=False),
    sa.Column('created_at', db.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['claim_id'], ['service_claim.id'], name=op.f('fk_claim_picture_claim_id')),
    sa.ForeignKeyConstraint(['resident_id'], ['resident.id'], name=op.f('fk_claim_picture_resident_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_claim_picture')),
    sa.UniqueConstraint('public_id', name=op.f('uq_claim_picture_public_id')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('claim_picture', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_claim_picture_claim_id'), ['claim_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_claim_picture_created_at'), ['created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_claim_picture_resident_id'), ['resident_id'], unique=False)

    with op.batch_alter_table('certificate', schema=None) as batch_op:
        batch_op.add_column(sa.Column('replaces_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.create_unique_constraint(batch_op.f('uq_certificate_replaces_id'), ['replaces_id'])
        batch_op.create_foreign_key(batch_op.f('fk_certificate_replaces_id'), 'certificate', ['replaces_id'], ['id'])

    with op.batch_alter_table('service_record', schema=None) as batch_op:
        batch_op.add_column(sa.Column('ivolunteer_minutes', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('ivolunteer_at', db.UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column('ivolunteer_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_service_record_ivolunteer_by'), 'staff', ['ivolunteer_by'], ['id'])



def downgrade() -> None:
    with op.batch_alter_table('service_record', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_service_record_ivolunteer_by'), type_='foreignkey')
        batch_op.drop_column('ivolunteer_by')
        batch_op.drop_column('ivolunteer_at')
        batch_op.drop_column('ivolunteer_minutes')

    with op.batch_alter_table('certificate', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_certificate_replaces_id'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('uq_certificate_replaces_id'), type_='unique')
        batch_op.drop_column('replaces_id')

    op.drop_table('claim_picture')
    op.drop_table('volunteer_entry')
    op.drop_table('hours_total')
