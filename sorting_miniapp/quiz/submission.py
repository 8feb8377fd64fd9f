"""Handing an attempt in: saved on the way, marked once, before its deadline by the server's clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from sorting_miniapp import clock, state
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, DomainError, Invalid
from sorting_miniapp.orgs import settings
from sorting_miniapp.quiz import attempts, bank, effects, marking
from sorting_miniapp.quiz.attempts import COLUMNS, TABLE, Open
from sorting_miniapp.quiz.bank import Rules
from sorting_miniapp.quiz.models import Quiz
from sorting_miniapp.retries import Again, again

LOOK_BACK = timedelta(days=7)  # an attempt nobody collected for so long, all schedulers being down, stays expired
COLLECTED_AT_ONCE = 200
TOO_FAST = "too_fast"


def save(resident_id: int, public_id: str, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Keep answers on the way, in place of those kept before. Says nothing about them but how many there are.

    Raises NotFound; Invalid for what is not on this paper; Conflict already_submitted, attempt_expired.
    """
    _, found = attempts.own(resident_id, public_id)
    now = clock.now()
    _check_open(found, now)
    _check_fit(found.asked, answers)
    with transaction() as session:
        kept = session.execute(
            update(TABLE).where(TABLE.c.id == found.id, TABLE.c.submitted_at.is_(None)).values(answers=dict(answers))
        )
        if kept.rowcount == 0:  # type: ignore[attr-defined]
            raise _already()
    return {"saved": len(answers), "deadline": found.deadline}


def submit(resident_id: int, public_id: str, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Mark it, once. `answers`: {question id: [option ids], or for sorting {option id: class}}.

    Raises NotFound; Invalid for what is not on this paper; Conflict already_submitted, attempt_expired.
    """
    again(lambda: _submit(resident_id, public_id, dict(answers)))
    return attempts.get(resident_id, public_id)


def _submit(resident_id: int, public_id: str, answers: dict[str, Any]) -> None:
    rules, found = attempts.own(resident_id, public_id)
    now = clock.now()
    _check_open(found, now)
    _mark(rules, found, answers, now)


def _already() -> Conflict:
    return Conflict("already_submitted", "这次答题已经提交过了，成绩不变")


def _check_open(found: Open, now: datetime) -> None:
    if found.submitted_at is not None:
        raise _already()
    if now > attempts.last_moment(found):
        raise Conflict("attempt_expired", "答题时间已到，这次没有成绩")


def _check_fit(asked: list[marking.Asked], answers: Mapping[str, Any]) -> None:
    wrong = marking.problem(asked, answers)
    if wrong:
        raise Invalid("answers", wrong, {"fields": {"answers": [wrong]}})


def _mark(rules: Rules, found: Open, answers: dict[str, Any], now: datetime) -> None:
    """Mark and store with all effects. Raises Conflict when it was submitted meanwhile, Again to mark it once more."""
    known, versions = bank.corrected(found.versions)
    asked = marking.paper(found.seed, versions)
    _check_fit(asked, answers)
    marks = marking.mark(asked, answers, found.rule)
    duration_ms = max(0, int((now - found.started_at).total_seconds() * 1000))
    with transaction() as session:
        points = effects.points(rules, found.resident_id, clock.local(found.started_at).date(), marks.right)
        done = session.execute(
            update(TABLE)
            .where(TABLE.c.id == found.id, TABLE.c.submitted_at.is_(None), TABLE.c.correction <= known)
            .values(
                submitted_at=now, answers=answers, right_count=marks.right, total=marks.total, score=marks.score,
                points=points, duration_ms=duration_ms, flag=_flag(duration_ms, len(asked)), correction=known,
            )
        )  # fmt: skip
        if done.rowcount == 0:  # type: ignore[attr-defined]
            raise _why_not(found)
        effects.after_submission(rules, found, points, now)


def _why_not(found: Open) -> Exception:
    """What stood against storing the marks: another submission, or a correction this process has not read yet."""
    row = db.session().execute(select(TABLE.c.submitted_at).where(TABLE.c.id == found.id)).one()
    if row.submitted_at is not None:
        return _already()
    state.forget()
    bank.forget()
    return Again()


def _flag(duration_ms: int, count: int) -> str:
    """What a person should look at: nothing is refused for it."""
    return TOO_FAST if duration_ms < int(settings.read("too_fast_ms")) * count else ""


def collect() -> int:
    """Hand in, for their owners, the saved answers of attempts whose time is over. Returns how many.

    An attempt without saved answers simply expires: there is nothing to mark.
    """
    now = clock.now()
    over = now - timedelta(seconds=int(settings.read("attempt_grace_seconds")))
    rows = db.session().execute(
        select(Quiz.slug, *COLUMNS)
        .join(Quiz, Quiz.id == TABLE.c.quiz_id)
        .where(
            TABLE.c.submitted_at.is_(None), TABLE.c.deadline < over, TABLE.c.deadline > now - LOOK_BACK,
            TABLE.c.answers.is_not(None),
        )
        .order_by(TABLE.c.deadline, TABLE.c.id)
        .limit(COLLECTED_AT_ONCE)
    ).all()  # fmt: skip
    return sum(_collect(bank.quiz_of(row[0]), Open(*tuple(row)[1:])) for row in rows)


def _collect(rules: Rules, found: Open) -> int:
    try:
        again(lambda: _mark(rules, found, dict(found.answers or {}), found.deadline))
    except DomainError:
        return 0  # handed in by its owner within the grace, or to be looked at the next time
    return 1
