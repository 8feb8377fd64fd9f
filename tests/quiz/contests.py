"""Makers for contests, exams and corrections; they go through the services."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.db import db, transaction
from sorting_miniapp.jobs import running
from sorting_miniapp.jobs.models import Job, JobState
from sorting_miniapp.quiz import bank, corrections, folding, planning
from sorting_miniapp.quiz.models import (
    Attempt,
    PointsLedger,
    Pool,
    Question,
    QuestionKind,
    QuestionVersion,
    Quiz,
    QuizDay,
    QuizKind,
)
from sorting_miniapp.quiz.planning import Plan
from tests.events.helpers import NINE, World
from tests.quiz.helpers import begin, submit

PLAN = Plan(
    title="知识竞赛", intro="", count=5, minutes=10, opens_at=NINE, closes_at=NINE + timedelta(hours=8), active=True,
    per_day=1,
)  # fmt: skip


def make_quiz(world: World, editor: StaffActor, kind: QuizKind = QuizKind.CONTEST, **values: Any) -> str:
    """The slug of a new contest or exam."""
    with world.app.app_context():
        key = planning.make(editor, kind, replace(PLAN, **values))
        bank.forget()
        return db.session.get_one(Quiz, key).slug


def run_jobs(world: World) -> None:
    """What the worker would do now: every job, and counting what was submitted."""
    with world.app.app_context():
        while folding.run():
            pass
        for key in running.waiting():
            running.run(key)
        failed = db.session.scalars(select(Job.message).where(Job.state == JobState.FAILED)).all()
        assert failed == []


def version_of(world: World, text: str) -> QuestionVersion:
    """The newest version of a question by its text."""
    with world.app.app_context():
        query = select(QuestionVersion).where(QuestionVersion.text == text).order_by(QuestionVersion.number.desc())
        return db.session.scalars(query.limit(1)).one()


def correct(
    world: World,
    editors: Sequence[StaffActor],
    version_id: int,
    action: str,
    rights: list[Any] | None = None,
    reason: str = "题目有误",
) -> dict[str, Any]:
    """Proposed by the first, confirmed by the second, marked anew; returns the preview."""
    with world.app.app_context():
        key = corrections.draft(editors[0], version_id, action, rights or [], reason)
    run_jobs(world)
    with world.app.app_context():
        preview = dict(corrections.find(key)[0].preview)
        corrections.confirm(editors[1], key)
    run_jobs(world)
    return preview


def make_bank() -> None:
    """Questions of every kind in both pools, and three quizzes."""
    codes = ["recyclable", "food", "hazardous", "residual"]
    texts: dict[QuestionKind, list[tuple[str, Any]]] = {
        QuestionKind.SINGLE: [("甲", True), ("乙", False), ("丙", False)],
        QuestionKind.TRUE_FALSE: [("对", True), ("错", False)],
        QuestionKind.MULTIPLE: [("甲", True), ("乙", True), ("丙", False)],
        QuestionKind.SORT: [(f"物{place}", code) for place, code in enumerate(codes)],
    }
    with transaction() as session:
        for pool in Pool:
            for number, kind in enumerate([*texts, QuestionKind.SINGLE, QuestionKind.MULTIPLE]):
                question = Question(
                    key=f"{pool}-{number}", pool=pool, topic="法规", audience="all", changed_at=clock.now()
                )
                session.add(question)
                session.flush()
                options = [{"text": text, "right": right} for text, right in texts[kind]]
                session.add(
                    QuestionVersion(
                        question_id=question.id, number=1, kind=kind, text=f"{pool}题{number}", options=options,
                        explanation="解析", source="依据",
                    )
                )  # fmt: skip
        daily, contest, practice = QuizKind.DAILY, QuizKind.CONTEST, QuizKind.PRACTICE
        for kind, count, per_day in ((daily, 5, None), (contest, 3, 2), (practice, 3, None)):
            slug = kind.value
            pool = Pool.CONTEST if kind is QuizKind.CONTEST else Pool.PRACTICE
            session.add(
                Quiz(slug=slug, title=slug, kind=kind, pool=pool, topics=[], count=count, minutes=5, per_day=per_day)
            )
        bank.changed()


def ledger_fits(world: World) -> None:
    """Every attempt's points are the sum of its rows in the ledger, and the day's count is their sum."""
    with world.app.app_context():
        rows = db.session.scalars(select(PointsLedger)).all()
        own = {row.id: row.attempt_id for row in rows if row.attempt_id}
        sums: dict[int, int] = {}
        for row in rows:
            key = row.attempt_id or own[row.corrects_id or 0]
            sums[key] = sums.get(key, 0) + row.amount
        points = dict(tuple(row) for row in db.session.execute(select(Attempt.id, Attempt.points)))
        assert {key: value for key, value in points.items() if value} == {k: v for k, v in sums.items() if v}
        assert sum(points.values()) == (db.session.scalar(select(func.sum(QuizDay.points))) or 0)


def begin_and_submit(world: World, person: Any, slug: str, wrong: int) -> str:
    paper = begin(world, person, slug)
    assert submit(world, person, paper, wrong).status_code == 200
    return str(paper["id"])
