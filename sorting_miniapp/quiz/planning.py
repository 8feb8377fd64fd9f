"""What editors do about quizzes: plan contests and exams, change them, read their results."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.quiz import bank, sets
from sorting_miniapp.quiz.desk import require_editor
from sorting_miniapp.quiz.models import Attempt, Entry, Pool, Quiz, QuizKind

PLANNED = {QuizKind.CONTEST: Pool.CONTEST, QuizKind.EXAM: Pool.PRACTICE}  # what the console makes, and its pool
# Once somebody has begun, results are compared by these.
FIXED = ("count", "pass_percent", "entry", "set_id")


class Stage(StrEnum):
    """How far a quiz is at a moment, as staff read it in the list."""

    CLOSED = "closed"
    SOON = "soon"
    OPEN = "open"
    OVER = "over"


STAGE_NAMES = {Stage.CLOSED: "未开放", Stage.SOON: "未开始", Stage.OPEN: "开放", Stage.OVER: "已结束"}


@dataclass(frozen=True)
class Plan:
    """A quiz as an editor plans it; what a kind does not have stays as it is here."""

    title: str
    intro: str
    count: int
    minutes: int
    opens_at: datetime | None
    closes_at: datetime | None
    active: bool
    per_day: int | None = None
    pass_percent: int | None = None
    question_seconds: int | None = None
    untimed_allowed: bool = False
    entry: Entry = Entry.PERSON
    prizes: str = ""
    set_id: int | None = None


def make(actor: StaffActor, kind: QuizKind, plan: Plan) -> int:
    """A new contest or exam; returns its key. Raises Invalid, Forbidden."""
    require_editor(actor)
    if kind not in PLANNED:
        raise Invalid("kind", "只能新建竞赛或学习测试")
    _check(kind, plan)
    with transaction() as session:
        row = Quiz(
            slug=f"{kind.value}-{clock.wall_now():%Y%m%d%H%M%S%f}"[:40], kind=kind, pool=PLANNED[kind], topics=[],
            audience="all", position=100, **vars(plan),
        )  # fmt: skip
        session.add(row)
        session.flush()
        bank.changed()
        audit.record(actor.username, "quiz.create", "quiz", row.id, after={"title": plan.title})
        return row.id


def change(actor: StaffActor, quiz_id: int, plan: Plan) -> None:
    """Change a quiz. What results are compared by stays once somebody has begun. Raises Invalid, Conflict, NotFound."""
    require_editor(actor)
    with transaction() as session:
        row = session.get(Quiz, quiz_id)
        if row is None:
            raise NotFound("quiz_not_found", "没有找到这个答题")
        _check(row.kind, plan)
        begun = session.scalar(select(Attempt.id).where(Attempt.quiz_id == quiz_id).limit(1))
        if begun and row.kind in PLANNED and any(getattr(row, key) != getattr(plan, key) for key in FIXED):
            raise Conflict("contest_begun", "已经有人参加，不能再改题数、试卷、及格分和统计方式")
        before = {key: str(getattr(row, key)) for key in vars(plan)}
        for key, value in vars(plan).items():
            setattr(row, key, value)
        session.flush()
        bank.changed()
        after = {key: str(value) for key, value in vars(plan).items()}
        audit.record(actor.username, "quiz.change", "quiz", quiz_id, before=before, after=after)


def _check(kind: QuizKind, plan: Plan) -> None:
    if not 1 <= len(plan.title.strip()) <= 40 or len(plan.intro) > 200 or len(plan.prizes) > 300:
        raise Invalid("title", "标题须为 1 到 40 个字，说明不超过 200 个字，奖励不超过 300 个字")
    if not 1 <= plan.count <= 50 or not 1 <= plan.minutes <= 180:
        raise Invalid("count", "题数须为 1 到 50，时限须为 1 到 180 分钟")
    if plan.question_seconds is not None and not 5 <= plan.question_seconds <= 3600:
        raise Invalid("question_seconds", "每题时限须为 5 到 3600 秒")
    if kind in PLANNED and not 1 <= (plan.per_day or 0) <= 20:
        raise Invalid("per_day", "每天可以参加的次数须为 1 到 20")
    if kind in (QuizKind.EXAM, QuizKind.LEVEL) and not 1 <= (plan.pass_percent or 0) <= 100:
        raise Invalid("pass_percent", "及格分须为 1 到 100")
    if plan.opens_at and plan.closes_at and plan.closes_at <= plan.opens_at:
        raise Invalid("closes_at", "结束时间须晚于开始时间")
    if plan.set_id is not None:
        sets.check_fit(plan.set_id, PLANNED.get(kind), plan.count)
    if kind is QuizKind.CONTEST and plan.active and not (plan.opens_at and plan.closes_at):
        raise Invalid("opens_at", "开放的竞赛须填写开始和结束时间")


def stage(quiz: Quiz, now: datetime) -> Stage:
    """Whether residents see a quiz, and where its window stands."""
    if not quiz.active:
        return Stage.CLOSED
    if quiz.opens_at is not None and now < quiz.opens_at:
        return Stage.SOON
    return Stage.OVER if quiz.closes_at is not None and now >= quiz.closes_at else Stage.OPEN


def quizzes() -> list[Quiz]:
    return list(db.session().scalars(select(Quiz).order_by(Quiz.position, Quiz.id)))


def quiz(quiz_id: int) -> Quiz:
    """Raises NotFound."""
    found = db.session().get(Quiz, quiz_id)
    if found is None:
        raise NotFound("quiz_not_found", "没有找到这个答题")
    return found


def results(quiz_id: int) -> dict[str, Any]:
    """How many attempts were submitted, their mean score, and those a person should look at."""
    session = db.session()
    done = (Attempt.quiz_id == quiz_id, Attempt.submitted_at.is_not(None))
    count, mean = session.execute(select(func.count(), func.avg(Attempt.score)).where(*done)).one()
    flagged = session.scalars(
        select(Attempt).where(*done, Attempt.flag != "").order_by(Attempt.submitted_at.desc()).limit(50)
    )
    return {"count": int(count), "mean": round(float(mean or 0), 1), "flagged": list(flagged)}
