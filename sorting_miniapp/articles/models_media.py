"""The media register: what outlets published about waste sorting, our own pieces and reprints."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, CaseString, UTCDateTime, enum_column


class Origin(StrEnum):
    OWN = "own"
    REPRINT = "reprint"


ORIGIN_NAMES = {Origin.OWN: "自采自编", Origin.REPRINT: "转载"}


class MediaItem(Base):
    """A piece in an outlet. `url_index` is the SHA-256 of the address, so that no piece is registered twice; NULL where
    there is none (print, broadcast)."""

    __tablename__ = "media_item"
    __table_args__ = (Index("ix_media_item_published_on_id", "published_on", "id"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"), index=True)
    outlet: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(120))
    url: Mapped[str] = mapped_column(CaseString(500), default="")
    url_index: Mapped[str | None] = mapped_column(CaseString(64), unique=True)
    published_on: Mapped[date] = mapped_column(Date)
    origin: Mapped[Origin] = mapped_column(enum_column(Origin, "origin"))
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id"), index=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"), index=True)
    created_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
