"""Starting and submitting an attempt. Identity, clock, order and marks are the server's (rules.md, Quizzes)."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from sorting_miniapp import clock
from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.errors import Conflict, Invalid, NotFound, TooMany
from sorting_miniapp.orgs import settings
from sorting_miniapp.quiz import bank, effects, marking, mistakes
from sorting_miniapp.quiz.bank import Rules
from sorting_miniapp.quiz.models import Attempt, DailyPaper, Quiz, QuizDay, QuizKind

_draw = random.SystemRandom()
TABLE: Any = Attempt.__table__
TRIES = 3


@dataclass(frozen=True)
class Open:
    """An attempt as its row says."""

    id: int
    public_id: str
    quiz_id: int
    resident_id: int
    slot: str | None
    seed: str
    versions: list[int]
    started_at: datetime
    deadline: datetime
    submitted_at: datetime | None
    answers: dict[str, Any] | None
    right: int
    total: int
    score: int
    points: int
    duration_ms: int

    @property
    def asked(self) -> list[marking.Asked]:
        return marking.paper(self.seed, bank.versions(self.versions))


COLUMNS = (
    TABLE.c.id, TABLE.c.public_id, TABLE.c.quiz_id, TABLE.c.resident_id, TABLE.c.slot, TABLE.c.seed, TABLE.c.versions,
    TABLE.c.started_at, TABLE.c.deadline, TABLE.c.submitted_at, TABLE.c.answers, TABLE.c.right_count, TABLE.c.total,
    TABLE.c.score, TABLE.c.points, TABLE.c.duration_ms,
)  # fmt: skip


def start(resident_id: int, slug: str, chosen: Sequence[int] = ()) -> dict[str, Any]:
    """Draw a paper, or take the `chosen` versions of a review.

    A daily or contest attempt that was begun and may still be submitted is given again.
    Raises NotFound; Conflict quiz_not_open, quiz_over, already_done, no_mistakes; TooMany over the day's cap.
    """
    rules, now = bank.quiz(slug), clock.now()
    _check_window(rules, now)
    slot = slot_of(rules, clock.today())
    if slot is not None:
        begun = _begun(rules, resident_id, slot)
        if begun is not None:
            return _again(rules, begun, now)
    versions = list(chosen) or _versions(rules, resident_id, clock.today())
    for _ in range(TRIES):
        try:
            return answer(rules, _insert(rules, resident_id, slot, versions, now))
        except IntegrityError:
            # The same person on two devices at once: the other one made the attempt, or the day's first count.
            begun = _begun(rules, resident_id, slot) if slot is not None else None
            if begun is not None:
                return _again(rules, begun, now)
    raise Conflict("try_again", "请再试一次")


def _check_window(rules: Rules, now: datetime) -> None:
    if rules.opens_at and now < rules.opens_at:
        raise Conflict("quiz_not_open", "答题还没有开始")
    if rules.closes_at and now >= rules.closes_at:
        raise Conflict("quiz_over", "答题已经结束")


def slot_of(rules: Rules, day: date) -> str | None:
    """What makes an attempt the only one; None where there may be many."""
    return {QuizKind.DAILY.value: day.isoformat(), QuizKind.CONTEST.value: "once"}.get(rules.kind)


def _begun(rules: Rules, resident_id: int, slot: str) -> Open | None:
    row = (
        db.session()
        .execute(
            select(*COLUMNS).where(
                TABLE.c.quiz_id == rules.id, TABLE.c.resident_id == resident_id, TABLE.c.slot == slot
            )
        )
        .first()
    )
    return Open(*tuple(row)) if row else None


def _again(rules: Rules, begun: Open, now: datetime) -> dict[str, Any]:
    if begun.submitted_at is None and now <= begun.deadline:
        return answer(rules, begun)
    words = "今天已经答过了，明天再来" if rules.kind == QuizKind.DAILY.value else "您已经参加过这次竞赛"
    raise Conflict("already_done", words, {"attempt": begun.public_id})


def _versions(rules: Rules, resident_id: int, day: date) -> list[int]:
    if rules.kind == QuizKind.REVIEW.value:
        return mistakes.draw(resident_id, rules.count)
    if rules.kind == QuizKind.DAILY.value:
        return _daily(rules, day)
    return _draw.sample(bank.eligible(rules), rules.count)


def _daily(rules: Rules, day: date) -> list[int]:
    known = select(DailyPaper.versions).where(DailyPaper.quiz_id == rules.id, DailyPaper.day == day)
    found = db.session().scalar(known)
    if found is None:
        try:
            with transaction() as session:
                drawn = bank.of_day(rules, day)
                session.execute(insert(DailyPaper).values(quiz_id=rules.id, day=day, versions=drawn))
                return drawn
        except IntegrityError:
            found = db.session().scalars(known).one()  # somebody else was the day's first
    return list(found)


def _insert(rules: Rules, resident_id: int, slot: str | None, versions: list[int], now: datetime) -> Open:
    deadline = now + timedelta(minutes=min(rules.minutes, int(settings.read("attempt_minutes"))))
    if rules.closes_at:
        deadline = min(deadline, rules.closes_at)
    public_id, seed = new_public_id(), secrets.token_hex(16)
    values = {
        "public_id": public_id, "quiz_id": rules.id, "resident_id": resident_id, "slot": slot, "seed": seed,
        "versions": versions, "started_at": now, "deadline": deadline, "total": len(versions), "right_count": 0,
        "score": 0, "points": 0, "duration_ms": 0, "flag": "",
    }  # fmt: skip
    with transaction() as session:
        _count_attempt(resident_id, clock.today())
        session.execute(insert(TABLE).values(**values))
    return Open(
        0, public_id, rules.id, resident_id, slot, seed, versions, now, deadline, None, None, 0, len(versions), 0, 0, 0
    )


def _count_attempt(resident_id: int, day: date) -> None:
    """One more attempt of the day, in the caller's transaction. Raises TooMany at the cap."""
    cap = int(settings.read("daily_attempts_cap"))
    mine = (QuizDay.resident_id == resident_id, QuizDay.day == day)
    with transaction() as session:
        for _ in range(TRIES):
            raised = session.execute(
                update(QuizDay).where(*mine, QuizDay.attempts < cap).values(attempts=QuizDay.attempts + 1)
            )
            if raised.rowcount:  # type: ignore[attr-defined]
                return
            held = session.scalar(select(QuizDay.attempts).where(*mine))
            if held is None:
                session.execute(insert(QuizDay).values(resident_id=resident_id, day=day, attempts=1, points=0))
                return
            if held >= cap:
                break  # else another device has just made the row: count once more
        raise TooMany("too_many_attempts", "今天答题的次数已经用完，明天再来")


