"""Writing and reading of articles: origin, revisions, unsaved texts, previews, slogans that ran, favourites, search

Revision ID: 0009_writing
Revises: 0009_sending
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sorting_miniapp import db

revision = "0009_writing"
down_revision = "0009_sending"
branch_labels = None
depends_on = None

MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
REPRINT = (
    "submitted_at IS NULL OR origin = 'own' OR (source_name <> '' AND source_url <> '' AND source_on IS NOT NULL)"
)
NEW_COLUMNS = ("origin", "source_name", "source_url", "source_on", "video_url", "created_by", "restored_from")


def _key(name: str, nullable: bool = False, **more) -> sa.Column:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable, **more)


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)


def _foreign(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))


def _texts() -> None:
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.add_column(sa.Column("revision", sa.Integer(), server_default="1", nullable=False))
    with op.batch_alter_table("article_version", schema=None) as batch_op:
        batch_op.add_column(sa.Column("origin", sa.String(length=24), server_default="own", nullable=False))
        batch_op.add_column(sa.Column("source_name", sa.String(length=60), server_default="", nullable=False))
        batch_op.add_column(sa.Column("source_url", db.CaseString(500), server_default="", nullable=False))
        batch_op.add_column(sa.Column("source_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("video_url", db.CaseString(500), server_default="", nullable=False))
        batch_op.add_column(_key("created_by", nullable=True))
        batch_op.add_column(sa.Column("restored_from", sa.Integer(), nullable=True))
        batch_op.create_check_constraint(op.f("ck_article_version_origin"), sa.text("origin IN ('own', 'reprint')"))
        batch_op.create_check_constraint(op.f("ck_article_version_reprint"), sa.text(REPRINT))
        batch_op.create_foreign_key(op.f("fk_article_version_created_by"), "staff", ["created_by"], ["id"])
    with op.batch_alter_table("slogan", schema=None) as batch_op:
        batch_op.create_check_constraint(
            op.f("ck_slogan_dates"), sa.text("ends_on IS NULL OR ends_on >= starts_on")
        )


def _desk() -> None:
    op.create_table(
        "article_autosave",
        _key("staff_id"),
        _key("article_id", autoincrement=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("values", db.JsonText(), nullable=False),
        sa.Column("at", db.UTCDateTime(), nullable=False),
        _foreign("article_autosave", "staff_id", "staff.id"),
        sa.PrimaryKeyConstraint("staff_id", "article_id", name=op.f("pk_article_autosave")),
        **MYSQL,
    )
    op.create_index("ix_article_autosave_article_id", "article_autosave", ["article_id"])
    op.create_index("ix_article_autosave_at", "article_autosave", ["at"])
    op.create_table(
        "article_preview",
        _key("id"),
        sa.Column("public_id", db.CaseString(32), nullable=False),
        _key("version_id"),
        _key("created_by"),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("expires_at", db.UTCDateTime(), nullable=False),
        sa.Column("revoked_at", db.UTCDateTime(), nullable=True),
        _foreign("article_preview", "version_id", "article_version.id"),
        _foreign("article_preview", "created_by", "staff.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_preview")),
        sa.UniqueConstraint("public_id", name=op.f("uq_article_preview_public_id")),
        **MYSQL,
    )
    op.create_index("ix_article_preview_version_id", "article_preview", ["version_id"])
    op.create_table(
        "article_phone_preview",
        _key("id"),
        _key("version_id"),
        _key("staff_id"),
        sa.Column("state", _enum("state", "ready", "sending", "sent", "failed"), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("draft_id", db.CaseString(128), nullable=False),
        sa.Column("asked_at", db.UTCDateTime(), nullable=False),
        sa.Column("finished_at", db.UTCDateTime(), nullable=True),
        sa.Column("lease_until", db.UTCDateTime(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        _foreign("article_phone_preview", "version_id", "article_version.id"),
        _foreign("article_phone_preview", "staff_id", "staff.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_phone_preview")),
        **MYSQL,
    )
    op.create_index("ix_article_phone_preview_state_lease", "article_phone_preview", ["state", "lease_until"])
    for column in ("version_id", "staff_id", "draft_id"):
        op.create_index(f"ix_article_phone_preview_{column}", "article_phone_preview", [column])
    op.create_table(
        "slogan_use",
        _key("push_id"),
        sa.Column("place", _enum("place", "head", "foot"), nullable=False),
        _key("slogan_id"),
        sa.Column("account", db.CaseString(64), nullable=False),
        sa.Column("at", db.UTCDateTime(), nullable=False),
        _foreign("slogan_use", "push_id", "push.id"),
        _foreign("slogan_use", "slogan_id", "slogan.id"),
        sa.PrimaryKeyConstraint("push_id", "place", name=op.f("pk_slogan_use")),
        **MYSQL,
    )
    op.create_index("ix_slogan_use_account_slogan_at", "slogan_use", ["account", "slogan_id", "at"])
    op.create_index("ix_slogan_use_slogan_id", "slogan_use", ["slogan_id"])


def _readers() -> None:
    op.create_table(
        "column_follow",
        _key("resident_id"),
        _key("column_id"),
        _foreign("column_follow", "resident_id", "resident.id"),
        _foreign("column_follow", "column_id", "article_column.id"),
        sa.PrimaryKeyConstraint("resident_id", "column_id", name=op.f("pk_column_follow")),
        **MYSQL,
    )
    op.create_index("ix_column_follow_column_id", "column_follow", ["column_id"])
    op.create_table(
        "article_favourite",
        _key("resident_id"),
        _key("article_id"),
        sa.Column("at", db.UTCDateTime(), nullable=False),
        _foreign("article_favourite", "resident_id", "resident.id"),
        _foreign("article_favourite", "article_id", "article.id"),
        sa.PrimaryKeyConstraint("resident_id", "article_id", name=op.f("pk_article_favourite")),
        **MYSQL,
    )
    op.create_index("ix_article_favourite_article_id", "article_favourite", ["article_id"])
    op.create_index("ix_article_favourite_resident_at", "article_favourite", ["resident_id", "at", "article_id"])
    op.create_table(
        "article_bigram",
        sa.Column("bigram", db.CaseString(8), nullable=False),
        _key("article_id"),
        sa.Column("weight", sa.SmallInteger(), nullable=False),
        _foreign("article_bigram", "article_id", "article.id"),
        sa.PrimaryKeyConstraint("bigram", "article_id", name=op.f("pk_article_bigram")),
        **MYSQL,
    )
    op.create_index("ix_article_bigram_article_id", "article_bigram", ["article_id"])


def upgrade() -> None:
    _texts()
    _desk()
    _readers()


def downgrade() -> None:
    for table in (
        "article_bigram", "article_favourite", "column_follow", "slogan_use", "article_phone_preview",
        "article_preview", "article_autosave",
    ):
        op.drop_table(table)
    with op.batch_alter_table("slogan", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_slogan_dates"), type_="check")
    with op.batch_alter_table("article_version", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("fk_article_version_created_by"), type_="foreignkey")
        batch_op.drop_constraint(op.f("ck_article_version_reprint"), type_="check")
        batch_op.drop_constraint(op.f("ck_article_version_origin"), type_="check")
        for column in NEW_COLUMNS:
            batch_op.drop_column(column)
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.drop_column("revision")
