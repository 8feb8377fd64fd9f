"""Reports as they were made, the media register, pictures of reported activities, the report's sentences

Revision ID: 0006_figures_reports
Revises: 0007_content
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sorting_miniapp import db

revision = "0006_figures_reports"
down_revision = "0007_content"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "figure_report",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", db.CaseString(32), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("period", "week", "campaign", name="kind", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("period", db.CaseString(20), nullable=False),
        sa.Column("node_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("figures", db.JsonText(), nullable=True),
        sa.Column("problems", db.JsonText(), nullable=True),
        sa.Column("asked_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("asked_at", db.UTCDateTime(), nullable=False),
        sa.Column("made_at", db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["asked_by"], ["staff.id"], name=op.f("fk_figure_report_asked_by")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_figure_report_campaign_id")),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_figure_report_node_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_figure_report")),
        sa.UniqueConstraint("public_id", name=op.f("uq_figure_report_public_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("figure_report", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_figure_report_campaign_id"), ["campaign_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_figure_report_node_id"), ["node_id"], unique=False)

    op.create_table(
        "activity_picture",
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("picture", db.CaseString(32), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_activity_picture_event_id")),
        sa.PrimaryKeyConstraint("event_id", "number", name=op.f("pk_activity_picture")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "figure_report_chunk",
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("part", db.CaseString(8), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("data", db.Bytes(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["figure_report.id"], name=op.f("fk_figure_report_chunk_report_id")),
        sa.PrimaryKeyConstraint("report_id", "part", "number", name=op.f("pk_figure_report_chunk")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "media_item",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("node_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("outlet", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("url", db.CaseString(500), nullable=False),
        sa.Column("url_index", db.CaseString(64), nullable=True),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.Column(
            "origin",
            sa.Enum("own", "reprint", name="origin", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_media_item_article_id")),
        sa.ForeignKeyConstraint(["created_by"], ["staff.id"], name=op.f("fk_media_item_created_by")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_media_item_event_id")),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_media_item_node_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_item")),
        sa.UniqueConstraint("url_index", name=op.f("uq_media_item_url_index")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("media_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_media_item_article_id"), ["article_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_media_item_event_id"), ["event_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_media_item_node_id"), ["node_id"], unique=False)
        batch_op.create_index("ix_media_item_published_on_id", ["published_on", "id"], unique=False)

    with op.batch_alter_table("figure_block", schema=None) as batch_op:
        batch_op.add_column(sa.Column("says", sa.String(length=500), server_default="", nullable=False))
        batch_op.add_column(sa.Column("week", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("figure_block") as batch_op:
        batch_op.drop_column("week")
        batch_op.drop_column("says")
    op.drop_table("activity_picture")
    op.drop_table("media_item")
    op.drop_table("figure_report_chunk")
    op.drop_table("figure_report")
