"""What the files last said, who changed what since, and the sources everything rests on."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, CaseString, JsonText, UTCDateTime, enum_column


class LoadedRow(Base):
    """An entry as it stood in the file when it was last loaded: what a later change is compared with."""

    __tablename__ = "content_row"
    part: Mapped[str] = mapped_column(CaseString(20), primary_key=True)
    key: Mapped[str] = mapped_column(CaseString(80), primary_key=True)
    file: Mapped[str] = mapped_column(CaseString(120))
    values: Mapped[Any] = mapped_column(JsonText)


class ChangeKind(StrEnum):
    LOADED = "loaded"
    EDITED = "edited"
    ROLLED_BACK = "rolled_back"


CHANGE_KIND_NAMES = {
    ChangeKind.LOADED: "从文件载入",
    ChangeKind.EDITED: "后台修改",
    ChangeKind.ROLLED_BACK: "恢复旧版",
}


class Change(Base):
    """One change of an entry, whole before and after; None where there was, or is, nothing."""

    __tablename__ = "content_change"
    __table_args__ = (Index("ix_content_change_part_key", "part", "key"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    part: Mapped[str] = mapped_column(CaseString(20))
    key: Mapped[str] = mapped_column(CaseString(80))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    actor: Mapped[str] = mapped_column(CaseString(80))
    kind: Mapped[ChangeKind] = mapped_column(enum_column(ChangeKind, "kind"))
    before: Mapped[Any] = mapped_column(JsonText, nullable=True)
    after: Mapped[Any] = mapped_column(JsonText, nullable=True)


class Source(Base):
    """A law, standard or guide that items, questions and articles rest on. `checked`: whether its text was read."""

    __tablename__ = "content_source"
    key: Mapped[str] = mapped_column(CaseString(60), primary_key=True)
    title: Mapped[str] = mapped_column(String(120))
    article: Mapped[str] = mapped_column(String(120), default="")
    issuer: Mapped[str] = mapped_column(String(120), default="")
    day: Mapped[str] = mapped_column(CaseString(10), default="")
    checked: Mapped[str] = mapped_column(String(10))
    note: Mapped[str] = mapped_column(String(200), default="")
    position: Mapped[int] = mapped_column(default=0)
