"""Lists of quizzes, leaderboards, own rank, points and mistakes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from sorting_miniapp import clock
from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.caching import KeptBytes
from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict, NotFound
from sorting_miniapp.quiz import attempts, bank
from sorting_miniapp.quiz.effects import ahead_of
from sorting_miniapp.quiz.marking import CHOICES
from sorting_miniapp.quiz.models import Mistake, PointsLedger, QuestionVersion, QuizKind, QuizTotal

TOP, PAGE = 50, 20
kept = KeptBytes(bank.VERSION, 300.0)
standings = KeptBytes(bank.VERSION, 1.0)


def quizzes() -> dict[str, Any]:
    """Every quiz that is open or will be."""
    now = clock.now()
    items = [
        {
            "slug": one.slug,
            "title": one.title,
            "intro": one.intro,
            "kind": one.kind,
            "count": one.count,
            "minutes": one.minutes,
            "opens_at": one.opens_at,
            "closes_at": one.closes_at,
        }
        for one in bank.quizzes()
        if one.closes_at is None or one.closes_at > now
    ]
    return {"items": items, "next": None}


def _period(slug: str) -> tuple[bank.Rules, str]:
    rules = bank.quiz_of(slug)
    slot = attempts.slot_of(rules, clock.today())
    if slot is None:
        raise Conflict("no_leaderboard", "这个练习没有排行榜")
    return rules, slot


def leaderboard(slug: str) -> dict[str, Any]:
    """The first TOP of today's daily quiz or of a contest; equal rows share a rank. Nobody is named: no consent yet.

    Raises NotFound, Conflict for a quiz without one.
    """
    rules, period = _period(slug)
    here = (QuizTotal.quiz_id == rules.id, QuizTotal.period == period)
    rows = db.session().execute(
        select(QuizTotal.score, QuizTotal.duration_ms, QuizTotal.finished_at, Resident.public_id)
        .join(Resident, Resident.id == QuizTotal.resident_id)
        .where(*here)
        .order_by(QuizTotal.score.desc(), QuizTotal.duration_ms, QuizTotal.finished_at, QuizTotal.resident_id)
        .limit(TOP)
    )
    items: list[dict[str, Any]] = []
    last: tuple[Any, ...] = ()
    for place, row in enumerate(rows, 1):
        same = (row.score, row.duration_ms, row.finished_at)
        rank = items[-1]["rank"] if same == last else place
        last = same
        name = f"居民{row.public_id[-4:]}"
        items.append({"rank": rank, "name": name, "score": row.score, "duration_ms": row.duration_ms})
    return {"items": items, "next": None, "period": period}


def rank(resident_id: int, slug: str) -> dict[str, Any]:
    """The own rank, and among how many. Raises NotFound before the own submission."""
    rules, period = _period(slug)
    session = db.session()
    here = (QuizTotal.quiz_id == rules.id, QuizTotal.period == period)
    mine = session.get(QuizTotal, (rules.id, period, resident_id))
    if mine is None:
        raise NotFound("no_result", "您还没有成绩")
    before = ahead_of(mine.score, mine.duration_ms, mine.finished_at)
    ahead = session.scalar(select(func.count()).select_from(QuizTotal).where(*here, before))
    of = session.scalar(select(func.count()).select_from(QuizTotal).where(*here))
    return {"rank": int(ahead or 0) + 1, "of": int(of or 0), "score": mine.score, "duration_ms": mine.duration_ms}


def points(resident_id: int, cursor: int | None) -> dict[str, Any]:
    """The balance, a sum of the ledger, and its rows, newest first."""
    session = db.session()
    mine = PointsLedger.resident_id == resident_id
    wanted = [mine] if cursor is None else [mine, PointsLedger.id < cursor]
    rows = list(session.scalars(select(PointsLedger).where(*wanted).order_by(PointsLedger.id.desc()).limit(PAGE + 1)))
    balance = session.scalar(select(func.sum(PointsLedger.amount)).where(mine))
    return {
        "balance": int(balance or 0),
        "items": [{"amount": row.amount, "reason": row.reason, "at": row.at} for row in rows[:PAGE]],
        "next": str(rows[PAGE - 1].id) if len(rows) > PAGE else None,
    }


def mistakes(resident_id: int) -> dict[str, Any]:
    """Questions got wrong, the latest first, with the right answer: practice questions only."""
    rows = db.session().execute(
        select(Mistake, QuestionVersion)
        .join(QuestionVersion, QuestionVersion.id == Mistake.version_id)
        .where(Mistake.resident_id == resident_id)
        .order_by(Mistake.last_at.desc(), Mistake.question_id)
        .limit(100)
    )
    items = [
        {
            "text": version.text,
            "right": _right_words(version),
            "explanation": version.explanation,
            "source": version.source,
            "times": mistake.times,
            "last_at": mistake.last_at,
        }
        for mistake, version in rows
    ]
    return {"items": items, "next": None}


def _right_words(version: QuestionVersion) -> list[str]:
    names = dict(CHOICES)
    return [
        f"{one['text']}：{names.get(one['right'], '')}" if isinstance(one["right"], str) else one["text"]
        for one in version.options
        if one["right"]
    ]


def review_slug() -> str:
    """The quiz in which mistakes are done again. Raises NotFound."""
    for one in bank.quizzes():
        if one.kind == QuizKind.REVIEW.value:
            return one.slug
    raise NotFound("quiz_not_found", "没有找到这个答题")
