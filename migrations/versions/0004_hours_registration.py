"""registration

Revision ID: 0004_hours_registration
Revises: 0002_wechat_gateway
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sorting_miniapp import db

revision = '0004_hours_registration'
down_revision = '0002_wechat_gateway'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('consent_text',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', db.CaseString(40), nullable=False),
    sa.Column('version', db.CaseString(20), nullable=False),
    sa.Column('title', sa.String(length=80), nullable=False),
    sa.Column('text', db.LongText(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consent_text')),
    sa.UniqueConstraint('key', 'version', name=op.f('uq_consent_text_key_version')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    op.create_table('consent',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('resident_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('purpose', sa.Enum('names_on_leaderboard', 'names_in_hours_ranking', 'photos', 'hand_to_ivolunteer', 'minors_under_14', name='purpose', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('version', db.CaseString(20), nullable=False),
    sa.Column('live', sa.SmallInteger(), nullable=True),
    sa.Column('given_at', db.UTCDateTime(), nullable=False),
    sa.Column('withdrawn_at', db.UTCDateTime(), nullable=True),
    sa.CheckConstraint('(live IS NULL AND withdrawn_at IS NOT NULL) OR (live = 1 AND withdrawn_at IS NULL)', name=op.f('ck_consent_live')),
    sa.ForeignKeyConstraint(['resident_id'], ['resident.id'], name=op.f('fk_consent_resident_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consent')),
    sa.UniqueConstraint('resident_id', 'purpose', 'live', name=op.f('uq_consent_resident_id_purpose_live')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('volunteer', schema=None) as batch_op:
        batch_op.add_column(sa.Column('phone_index', db.CaseString(64), nullable=True))
        batch_op.add_column(sa.Column('skills', db.JsonText(), nullable=True))
        batch_op.add_column(sa.Column('ivolunteer_number', db.EncryptedText(), nullable=True))
        batch_op.add_column(sa.Column('ivolunteer_index', db.CaseString(64), nullable=True))
        batch_op.add_column(sa.Column('guardian_name', db.EncryptedText(), nullable=True))
        batch_op.add_column(sa.Column('guardian_phone', db.EncryptedText(), nullable=True))
        batch_op.create_index(batch_op.f('ix_volunteer_phone_index'), ['phone_index'], unique=False)
        batch_op.create_unique_constraint(batch_op.f('uq_volunteer_ivolunteer_index'), ['ivolunteer_index'])



def downgrade() -> None:
    with op.batch_alter_table('volunteer', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('uq_volunteer_ivolunteer_index'), type_='unique')
        batch_op.drop_index(batch_op.f('ix_volunteer_phone_index'))
        batch_op.drop_column('guardian_phone')
        batch_op.drop_column('guardian_name')
        batch_op.drop_column('ivolunteer_index')
        batch_op.drop_column('ivolunteer_number')
        batch_op.drop_column('skills')
        batch_op.drop_column('phone_index')

    op.drop_table('consent')
    op.drop_table('consent_text')
