"""The day of an event and after it: who leads a shift, walk-ins, printed codes, photos, ratings, calls by phone."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, Bytes, CaseString, UTCDateTime, enum_column


class ShiftLeader(Base):
    """A resident who takes the comings and goings of one shift in the mini-program."""

    __tablename__ = "shift_leader"
    shift_id: Mapped[int] = mapped_column(ForeignKey("shift.id"), primary_key=True, autoincrement=False)
    resident_id: Mapped[int] = mapped_column(
        ForeignKey("resident.id"), primary_key=True, autoincrement=False, index=True
    )
    appointed_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    appointed_at: Mapped[datetime] = mapped_column(UTCDateTime)


class WalkIn(Base):
    """A sign-up that staff made at the site. `added_place`: the shift was full and got one place more for it."""

    __tablename__ = "walk_in"
    sign_up_id: Mapped[int] = mapped_column(ForeignKey("sign_up.id"), primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    added_place: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class PrintedCode(Base):
    """The opaque scene of an event's printed mini-program code; a closed one is good no more."""

    __tablename__ = "printed_code"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    scene: Mapped[str] = mapped_column(CaseString(32), unique=True)
    created_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class EventPhoto(Base):
    """A picture of an event, re-encoded without metadata. Removed: the bytes are gone, the row says who and why."""

    __tablename__ = "event_photo"
    __table_args__ = (
        CheckConstraint("(data IS NULL) = (removed_at IS NOT NULL)", name="removed"),
        CheckConstraint("removed_at IS NULL OR remove_reason <> ''", name="reason"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[str] = mapped_column(CaseString(32), unique=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    data: Mapped[bytes | None] = mapped_column(Bytes, deferred=True)
    caption: Mapped[str] = mapped_column(String(80))
    taken_by: Mapped[str] = mapped_column(String(40))
    taken_on: Mapped[date]
    consent: Mapped[str] = mapped_column(String(200))
    added_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    added_at: Mapped[datetime] = mapped_column(UTCDateTime)
    removed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    removed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    remove_reason: Mapped[str] = mapped_column(String(200), default="")


class WordsState(StrEnum):
    NONE = "none"
    PASSED = "passed"
    REVIEW = "review"
    HIDDEN = "hidden"


WORDS_STATE_NAMES = {
    WordsState.NONE: "没有写评语",
    WordsState.PASSED: "已通过",
    WordsState.REVIEW: "待查看",
    WordsState.HIDDEN: "不公开",
}


class EventRating(Base):
    """What who attended thinks of it: one to five stars and words, once per sign-up. Others see words that passed."""

    __tablename__ = "event_rating"
    __table_args__ = (
        CheckConstraint("stars >= 1 AND stars <= 5", name="stars"),
        CheckConstraint("(words = '') = (state = 'none')", name="words"),
        Index("ix_event_rating_event_state", "event_id", "state"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    sign_up_id: Mapped[int] = mapped_column(ForeignKey("sign_up.id"), unique=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    stars: Mapped[int] = mapped_column(SmallInteger)
    words: Mapped[str] = mapped_column(String(300), default="")
    state: Mapped[WordsState] = mapped_column(enum_column(WordsState, "state"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class CallOutcome(StrEnum):
    REACHED = "reached"
    NOT_REACHED = "not_reached"


CALL_OUTCOME_NAMES = {CallOutcome.REACHED: "已电话通知", CallOutcome.NOT_REACHED: "电话未接通"}


class PhoneCall(Base):
    """A call to somebody whom a notice did not reach. `delivery_id` is that notice's row, which may be cleaned away."""

    __tablename__ = "phone_call"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"))
    outcome: Mapped[CallOutcome] = mapped_column(enum_column(CallOutcome, "outcome"))
    note: Mapped[str] = mapped_column(String(200), default="")
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
