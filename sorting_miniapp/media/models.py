"""Stored pictures, and what WeChat calls them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, Bytes, CaseString, UTCDateTime


class Picture(Base):
    """A JPEG as we made it: at most 1 MB, no metadata. `sha256` is of the stored bytes."""

    __tablename__ = "picture"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[str] = mapped_column(CaseString(32), unique=True)
    sha256: Mapped[str] = mapped_column(CaseString(64), unique=True)
    data: Mapped[bytes] = mapped_column(Bytes, deferred=True)
    width: Mapped[int]
    height: Mapped[int]
    created_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class RemotePicture(Base):
    """What the official account answered for a picture, so that a retry does not fill its library (wechat.md §2.4)."""

    __tablename__ = "remote_picture"
    sha256: Mapped[str] = mapped_column(CaseString(64), primary_key=True)
    use: Mapped[str] = mapped_column(CaseString(8), primary_key=True)  # cover | body
    account: Mapped[str] = mapped_column(CaseString(64), primary_key=True)
    remote: Mapped[str] = mapped_column(CaseString(255))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Drawing(Base):
    """A drawing of content/pictures/ for questions and signs. `public_id` is random: an address tells no answer."""

    __tablename__ = "drawing"
    name: Mapped[str] = mapped_column(CaseString(60), primary_key=True)
    public_id: Mapped[str] = mapped_column(CaseString(32), unique=True)
    sha256: Mapped[str] = mapped_column(CaseString(64))
    mimetype: Mapped[str] = mapped_column(CaseString(20))
    data: Mapped[bytes] = mapped_column(Bytes, deferred=True)
