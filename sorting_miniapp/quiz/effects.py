"""What a submission leads to, in its transaction: points under the day's cap, the standing, mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, delete, insert, or_, select, update

from sorting_miniapp.db import transaction
from sorting_miniapp.orgs import settings
from sorting_miniapp.quiz.bank import Rules
from sorting_miniapp.quiz.marking import Version
from sorting_miniapp.quiz.models import Mistake, PointsLedger, QuizDay, QuizKind, QuizTotal

MOST_MISTAKES = 500


def points(rules: Rules, resident_id: int, day: date, good: int) -> int:
    """The points this submission gives, taken from what the day's cap leaves. The row's lock makes it exact."""
    if rules.kind != QuizKind.DAILY.value or not good:
        return 0
    cap, wanted = int(settings.read("daily_points_cap")), good * int(settings.read("daily_quiz_points"))
    mine = (QuizDay.resident_id == resident_id, QuizDay.day == day)
    with transaction() as session:
        held = session.scalar(select(QuizDay.points).where(*mine).with_for_update())
        given = max(0, min(wanted, cap - int(held or 0)))
        if given:
            session.execute(update(QuizDay).where(*mine).values(points=QuizDay.points + given))
    return given


def after_submission(rules: Rules, found: Any, given: int, score: int, duration_ms: int, now: datetime) -> None:
    """The ledger's row, and the standing of a daily quiz or a contest."""
    with transaction() as session:
        if given:
            session.execute(
                insert(PointsLedger).values(
                    resident_id=found.resident_id, attempt_id=found.id, amount=given, reason=rules.title, at=now
                )
            )
        if found.slot is not None:  # one attempt in the period, so one row
            session.execute(
                insert(QuizTotal).values(
                    quiz_id=rules.id,
                    period=found.slot,
                    resident_id=found.resident_id,
                    score=score,
                    duration_ms=duration_ms,
                    finished_at=now,
                )
            )


def mistakes(rules: Rules, resident_id: int, versions: Sequence[Version], right: Sequence[bool], now: datetime) -> None:
    """Keep what went wrong; a question got right in a review is learned. A contest's questions stay out of practice."""
    if rules.kind == QuizKind.CONTEST.value:
        return
    bad = {one.question_id: one.id for one, good in zip(versions, right, strict=True) if not good}
    learned = [one.question_id for one, good in zip(versions, right, strict=True) if good]
    with transaction() as session:
        mine = Mistake.resident_id == resident_id
        if learned and rules.kind == QuizKind.REVIEW.value:
            session.execute(delete(Mistake).where(mine, Mistake.question_id.in_(learned)))
        if not bad:
            return
        known = set(session.scalars(select(Mistake.question_id).where(mine, Mistake.question_id.in_(bad))))
        if known:
            session.execute(
                update(Mistake).where(mine, Mistake.question_id.in_(known)).values(times=Mistake.times + 1, last_at=now)
            )
        new = [
            {"resident_id": resident_id, "question_id": question, "version_id": version, "times": 1, "last_at": now}
            for question, version in bad.items()
            if question not in known
        ]
        if new:
            session.execute(insert(Mistake), new)


def ahead_of(score: int, duration_ms: int, finished_at: datetime) -> Any:
    """The rows before this one in the leaderboard's order: score, then time used, then earlier finish."""
    return or_(
        QuizTotal.score > score,
        and_(QuizTotal.score == score, QuizTotal.duration_ms < duration_ms),
        and_(QuizTotal.score == score, QuizTotal.duration_ms == duration_ms, QuizTotal.finished_at < finished_at),
    )
