"""What is counted from submissions: learners, days, topics, the counts behind ranks, units' totals, badges."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, CaseString, UTCDateTime, enum_column


class Pending(Base):
    """Something not counted yet: a submission, or (without an attempt) a standing to be made anew (folding.py)."""

    __tablename__ = "quiz_pending"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), index=True)
    quiz_id: Mapped[int] = mapped_column(ForeignKey("quiz.id"))
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("attempt.id"), unique=True)


class Learner(Base):
    """A resident who has submitted something. Whoever counts for a resident locks this row first."""

    __tablename__ = "learner"
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), primary_key=True, autoincrement=False)
    attempts: Mapped[int] = mapped_column(default=0)
    perfect: Mapped[int] = mapped_column(default=0)
    longest_run: Mapped[int] = mapped_column(default=0)


class StudyDay(Base):
    """A day (Asia/Shanghai) on which a resident answered, or one that was repaired, once in a month ('2026-06')."""

    __tablename__ = "study_day"
    __table_args__ = (UniqueConstraint("resident_id", "repaired_in"),)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    repaired_in: Mapped[str | None] = mapped_column(CaseString(7))


class FieldKind(StrEnum):
    TOPIC = "topic"
    WASTE_CLASS = "class"


class Knowledge(Base):
    """How a resident did in a topic or a waste class. `recent` is the share of right answers in thousandths, in which
    the latest answers count most."""

    __tablename__ = "knowledge"
    __table_args__ = (CheckConstraint("right_count >= 0 AND right_count <= asked", name="right_asked"),)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), primary_key=True)
    kind: Mapped[FieldKind] = mapped_column(enum_column(FieldKind, "kind"), primary_key=True)
    name: Mapped[str] = mapped_column(CaseString(20), primary_key=True)
    asked: Mapped[int]
    right: Mapped[int] = mapped_column("right_count")
    recent: Mapped[int]


class RankCount(Base):
    """How many people stand where in a quiz and period: by score among everybody (`of_score` -1), and by the time
    used in whole seconds among those with a score.

    It is kept when standings are counted, so that a rank is a sum of few rows however many people take part.
    """

    __tablename__ = "rank_count"
    quiz_id: Mapped[int] = mapped_column(ForeignKey("quiz.id"), primary_key=True)
    period: Mapped[str] = mapped_column(CaseString(10), primary_key=True)
    of_score: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    people: Mapped[int] = mapped_column(BigInteger)


class UnitTotal(Base):
    """What the residents of a community, school or town reached together in a quiz and period: sums of standings."""

    __tablename__ = "unit_total"
    quiz_id: Mapped[int] = mapped_column(ForeignKey("quiz.id"), primary_key=True)
    period: Mapped[str] = mapped_column(CaseString(10), primary_key=True)
    kind: Mapped[str] = mapped_column(CaseString(10), primary_key=True)
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"), primary_key=True)
    people: Mapped[int] = mapped_column(BigInteger)
    score: Mapped[int] = mapped_column(BigInteger)
    duration_ms: Mapped[int] = mapped_column(BigInteger)


class BadgeRule(StrEnum):
    ATTEMPTS = "attempts"
    DAYS_IN_ROW = "days_in_row"
    POINTS = "points"
    PERFECT = "perfect"
    CLASSES = "classes"
    SERVICE_HOURS = "service_hours"  # the volunteers' stars; never from points


class Badge(Base):
    """A badge of content/badges.yaml; one that left the file is no longer awarded and stays with those who have it."""

    __tablename__ = "badge"
    __table_args__ = (CheckConstraint("value >= 1", name="value"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    key: Mapped[str] = mapped_column(CaseString(40), unique=True)
    name: Mapped[str] = mapped_column(String(20))
    about: Mapped[str] = mapped_column(String(80))
    rule: Mapped[BadgeRule] = mapped_column(enum_column(BadgeRule, "rule"))
    value: Mapped[int]
    position: Mapped[int] = mapped_column(SmallInteger)
    active: Mapped[bool] = mapped_column(default=True)


class BadgeAward(Base):
    """A badge somebody has: once, and for good."""

    __tablename__ = "badge_award"
    __table_args__ = (Index("ix_badge_award_badge", "badge_id", "awarded_at"),)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), primary_key=True)
    badge_id: Mapped[int] = mapped_column(ForeignKey("badge.id"), primary_key=True)
    awarded_at: Mapped[datetime] = mapped_column(UTCDateTime)
