"""Sets of questions, and how questions fare

Revision ID: 0010_question_sets
Revises: 0009_places
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sorting_miniapp import db

revision = '0010_question_sets'
down_revision = '0009_places'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('tally_mark',
    sa.Column('id', sa.SmallInteger(), autoincrement=False, nullable=False),
    sa.Column('until', db.UTCDateTime(), nullable=True),
    sa.Column('attempt_id', sa.BigInteger(), nullable=False),
    sa.Column('turn', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tally_mark')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    op.create_table('question_month',
    sa.Column('month', db.CaseString(7), nullable=False),
    sa.Column('question_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('asked', sa.Integer(), nullable=False),
    sa.Column('wrong', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['question_id'], ['question.id'], name=op.f('fk_question_month_question_id')),
    sa.PrimaryKeyConstraint('month', 'question_id', name=op.f('pk_question_month')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('question_month', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_question_month_question_id'), ['question_id'], unique=False)

    op.create_table('question_set',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('title', sa.String(length=40), nullable=False),
    sa.Column('pool', sa.Enum('practice', 'contest', name='pool', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('made_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('made_at', db.UTCDateTime(), nullable=False),
    sa.Column('changed_at', db.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['made_by'], ['staff.id'], name=op.f('fk_question_set_made_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_question_set')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    op.create_table('option_tally',
    sa.Column('version_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('place', sa.SmallInteger(), autoincrement=False, nullable=False),
    sa.Column('choice', db.CaseString(16), nullable=False),
    sa.Column('chosen', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['version_id'], ['question_version.id'], name=op.f('fk_option_tally_version_id')),
    sa.PrimaryKeyConstraint('version_id', 'place', 'choice', name=op.f('pk_option_tally')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    op.create_table('question_set_member',
    sa.Column('set_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('question_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('place', sa.SmallInteger(), nullable=False),
    sa.ForeignKeyConstraint(['question_id'], ['question.id'], name=op.f('fk_question_set_member_question_id')),
    sa.ForeignKeyConstraint(['set_id'], ['question_set.id'], name=op.f('fk_question_set_member_set_id')),
    sa.PrimaryKeyConstraint('set_id', 'question_id', name=op.f('pk_question_set_member')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('question_set_member', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_question_set_member_question_id'), ['question_id'], unique=False)

    op.create_table('question_tally',
    sa.Column('version_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('asked', sa.Integer(), nullable=False),
    sa.Column('right_count', sa.Integer(), nullable=False),
    sa.Column('blank', sa.Integer(), nullable=False),
    sa.Column('duration_ms', sa.BigInteger(), nullable=False),
    sa.Column('rest', sa.BigInteger(), nullable=False),
    sa.Column('rest_squared', sa.BigInteger(), nullable=False),
    sa.Column('rest_right', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('right_count >= 0 AND right_count <= asked', name=op.f('ck_question_tally_right_asked')),
    sa.ForeignKeyConstraint(['version_id'], ['question_version.id'], name=op.f('fk_question_tally_version_id')),
    sa.PrimaryKeyConstraint('version_id', name=op.f('pk_question_tally')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('quiz', schema=None) as batch_op:
        batch_op.add_column(sa.Column('set_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.create_index(batch_op.f('ix_quiz_set_id'), ['set_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_quiz_set_id'), 'question_set', ['set_id'], ['id'])


def downgrade() -> None:
    with op.batch_alter_table('quiz', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_quiz_set_id'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_quiz_set_id'))
        batch_op.drop_column('set_id')

    op.drop_table('question_tally')
    op.drop_table('question_set_member')
    op.drop_table('option_tally')
    op.drop_table('question_set')
    op.drop_table('question_month')
    op.drop_table('tally_mark')
