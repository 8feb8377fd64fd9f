"""The mini-program's templates as WeChat told them last

Revision ID: 0013_account_templates
Revises: 0012_contest_teams
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sorting_miniapp import db

revision = "0013_account_templates"
down_revision = "0012_contest_teams"
branch_labels = None
depends_on = None

MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    op.create_table(
        "account_template",
        sa.Column("id", db.CaseString(length=64), nullable=False),
        sa.Column("title", sa.String(length=40), nullable=False),
        sa.Column("fields", db.JsonText(), nullable=False),
        sa.Column("long_term", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_template")),
        **MYSQL,
    )


def downgrade() -> None:
    op.drop_table("account_template")
