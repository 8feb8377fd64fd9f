"""Questions and their versions, quizzes, attempts, the ledger of points, totals and mistakes.

What staff do about contests and wrong questions has its tables in models_desk.py.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, CaseString, JsonText, UTCDateTime, enum_column


class QuestionKind(StrEnum):
    SINGLE = "single"
    TRUE_FALSE = "true_false"
    MULTIPLE = "multiple"
    SORT = "sort"  # each of several things into its class


PICTURE = "picture"  # a single choice about a picture: stored as one, with the picture's name
QUESTION_KIND_NAMES: dict[str, str] = {
    QuestionKind.SINGLE: "单选",
    QuestionKind.TRUE_FALSE: "判断",
    QuestionKind.MULTIPLE: "多选",
    QuestionKind.SORT: "分拣",
    PICTURE: "看图",
}
DIFFICULTY_NAMES = {1: "容易", 2: "中等", 3: "较难"}
# For whom a question is written; `all` are those that fit everybody.
AUDIENCE_NAMES = {"all": "所有人", "child": "小朋友", "adult": "成年人", "elderly": "老年人", "staff": "工作人员"}


class Pool(StrEnum):
    """Practice and contest draw from pools apart, so that practising reveals no contest key (rules.md, Quizzes)."""

    PRACTICE = "practice"
    CONTEST = "contest"


POOL_NAMES = {Pool.PRACTICE: "练习", Pool.CONTEST: "竞赛"}


class QuizKind(StrEnum):
    DAILY = "daily"  # the same questions for everybody on a day, once a day
    PRACTICE = "practice"
    LEVEL = "level"  # the next of its series opens on passing
    EXAM = "exam"  # a pass mark, so many attempts a day, a certificate of learning
    CONTEST = "contest"  # between two times, so many attempts a day, the best counts
    REVIEW = "review"  # a resident's own mistakes


QUIZ_KIND_NAMES = {
    QuizKind.DAILY: "每日一练",
    QuizKind.PRACTICE: "专题练习",
    QuizKind.LEVEL: "闯关",
    QuizKind.EXAM: "学习测试",
    QuizKind.CONTEST: "知识竞赛",
    QuizKind.REVIEW: "错题重练",
}


class Entry(StrEnum):
    """For whom a contest's attempts count besides the person."""

    PERSON = "person"
    UNIT = "unit"  # the resident's community or town
    TEAM = "team"  # a class or team joined by its code


ENTRY_NAMES = {Entry.PERSON: "个人", Entry.UNIT: "社区（村）、单位", Entry.TEAM: "班级、小队"}


class Question(Base):
    """A question; its text is that of its newest version. `item` is the dictionary item it is about, or ''."""

    __tablename__ = "question"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    key: Mapped[str] = mapped_column(CaseString(60), unique=True)
    pool: Mapped[Pool] = mapped_column(enum_column(Pool, "pool"))
    topic: Mapped[str] = mapped_column(String(20))
    audience: Mapped[str] = mapped_column(CaseString(8))
    difficulty: Mapped[int] = mapped_column(default=1)
    item: Mapped[str] = mapped_column(CaseString(60), default="")
    reviewer: Mapped[str] = mapped_column(String(40), default="")
    active: Mapped[bool] = mapped_column(default=True)
    number: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)


