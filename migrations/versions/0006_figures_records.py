"""An index the year's figures are read from

Revision ID: 0006_figures_records
Revises: 0006_figures_reports
"""

from __future__ import annotations

from alembic import op

revision = "0006_figures_records"
down_revision = "0006_figures_reports"
branch_labels = None
depends_on = None


def upgrade() -> None:
    columns = ["served_on", "state", "node_id", "event_id", "minutes"]
    op.create_index("ix_service_record_figures", "service_record", columns)


def downgrade() -> None:
    op.drop_index("ix_service_record_figures", table_name="service_record")
