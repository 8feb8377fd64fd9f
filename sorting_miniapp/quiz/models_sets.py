"""Sets of questions that staff put together, and what is counted of each question."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, CaseString, UTCDateTime, enum_column
from sorting_miniapp.quiz.models import Pool


class QuestionSet(Base):
    """Questions of one pool put together by hand (组卷); a quiz that uses it asks nothing else.

    `number` rises with every saving, so that two people who edit it do not overwrite one another.
    """

    __tablename__ = "question_set"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    title: Mapped[str] = mapped_column(String(40))
    pool: Mapped[Pool] = mapped_column(enum_column(Pool, "pool"))
    number: Mapped[int] = mapped_column(default=1)
    made_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)


class QuestionSetMember(Base):
    """A question of a set, once; `place` orders them on paper."""

    __tablename__ = "question_set_member"
    set_id: Mapped[int] = mapped_column(ForeignKey("question_set.id"), primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"), primary_key=True, index=True)
    place: Mapped[int] = mapped_column(SmallInteger)


class QuestionTally(Base):
    """How a version fared in the attempts counted so far.

    `rest` sums, over the attempts that asked it, the thousandths of the other questions that were right;
    `rest_squared` its squares, `rest_right` only where this question was right: the discrimination follows from them.
    `duration_ms` sums each attempt's time divided by its questions.
    """

    __tablename__ = "question_tally"
    __table_args__ = (CheckConstraint("right_count >= 0 AND right_count <= asked", name="right_asked"),)
    version_id: Mapped[int] = mapped_column(ForeignKey("question_version.id"), primary_key=True, autoincrement=False)
    asked: Mapped[int]
    right: Mapped[int] = mapped_column("right_count")
    blank: Mapped[int]
    duration_ms: Mapped[int] = mapped_column(BigInteger)
    rest: Mapped[int] = mapped_column(BigInteger)
    rest_squared: Mapped[int] = mapped_column(BigInteger)
    rest_right: Mapped[int] = mapped_column(BigInteger)


class OptionTally(Base):
    """How often an option (its place in the version) was chosen; for sorting, how often a thing went into a class."""

    __tablename__ = "option_tally"
    version_id: Mapped[int] = mapped_column(ForeignKey("question_version.id"), primary_key=True, autoincrement=False)
    place: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    choice: Mapped[str] = mapped_column(CaseString(16), primary_key=True, default="")
    chosen: Mapped[int]


class QuestionMonth(Base):
    """How often a question was asked and missed in a month (`2026-11`)."""

    __tablename__ = "question_month"
    month: Mapped[str] = mapped_column(CaseString(7), primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"), primary_key=True, index=True)
    asked: Mapped[int]
    wrong: Mapped[int]


class TallyMark(Base):
    """One row: up to which moment of submission, and which attempt of it, the attempts are counted."""

    __tablename__ = "tally_mark"
    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    attempt_id: Mapped[int] = mapped_column(BigInteger, default=0)
    turn: Mapped[int] = mapped_column(default=0)
