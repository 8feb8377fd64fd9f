"""What a submission leads to: in its transaction the points under the day's cap and a row that asks to be counted.

Everything else (mistakes, topics, days, badges, standings, teams) is counted from that row within a second or two, off
the request (folding.py). Who regrades or disqualifies corrects it here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from sorting_miniapp import clock
from sorting_miniapp.db import db, transaction
from sorting_miniapp.orgs import settings
from sorting_miniapp.quiz import bank, boards, knowledge, mistakes
from sorting_miniapp.quiz.bank import Rules
from sorting_miniapp.quiz.marking import Version
from sorting_miniapp.quiz.models import PointsLedger, QuizDay, QuizKind
from sorting_miniapp.quiz.models_learning import Learner, Pending

LEDGER: Any = PointsLedger.__table__
PENDING: Any = Pending.__table__


def points(rules: Rules, resident_id: int, day: date, good: int) -> int:
    """The points this submission gives, taken from what the day's cap leaves. The row's lock makes it exact."""
    if rules.kind != QuizKind.DAILY.value or not good:
        return 0
    return _take(resident_id, day, good * int(settings.read("daily_quiz_points")))


def _take(resident_id: int, day: date, wanted: int) -> int:
    """Points from what the day's cap leaves; fewer than 0 are given back to it."""
    mine = (QuizDay.resident_id == resident_id, QuizDay.day == day)
    with transaction() as session:
        held = int(session.scalar(select(QuizDay.points).where(*mine).with_for_update()) or 0)
        given = _fitting(held, wanted)
        if given:
            session.execute(update(QuizDay).where(*mine).values(points=held + given))
    return given


def difference(rules: Rules, attempt: Any, good: int) -> int:
    """By how many points the attempt's would change with so many right answers; nothing is changed."""
    if rules.kind != QuizKind.DAILY.value:
        return 0
    mine = (QuizDay.resident_id == attempt.resident_id, QuizDay.day == clock.local(attempt.started_at).date())
    held = int(db.session().scalar(select(QuizDay.points).where(*mine)) or 0)
    return _fitting(held, good * int(settings.read("daily_quiz_points")) - attempt.points)


def _fitting(held: int, wanted: int) -> int:
    """What of the wanted points the day's cap leaves, or can be taken back."""
    return max(-held, min(wanted, max(0, int(settings.read("daily_points_cap")) - held)))


def after_submission(rules: Rules, found: Any, given: int, now: datetime) -> None:
    """The ledger's row, and the row that asks for the rest to be counted."""
    with transaction() as session:
        if given:
            values = {"resident_id": found.resident_id, "attempt_id": found.id, "amount": given, "at": now}
            session.execute(insert(LEDGER).values(**values, reason=rules.title))
        session.execute(insert(PENDING).values(resident_id=found.resident_id, quiz_id=rules.id, attempt_id=found.id))


@dataclass(frozen=True)
class Marked:
    """A submitted attempt that is corrected; `versions` in the order of the marks, `points` as its row says."""

    id: int
    resident_id: int
    started_at: datetime
    versions: Sequence[Version]
    points: int


def correct(
    rules: Rules, attempt: Marked, before: Sequence[bool], after: Sequence[bool], counts: bool, reason: str
) -> int:
    """Correct what an attempt has led to; returns the points its row has from now on. In the caller's transaction.

    `before` and `after` are the marks question by question (equal where only the points change); `counts` is false
    where the attempt is disqualified and true again where that is taken back. `reason` is what the resident reads in
    the ledger. The caller writes the attempt's row, calls this for each attempt in the order of their residents, and
    then `boards.rebuild` once for all of them.
    """
    with transaction() as session:
        counted = session.scalar(select(Pending.id).where(Pending.attempt_id == attempt.id)) is None
        if counted and boards.lock(session, [attempt.resident_id]) and list(before) != list(after):
            _correct_learning(rules, attempt, before, after)
        wanted = sum(after) * int(settings.read("daily_quiz_points")) if rules.kind == QuizKind.DAILY.value else 0
        return attempt.points + _correct_points(attempt, (wanted if counts else 0) - attempt.points, reason)


def _correct_points(attempt: Marked, difference: int, reason: str) -> int:
    """A row in the ledger that corrects the attempt's; the balance never falls below nought (rules.md, Quizzes)."""
    with transaction() as session:
        given = _take(attempt.resident_id, clock.local(attempt.started_at).date(), difference) if difference else 0
        balance = session.scalar(
            select(func.sum(PointsLedger.amount)).where(PointsLedger.resident_id == attempt.resident_id)
        )
        given = max(given, -int(balance or 0))
        if given:
            first = session.scalar(select(PointsLedger.id).where(PointsLedger.attempt_id == attempt.id))
            session.execute(
                insert(LEDGER).values(
                    resident_id=attempt.resident_id, corrects_id=first, amount=given, reason=reason[:80], at=clock.now()
                )
            )
        return given


def _correct_learning(rules: Rules, attempt: Marked, before: Sequence[bool], after: Sequence[bool]) -> None:
    changed = [(version, now) for version, was, now in zip(attempt.versions, before, after, strict=True) if was != now]
    perfect = int(all(after)) - int(all(before))
    with transaction() as session:
        if perfect:
            mine = Learner.resident_id == attempt.resident_id
            session.execute(update(Learner).where(mine).values(perfect=Learner.perfect + perfect))
        knowledge.correct(session, attempt.resident_id, changed, bank.topics([one.question_id for one, _ in changed]))
        if rules.kind != QuizKind.CONTEST.value:
            mistakes.correct(session, attempt.resident_id, changed, clock.now())
