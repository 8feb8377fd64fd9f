"""Levels (闯关): a series in which passing one opens the next, with stars by the best score."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select

from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict
from sorting_miniapp.quiz import bank
from sorting_miniapp.quiz.bank import Rules
from sorting_miniapp.quiz.models import Attempt, QuizKind


def best_scores(resident_id: int, quizzes: Collection[int]) -> dict[int, int]:
    """{quiz's key: the resident's best score}, of submitted attempts that nobody took away; one statement."""
    rows = db.session().execute(
        select(Attempt.quiz_id, func.max(Attempt.score))
        .where(
            Attempt.resident_id == resident_id,
            Attempt.quiz_id.in_(quizzes),
            Attempt.submitted_at.is_not(None),
            Attempt.disqualified.is_(False),
        )
        .group_by(Attempt.quiz_id)
    )
    return {row[0]: int(row[1]) for row in rows}


def before(rules: Rules) -> Rules | None:
    """The level that has to be passed first, None for the first of a series."""
    found = [
        one
        for one in bank.quizzes()
        if one.kind == QuizKind.LEVEL and one.series == rules.series and one.stage < rules.stage
    ]
    return max(found, key=lambda one: one.stage, default=None)


def is_open(rules: Rules, best: dict[int, int]) -> bool:
    """Whether the level may be played with these best scores."""
    first = before(rules)
    return first is None or best.get(first.id, -1) >= (first.pass_percent or 0)


def require_open(rules: Rules, resident_id: int) -> None:
    """Raises Conflict level_locked, naming the level to pass first."""
    first = before(rules)
    if first is not None and not is_open(rules, best_scores(resident_id, [first.id])):
        raise Conflict("level_locked", f"先通过“{first.title}”，才能开始这一关", {"quiz": first.slug})
