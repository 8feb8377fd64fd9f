"""What was read in a month is found by the day

Revision ID: 0014_reads_by_day
Revises: 0013_account_templates
"""

from __future__ import annotations

from alembic import op

revision = "0014_reads_by_day"
down_revision = "0013_account_templates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_article_read_day_article_id", "article_read", ["day", "article_id"])


def downgrade() -> None:
    op.drop_index("ix_article_read_day_article_id", table_name="article_read")