class QuestionVersion(Base):
    """A question's text, never changed: attempts refer to it for ever. `source` is a source's key.

    `picture` names a file of content/pictures/, '' where the kind is not picture.
    `options` is a list of {text, right}: `right` is true or false, and for sorting the class's code.
    """

    __tablename__ = "question_version"
    __table_args__ = (UniqueConstraint("question_id", "number"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"))
    number: Mapped[int]
    kind: Mapped[QuestionKind] = mapped_column(enum_column(QuestionKind, "kind"))
    text: Mapped[str] = mapped_column(String(300))
    options: Mapped[Any] = mapped_column(JsonText)
    explanation: Mapped[str] = mapped_column(String(500))
    source: Mapped[str] = mapped_column(String(200))
    picture: Mapped[str] = mapped_column(CaseString(60), default="")

    @property
    def asked_as(self) -> str:
        """The kind as files, staff and residents know it."""
        return PICTURE if self.picture else self.kind.value


class Quiz(Base):
    """A way to draw questions: from a pool, of some topics, so many, in so many minutes.

    `question_seconds` takes the place of the minutes. `pass_percent` belongs to levels and exams; `series`, `stage`
    (from 1) and `stars` (percent for one, two and three stars) to levels; `per_day` to exams and contests.
    `untimed_allowed`, `entry` and `prizes` (what the page promises) are a contest's. With `set_id` only the questions
    of that set are drawn.
    """

    __tablename__ = "quiz"
    __table_args__ = (
        CheckConstraint("count >= 1 AND minutes >= 1", name="count_minutes"),
        CheckConstraint("pass_percent BETWEEN 1 AND 100", name="pass_percent"),
        CheckConstraint("per_day >= 1", name="per_day"),
        CheckConstraint("question_seconds BETWEEN 5 AND 3600", name="question_seconds"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    slug: Mapped[str] = mapped_column(CaseString(40), unique=True)
    title: Mapped[str] = mapped_column(String(40))
    intro: Mapped[str] = mapped_column(String(200), default="")
    kind: Mapped[QuizKind] = mapped_column(enum_column(QuizKind, "kind"))
    pool: Mapped[Pool] = mapped_column(enum_column(Pool, "pool"))
    topics: Mapped[Any] = mapped_column(JsonText)
    audience: Mapped[str] = mapped_column(CaseString(8), default="all")
    count: Mapped[int]
    minutes: Mapped[int]
    opens_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closes_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    active: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(default=0)
    # From freezes_at until staff reveal it, the public leaderboard shows the state at that moment.
    freezes_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    revealed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    pass_percent: Mapped[int | None] = mapped_column(SmallInteger)
    per_day: Mapped[int | None] = mapped_column(SmallInteger)
    question_seconds: Mapped[int | None] = mapped_column(SmallInteger)
    series: Mapped[str] = mapped_column(CaseString(20), default="")
    stage: Mapped[int] = mapped_column(SmallInteger, default=0)
    stars: Mapped[Any] = mapped_column(JsonText, nullable=True)
    untimed_allowed: Mapped[bool] = mapped_column(default=False)
    entry: Mapped[Entry] = mapped_column(enum_column(Entry, "entry"), default=Entry.PERSON)
    prizes: Mapped[str] = mapped_column(String(300), default="")
    set_id: Mapped[int | None] = mapped_column(ForeignKey("question_set.id"), index=True)


class DailyPaper(Base):
    """The versions asked on a day, fixed by whoever is first."""

    __tablename__ = "daily_paper"
    quiz_id: Mapped[int] = mapped_column(ForeignKey("quiz.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    versions: Mapped[Any] = mapped_column(JsonText)


class Attempt(Base):
    """One person's go at a quiz. `slot` makes it the only one: the day, and where several are allowed their number.

    Order and opaque ids of questions and options follow from `seed`, so the paper is a list of version ids.
    `marking` is the rule of partial credit in force when it began, `correction` the newest correction of questions it
    was marked with. Until the submission `answers` are those saved on the way. `node_id` is the unit it is entered for.
    `address_mark` and `device_mark` are keyed hashes kept for a contest's honesty, and emptied when it is long over.
    """

    __tablename__ = "attempt"
    __table_args__ = (
        UniqueConstraint("quiz_id", "resident_id", "slot"),
        Index("ix_attempt_resident_started", "resident_id", "started_at"),
        Index("ix_attempt_quiz_submitted", "quiz_id", "submitted_at"),
        Index("ix_attempt_submitted_deadline", "submitted_at", "deadline"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[str] = mapped_column(CaseString(32), unique=True)
    quiz_id: Mapped[int] = mapped_column(ForeignKey("quiz.id"))
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"))
    slot: Mapped[str | None] = mapped_column(CaseString(16))
    seed: Mapped[str] = mapped_column(CaseString(32))
    versions: Mapped[Any] = mapped_column(JsonText)
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    deadline: Mapped[datetime] = mapped_column(UTCDateTime)
    submitted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    answers: Mapped[Any] = mapped_column(JsonText, nullable=True)
    right: Mapped[int] = mapped_column("right_count", default=0)
    total: Mapped[int]
    score: Mapped[int] = mapped_column(default=0)
    points: Mapped[int] = mapped_column(default=0)
    duration_ms: Mapped[int] = mapped_column(BigInteger, default=0)
    flag: Mapped[str] = mapped_column(CaseString(16), default="")
    node_id: Mapped[int | None] = mapped_column(ForeignKey("node.id"))
    timed: Mapped[bool] = mapped_column(default=True)
    marking: Mapped[str] = mapped_column(CaseString(16), default="none.none")
    correction: Mapped[int] = mapped_column(default=0)
    disqualified: Mapped[bool] = mapped_column(default=False)
    address_mark: Mapped[str | None] = mapped_column(CaseString(32))
    device_mark: Mapped[str | None] = mapped_column(CaseString(32))


class QuizDay(Base):
    """A resident's attempts and points of a day, for the caps: raised by conditional updates."""

    __tablename__ = "quiz_day"
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    attempts: Mapped[int] = mapped_column(default=0)
    points: Mapped[int] = mapped_column(default=0)


class PointsLedger(Base):
    """Points given; append-only. A correction is a row that points to the one it corrects."""

    __tablename__ = "points_ledger"
    __table_args__ = (Index("ix_points_ledger_resident", "resident_id", "id"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"))
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("attempt.id"), unique=True)
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("points_ledger.id"))
    amount: Mapped[int]
    reason: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class QuizTotal(Base):
    """A resident's standing in a quiz and period (boards.py): the leaderboard's rows, in the order of `order_key`.

    The units are those the resident had chosen at the first result of the period; they stay for its length. The team
    is the one the resident has entered the contest for.
    """

    __tablename__ = "quiz_total"
    __table_args__ = (Index("ix_quiz_total_order", "quiz_id", "period", "order_key", "finished_at", "resident_id"),)
    quiz_id: Mapped[int] = mapped_column(ForeignKey("quiz.id"), primary_key=True)
    period: Mapped[str] = mapped_column(CaseString(10), primary_key=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), primary_key=True)
    score: Mapped[int]
    duration_ms: Mapped[int] = mapped_column(BigInteger)
    finished_at: Mapped[datetime] = mapped_column(UTCDateTime)
    order_key: Mapped[int] = mapped_column(BigInteger)
    community_id: Mapped[int | None] = mapped_column(ForeignKey("node.id"))
    school_id: Mapped[int | None] = mapped_column(ForeignKey("node.id"))
    town_id: Mapped[int | None] = mapped_column(ForeignKey("node.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))


class Mistake(Base):
    """A question a resident got wrong, until it was answered right often enough in a row (mistakes.py).

    `phase`, `step`, `stability` (thousandths of a day), `difficulty` (thousandths) and `due_at` are the card of the
    spaced repetition, in whole numbers so that the three databases keep the same.
    """

    __tablename__ = "mistake"
    __table_args__ = (Index("ix_mistake_resident_due", "resident_id", "due_at"),)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"), primary_key=True, index=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("question_version.id"))
    times: Mapped[int] = mapped_column(default=1)
    right_in_row: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    phase: Mapped[int] = mapped_column(SmallInteger)
    step: Mapped[int | None] = mapped_column(SmallInteger)
    stability: Mapped[int] = mapped_column(BigInteger)
    difficulty: Mapped[int]
