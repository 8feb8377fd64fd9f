"""What events are planned with: kinds as data, campaigns, the units that hold an event together."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, CaseString, UTCDateTime


class EventKind(Base):
    """A kind of event, from content/event_kinds.yaml: an office may name more of them there."""

    __tablename__ = "event_kind"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    key: Mapped[str] = mapped_column(CaseString(24), unique=True)
    name: Mapped[str] = mapped_column(String(40))
    position: Mapped[int] = mapped_column(default=0)


class Campaign(Base):
    """A theme and a time that events belong to, such as the publicity week; it may be part of a larger one."""

    __tablename__ = "campaign"
    __table_args__ = (CheckConstraint("ends_on >= starts_on", name="days"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[str] = mapped_column(CaseString(32), unique=True)
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"), index=True)
    title: Mapped[str] = mapped_column(String(80))
    theme: Mapped[str] = mapped_column(String(120), default="")
    summary: Mapped[str] = mapped_column(String(500), default="")
    starts_on: Mapped[date] = mapped_column(index=True)
    ends_on: Mapped[date]
    created_by: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)


class EventCohost(Base):
    """A unit that holds the event together with the organiser's: its staff see it, residents find it there."""

    __tablename__ = "event_cohost"
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), primary_key=True)
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"), primary_key=True, index=True)
