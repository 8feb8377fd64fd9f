"""What residents have of articles: the columns they follow, their favourites, and the index they search."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, CaseString, UTCDateTime


class ColumnFollow(Base):
    """A resident follows a column."""

    __tablename__ = "column_follow"
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), primary_key=True)
    column_id: Mapped[int] = mapped_column(ForeignKey("article_column.id"), primary_key=True, index=True)


class Favourite(Base):
    """A resident keeps an article."""

    __tablename__ = "article_favourite"
    __table_args__ = (Index("ix_article_favourite_resident_at", "resident_id", "at", "article_id"),)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True, index=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class ArticleBigram(Base):
    """Two neighbouring characters of a published text; `weight` is 3 in the title, 2 in the digest, 1 in the body."""

    __tablename__ = "article_bigram"
    bigram: Mapped[str] = mapped_column(CaseString(8), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True, index=True)
    weight: Mapped[int] = mapped_column(SmallInteger)
