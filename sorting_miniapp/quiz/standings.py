"""The list of quizzes, and the own points."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from sorting_miniapp import clock
from sorting_miniapp.caching import KeptBytes
from sorting_miniapp.db import db
from sorting_miniapp.errors import NotFound
from sorting_miniapp.quiz import bank
from sorting_miniapp.quiz.models import PointsLedger, QuizKind

PAGE = 20
kept = KeptBytes(bank.VERSION, 300.0)


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


def review_slug() -> str:
    """The quiz in which mistakes are done again. Raises NotFound."""
    for one in bank.quizzes():
        if one.kind == QuizKind.REVIEW.value:
            return one.slug
    raise NotFound("quiz_not_found", "没有找到这个答题")
