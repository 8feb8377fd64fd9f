"""Counting off the request: learners, days, topics, ranks, units, badges, teams; schools; frozen boards

Revision ID: 0009_learning
Revises: 0009_writing
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sorting_miniapp import db

revision = '0009_learning'
down_revision = '0009_writing'
branch_labels = None
depends_on = None

KINDS = ("city", "town", "community", "department", "party_branch", "group")
PURPOSES = ("names_on_leaderboard", "names_in_hours_ranking", "photos", "hand_to_ivolunteer", "minors_under_14")


def _allow(table: str, column: str, values: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    with op.batch_alter_table(table, schema=None) as batch_op:
        batch_op.drop_constraint(op.f(f"ck_{table}_{column}"), type_="check")
        batch_op.create_check_constraint(op.f(f"ck_{table}_{column}"), sa.text(f"{column} IN ({listed})"))


def upgrade() -> None:
    _allow("node", "kind", (*KINDS, "school"))
    _allow("consent", "purpose", (*PURPOSES, "child_name_in_class"))
    # Both are counted anew, from the attempts (below).
    op.execute("DELETE FROM mistake")
    op.execute("DELETE FROM quiz_total")
    op.create_table('badge',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', db.CaseString(40), nullable=False),
    sa.Column('name', sa.String(length=20), nullable=False),
    sa.Column('about', sa.String(length=80), nullable=False),
    sa.Column('rule', sa.Enum('attempts', 'days_in_row', 'points', 'perfect', 'classes', 'service_hours', name='rule', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('value', sa.Integer(), nullable=False),
    sa.Column('position', sa.SmallInteger(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.CheckConstraint('value >= 1', name=op.f('ck_badge_value')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_badge')),
    sa.UniqueConstraint('key', name=op.f('uq_badge_key')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    op.create_table('rank_count',
    sa.Column('quiz_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('period', db.CaseString(10), nullable=False),
    sa.Column('of_score', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('value', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('people', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['quiz_id'], ['quiz.id'], name=op.f('fk_rank_count_quiz_id')),
    sa.PrimaryKeyConstraint('quiz_id', 'period', 'of_score', 'value', name=op.f('pk_rank_count')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    op.create_table('unit_total',
    sa.Column('quiz_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('period', db.CaseString(10), nullable=False),
    sa.Column('kind', db.CaseString(10), nullable=False),
    sa.Column('node_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('people', sa.BigInteger(), nullable=False),
    sa.Column('score', sa.BigInteger(), nullable=False),
    sa.Column('duration_ms', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['node_id'], ['node.id'], name=op.f('fk_unit_total_node_id')),
    sa.ForeignKeyConstraint(['quiz_id'], ['quiz.id'], name=op.f('fk_unit_total_quiz_id')),
    sa.PrimaryKeyConstraint('quiz_id', 'period', 'kind', 'node_id', name=op.f('pk_unit_total')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    op.create_table('badge_award',
    sa.Column('resident_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('badge_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('awarded_at', db.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['badge_id'], ['badge.id'], name=op.f('fk_badge_award_badge_id')),
    sa.ForeignKeyConstraint(['resident_id'], ['resident.id'], name=op.f('fk_badge_award_resident_id')),
    sa.PrimaryKeyConstraint('resident_id', 'badge_id', name=op.f('pk_badge_award')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('badge_award', schema=None) as batch_op:
        batch_op.create_index('ix_badge_award_badge', ['badge_id', 'awarded_at'], unique=False)

    op.create_table('knowledge',
    sa.Column('resident_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Enum('topic', 'class', name='kind', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('name', db.CaseString(20), nullable=False),
    sa.Column('asked', sa.Integer(), nullable=False),
    sa.Column('right_count', sa.Integer(), nullable=False),
    sa.Column('recent', sa.Integer(), nullable=False),
    sa.CheckConstraint('right_count >= 0 AND right_count <= asked', name=op.f('ck_knowledge_right_asked')),
    sa.ForeignKeyConstraint(['resident_id'], ['resident.id'], name=op.f('fk_knowledge_resident_id')),
    sa.PrimaryKeyConstraint('resident_id', 'kind', 'name', name=op.f('pk_knowledge')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    op.create_table('learner',
    sa.Column('resident_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('perfect', sa.Integer(), nullable=False),
    sa.Column('longest_run', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['resident_id'], ['resident.id'], name=op.f('fk_learner_resident_id')),
    sa.PrimaryKeyConstraint('resident_id', name=op.f('pk_learner')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    op.create_table('study_day',
    sa.Column('resident_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('repaired_in', db.CaseString(7), nullable=True),
    sa.ForeignKeyConstraint(['resident_id'], ['resident.id'], name=op.f('fk_study_day_resident_id')),
    sa.PrimaryKeyConstraint('resident_id', 'day', name=op.f('pk_study_day')),
    sa.UniqueConstraint('resident_id', 'repaired_in', name=op.f('uq_study_day_resident_id_repaired_in')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    op.create_table('team',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('public_id', db.CaseString(32), nullable=False),
    sa.Column('kind', sa.Enum('class', 'team', name='kind', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('code', db.CaseString(8), nullable=True),
    sa.Column('node_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('teacher_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('staff_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('numbered', sa.Integer(), nullable=False),
    sa.Column('created_at', db.UTCDateTime(), nullable=False),
    sa.Column('closed_at', db.UTCDateTime(), nullable=True),
    sa.CheckConstraint('(teacher_id IS NULL) <> (staff_id IS NULL)', name=op.f('ck_team_owner')),
    sa.CheckConstraint('closed_at IS NULL OR code IS NULL', name=op.f('ck_team_closed')),
    sa.CheckConstraint('numbered >= 0', name=op.f('ck_team_numbered')),
    sa.ForeignKeyConstraint(['node_id'], ['node.id'], name=op.f('fk_team_node_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_team_staff_id')),
    sa.ForeignKeyConstraint(['teacher_id'], ['resident.id'], name=op.f('fk_team_teacher_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_team')),
    sa.UniqueConstraint('code', name=op.f('uq_team_code')),
    sa.UniqueConstraint('public_id', name=op.f('uq_team_public_id')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('team', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_team_node_id'), ['node_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_team_teacher_id'), ['teacher_id'], unique=False)

    op.create_table('quiz_pending',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('resident_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('quiz_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('attempt_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['attempt_id'], ['attempt.id'], name=op.f('fk_quiz_pending_attempt_id')),
    sa.ForeignKeyConstraint(['quiz_id'], ['quiz.id'], name=op.f('fk_quiz_pending_quiz_id')),
    sa.ForeignKeyConstraint(['resident_id'], ['resident.id'], name=op.f('fk_quiz_pending_resident_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_quiz_pending')),
    sa.UniqueConstraint('attempt_id', name=op.f('uq_quiz_pending_attempt_id')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('quiz_pending', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_quiz_pending_resident_id'), ['resident_id'], unique=False)

    op.create_table('team_member',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('team_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('resident_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('live', sa.SmallInteger(), nullable=True),
    sa.Column('joined_at', db.UTCDateTime(), nullable=False),
    sa.Column('left_at', db.UTCDateTime(), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('last_at', db.UTCDateTime(), nullable=True),
    sa.CheckConstraint('(live IS NULL AND left_at IS NOT NULL) OR (live = 1 AND left_at IS NULL)', name=op.f('ck_team_member_live')),
    sa.ForeignKeyConstraint(['resident_id'], ['resident.id'], name=op.f('fk_team_member_resident_id')),
    sa.ForeignKeyConstraint(['team_id'], ['team.id'], name=op.f('fk_team_member_team_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_team_member')),
    sa.UniqueConstraint('team_id', 'number', name=op.f('uq_team_member_team_id_number')),
    sa.UniqueConstraint('team_id', 'resident_id', 'live', name=op.f('uq_team_member_team_id_resident_id_live')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('team_member', schema=None) as batch_op:
        batch_op.create_index('ix_team_member_resident_live', ['resident_id', 'live'], unique=False)

    op.create_table('team_progress',
    sa.Column('member_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('topic', db.CaseString(20), nullable=False),
    sa.Column('asked', sa.Integer(), nullable=False),
    sa.Column('right_count', sa.Integer(), nullable=False),
    sa.CheckConstraint('right_count >= 0 AND right_count <= asked', name=op.f('ck_team_progress_right_asked')),
    sa.ForeignKeyConstraint(['member_id'], ['team_member.id'], name=op.f('fk_team_progress_member_id')),
    sa.PrimaryKeyConstraint('member_id', 'topic', name=op.f('pk_team_progress')),
    mysql_charset='utf8mb4',
    mysql_collate='utf8mb4_bin',
    mysql_engine='InnoDB'
    )
    with op.batch_alter_table('mistake', schema=None) as batch_op:
        batch_op.add_column(sa.Column('right_in_row', sa.Integer(), nullable=False))
        batch_op.add_column(sa.Column('due_at', db.UTCDateTime(), nullable=False))
        batch_op.add_column(sa.Column('phase', sa.SmallInteger(), nullable=False))
        batch_op.add_column(sa.Column('step', sa.SmallInteger(), nullable=True))
        batch_op.add_column(sa.Column('stability', sa.BigInteger(), nullable=False))
        batch_op.add_column(sa.Column('difficulty', sa.Integer(), nullable=False))
        batch_op.create_index('ix_mistake_resident_due', ['resident_id', 'due_at'], unique=False)

    with op.batch_alter_table('quiz', schema=None) as batch_op:
        batch_op.add_column(sa.Column('freezes_at', db.UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column('revealed_at', db.UTCDateTime(), nullable=True))

    with op.batch_alter_table('quiz_total', schema=None) as batch_op:
        batch_op.add_column(sa.Column('order_key', sa.BigInteger(), nullable=False))
        batch_op.add_column(sa.Column('community_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('school_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('town_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.drop_index(batch_op.f('ix_quiz_total_order'))
        batch_op.create_index('ix_quiz_total_order', ['quiz_id', 'period', 'order_key', 'finished_at', 'resident_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_quiz_total_school_id'), 'node', ['school_id'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_quiz_total_town_id'), 'node', ['town_id'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_quiz_total_community_id'), 'node', ['community_id'], ['id'])

    with op.batch_alter_table('resident', schema=None) as batch_op:
        batch_op.add_column(sa.Column('school_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.create_index(batch_op.f('ix_resident_school_id'), ['school_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_resident_school_id'), 'node', ['school_id'], ['id'])

    op.execute(
        "INSERT INTO quiz_pending (resident_id, quiz_id, attempt_id) "
        "SELECT resident_id, quiz_id, id FROM attempt WHERE submitted_at IS NOT NULL ORDER BY submitted_at, id"
    )



def downgrade() -> None:
    op.execute("DELETE FROM quiz_total WHERE period = 'frozen' OR period LIKE '%-W%'")
    with op.batch_alter_table('resident', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_resident_school_id'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_resident_school_id'))
        batch_op.drop_column('school_id')

    with op.batch_alter_table('quiz_total', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_quiz_total_community_id'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_quiz_total_town_id'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_quiz_total_school_id'), type_='foreignkey')
        batch_op.drop_index('ix_quiz_total_order')
        batch_op.create_index(batch_op.f('ix_quiz_total_order'), ['quiz_id', 'period', 'score', 'duration_ms', 'finished_at'], unique=False)
        batch_op.drop_column('town_id')
        batch_op.drop_column('school_id')
        batch_op.drop_column('community_id')
        batch_op.drop_column('order_key')

    with op.batch_alter_table('quiz', schema=None) as batch_op:
        batch_op.drop_column('revealed_at')
        batch_op.drop_column('freezes_at')

    with op.batch_alter_table('mistake', schema=None) as batch_op:
        batch_op.drop_index('ix_mistake_resident_due')
        batch_op.drop_column('difficulty')
        batch_op.drop_column('stability')
        batch_op.drop_column('step')
        batch_op.drop_column('phase')
        batch_op.drop_column('due_at')
        batch_op.drop_column('right_in_row')

    for table in (
        "team_progress", "team_member", "quiz_pending", "team", "study_day", "learner", "knowledge", "badge_award",
        "unit_total", "rank_count", "badge",
    ):
        op.drop_table(table)
    # An older service knows no schools, and no consent to names in a class.
    op.execute("UPDATE node SET kind = 'department' WHERE kind = 'school'")
    op.execute("DELETE FROM consent WHERE purpose = 'child_name_in_class'")
    _allow("node", "kind", KINDS)
    _allow("consent", "purpose", PURPOSES)