def _own(resident_id: int, public_id: str) -> tuple[Rules, Open]:
    row = (
        db.session()
        .execute(
            select(Quiz.slug, *COLUMNS)
            .join(Quiz, Quiz.id == TABLE.c.quiz_id)
            .where(TABLE.c.public_id == public_id, TABLE.c.resident_id == resident_id)
        )
        .first()
    )
    if row is None:
        raise NotFound("attempt_not_found", "没有找到这次答题")
    return bank.quiz_of(row[0]), Open(*tuple(row)[1:])


def get(resident_id: int, public_id: str) -> dict[str, Any]:
    """The paper, or after the submission the result. Raises NotFound, also for somebody else's."""
    return answer(*_own(resident_id, public_id))


def submit(resident_id: int, public_id: str, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Mark it, once. `answers`: {question id: [option ids], or for sorting {option id: class}}.

    Raises NotFound; Invalid for what is not on this paper; Conflict already_submitted, attempt_expired.
    """
    rules, found = _own(resident_id, public_id)
    now = clock.now()
    if found.submitted_at is not None:
        raise Conflict("already_submitted", "这次答题已经提交过了，成绩不变")
    if now > found.deadline:
        raise Conflict("attempt_expired", "答题时间已到，这次没有成绩")
    asked = found.asked
    wrong = marking.problem(asked, answers)
    if wrong:
        raise Invalid("answers", wrong, {"fields": {"answers": [wrong]}})
    right = marking.mark(asked, answers)
    _store(rules, found, right, dict(answers), now)
    return get(resident_id, public_id)


def _store(rules: Rules, found: Open, right: list[bool], answers: dict[str, Any], now: datetime) -> None:
    duration_ms = max(0, int((now - found.started_at).total_seconds() * 1000))
    good = sum(right)
    score = marking.score(good, found.total)
    with transaction() as session:
        points = effects.points(rules, found.resident_id, clock.local(found.started_at).date(), good)
        done = session.execute(
            update(TABLE)
            .where(TABLE.c.id == found.id, TABLE.c.submitted_at.is_(None), TABLE.c.deadline >= now)
            .values(
                submitted_at=now, answers=answers, right_count=good, score=score, points=points,
                duration_ms=duration_ms, flag=marking.flag(duration_ms, good, found.total),
            )
        )  # fmt: skip
        if done.rowcount == 0:  # type: ignore[attr-defined]
            raise Conflict("already_submitted", "这次答题已经提交过了，成绩不变")
        effects.after_submission(rules, found, points, now)


def answer(rules: Rules, found: Open) -> dict[str, Any]:
    """What leaves: before the submission without the key; afterwards with everything that teaches."""
    asked = found.asked
    over = found.submitted_at is not None
    show: Callable[[marking.Asked], dict[str, Any]] = marking.shown
    if over:
        given = found.answers or {}

        def show(one: marking.Asked) -> dict[str, Any]:
            return marking.explained(one, given.get(one.id))

    state = "submitted" if over else "open" if clock.now() <= found.deadline else "expired"
    result = {
        "score": found.score, "right": found.right, "total": found.total, "points": found.points,
        "duration_ms": found.duration_ms, "submitted_at": found.submitted_at,
    }  # fmt: skip
    return {
        "id": found.public_id,
        "quiz": {"slug": rules.slug, "title": rules.title},
        "state": state,
        "started_at": found.started_at,
        "deadline": found.deadline,
        "questions": [show(one) for one in asked],
        "result": result if over else None,
    }
