"""The day of an event: shift leaders, walk-ins, printed codes, photos, ratings, phone calls; more ways to check in

Revision ID: 0008_event_day
Revises: 0004_hours_records
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sorting_miniapp import db

revision = '0008_event_day'
down_revision = '0004_hours_records'
branch_labels = None
depends_on = None

OLD = ("qr", "code", "staff", "system")
NEW = ("qr", "code", "shown", "leader", "printed", "staff", "offline", "system")


def _ways(batch_op, allowed) -> None:
    for column in ("in_how", "out_how"):
        batch_op.drop_constraint(op.f(f"ck_check_in_{column}"), type_="check")
        listed = ", ".join(f"'{way}'" for way in allowed)
        batch_op.create_check_constraint(op.f(f"ck_check_in_{column}"), sa.text(f"{column} IN ({listed})"))



def upgrade() -> None:
    op.create_table('event_photo',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('public_id', db.CaseString(32), nullable=False),
    sa.Column('event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('data', db.Bytes(), nullable=True),
    sa.Column('caption', sa.String(length=80), nullable=False),
    sa.Column('taken_by', sa.String(length=40), nullable=False),
    sa.Column('taken_on', sa.Date(), nullable=False),
    sa.Column('consent', sa.String(length=200), nullable=False),
    sa.Column('added_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('added_at', db.UTCDateTime(), nullable=False),
    sa.Column('removed_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('removed_at', db.UTCDateTime(), nullable=True),
    sa.Column('remove_reason', sa.String(length=200), nullable=False),
    sa.CheckConstraint("removed_at IS NULL OR remove_reason <> ''", name=op.f('ck_event_photo_reason')),
    sa.CheckConstraint('(data IS NULL) = (removed_at IS NOT NULL)', name=op.f('ck_event_photo_removed')),
    sa.ForeignKeyConstraint(['added_by'], ['staff.id'], name=op.f('fk_event_photo_added_by')),
    sa.ForeignKeyConstraint(['event_id'], ['event.id'], name=op.f('fk_event_photo_event_id')),
    sa.ForeignKeyConstraint(['removed_by'], ['staff.id'], name=op.f('fk_event_photo_removed_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event_photo')),
    sa.UniqueConstraint('public_id', name=op.f('uq_event_photo_public_id')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('event_photo', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_event_photo_event_id'), ['event_id'], unique=False)

    op.create_table('phone_call',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('delivery_id', sa.BigInteger(), nullable=False),
    sa.Column('event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('resident_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('outcome', sa.Enum('reached', 'not_reached', name='outcome', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.Column('staff_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', db.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['event.id'], name=op.f('fk_phone_call_event_id')),
    sa.ForeignKeyConstraint(['resident_id'], ['resident.id'], name=op.f('fk_phone_call_resident_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_phone_call_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_phone_call')),
    sa.UniqueConstraint('delivery_id', name=op.f('uq_phone_call_delivery_id')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('phone_call', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_phone_call_event_id'), ['event_id'], unique=False)

    op.create_table('printed_code',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('scene', db.CaseString(32), nullable=False),
    sa.Column('created_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', db.UTCDateTime(), nullable=False),
    sa.Column('closed_at', db.UTCDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['created_by'], ['staff.id'], name=op.f('fk_printed_code_created_by')),
    sa.ForeignKeyConstraint(['event_id'], ['event.id'], name=op.f('fk_printed_code_event_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_printed_code')),
    sa.UniqueConstraint('scene', name=op.f('uq_printed_code_scene')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('printed_code', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_printed_code_event_id'), ['event_id'], unique=False)

    op.create_table('shift_leader',
    sa.Column('shift_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('resident_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('appointed_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('appointed_at', db.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['appointed_by'], ['staff.id'], name=op.f('fk_shift_leader_appointed_by')),
    sa.ForeignKeyConstraint(['resident_id'], ['resident.id'], name=op.f('fk_shift_leader_resident_id')),
    sa.ForeignKeyConstraint(['shift_id'], ['shift.id'], name=op.f('fk_shift_leader_shift_id')),
    sa.PrimaryKeyConstraint('shift_id', 'resident_id', name=op.f('pk_shift_leader')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('shift_leader', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_shift_leader_resident_id'), ['resident_id'], unique=False)

    op.create_table('event_rating',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sign_up_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('stars', sa.SmallInteger(), nullable=False),
    sa.Column('words', sa.String(length=300), nullable=False),
    sa.Column('state', sa.Enum('none', 'passed', 'review', 'hidden', name='state', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('created_at', db.UTCDateTime(), nullable=False),
    sa.Column('decided_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('decided_at', db.UTCDateTime(), nullable=True),
    sa.CheckConstraint("(words = '') = (state = 'none')", name=op.f('ck_event_rating_words')),
    sa.CheckConstraint('stars >= 1 AND stars <= 5', name=op.f('ck_event_rating_stars')),
    sa.ForeignKeyConstraint(['decided_by'], ['staff.id'], name=op.f('fk_event_rating_decided_by')),
    sa.ForeignKeyConstraint(['event_id'], ['event.id'], name=op.f('fk_event_rating_event_id')),
    sa.ForeignKeyConstraint(['sign_up_id'], ['sign_up.id'], name=op.f('fk_event_rating_sign_up_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event_rating')),
    sa.UniqueConstraint('sign_up_id', name=op.f('uq_event_rating_sign_up_id')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('event_rating', schema=None) as batch_op:
        batch_op.create_index('ix_event_rating_event_state', ['event_id', 'state'], unique=False)

    op.create_table('walk_in',
    sa.Column('sign_up_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('staff_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('added_place', sa.Boolean(), nullable=False),
    sa.Column('at', db.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['sign_up_id'], ['sign_up.id'], name=op.f('fk_walk_in_sign_up_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_walk_in_staff_id')),
    sa.PrimaryKeyConstraint('sign_up_id', name=op.f('pk_walk_in')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('check_in', schema=None) as batch_op:
        batch_op.add_column(sa.Column('in_leader', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('out_leader', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('inside', sa.Boolean(), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_check_in_in_leader'), 'resident', ['in_leader'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_check_in_out_leader'), 'resident', ['out_leader'], ['id'])
        _ways(batch_op, NEW)



def downgrade() -> None:
    # What was shown, printed or written on paper was taken by the staff, as far as the older service can say.
    for column in ("in_how", "out_how"):
        op.execute(f"UPDATE check_in SET {column} = 'staff' WHERE {column} IN ('shown', 'leader', 'printed', 'offline')")
    with op.batch_alter_table('check_in', schema=None) as batch_op:
        _ways(batch_op, OLD)
        batch_op.drop_constraint(batch_op.f('fk_check_in_out_leader'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_check_in_in_leader'), type_='foreignkey')
        batch_op.drop_column('inside')
        batch_op.drop_column('out_leader')
        batch_op.drop_column('in_leader')

    op.drop_table('walk_in')
    op.drop_table('event_rating')
    op.drop_table('shift_leader')
    op.drop_table('printed_code')
    op.drop_table('phone_call')
    op.drop_table('event_photo')
