"""The own points, and the quiz of reviews."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from sorting_miniapp.db import db
from sorting_miniapp.errors import NotFound
from sorting_miniapp.quiz import bank
from sorting_miniapp.quiz.models import PointsLedger, QuizKind

PAGE = 20


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
