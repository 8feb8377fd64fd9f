"""Starting an attempt, going on with it, looking at it. Identity, clock and order are the server's (rules.md, Quizzes).

An attempt's time is one stretch, minutes of the quiz or seconds per question times their number: questions are not
served one by one, so that a slow network costs a person reading time and never a question, and a start is one request.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, insert, or_, select, update

from sorting_miniapp import clock
from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.errors import Conflict, NotFound, TooMany
from sorting_miniapp.orgs import settings
from sorting_miniapp.quiz import bank, levels, marking, papers, team_entries
from sorting_miniapp.quiz.bank import Rules
from sorting_miniapp.quiz.models import Attempt, Entry, Quiz, QuizDay, QuizKind
from sorting_miniapp.retries import again

TABLE: Any = Attempt.__table__
TRIES = 3
MANY = "/"  # parts the day from the attempt's number in a slot


@dataclass(frozen=True)
class Who:
    """Who starts: unit and wish for no time limit as the account has them; hashes of address and device, or None."""

    id: int
    node_id: int | None = None
    no_time_limit: bool = False
    address_mark: str | None = None
    device_mark: str | None = None


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
    timed: bool
    rule: str
    correction: int
    submitted_at: datetime | None = None
    answers: dict[str, Any] | None = None
    right: int = 0
    total: int = 0
    score: int = 0
    points: int = 0
    duration_ms: int = 0
    node_id: int | None = None
    disqualified: bool = False

    @property
    def asked(self) -> list[marking.Asked]:
        return marking.paper(self.seed, bank.versions(self.versions))


COLUMNS = (
    TABLE.c.id, TABLE.c.public_id, TABLE.c.quiz_id, TABLE.c.resident_id, TABLE.c.slot, TABLE.c.seed, TABLE.c.versions,
    TABLE.c.started_at, TABLE.c.deadline, TABLE.c.timed, TABLE.c.marking, TABLE.c.correction, TABLE.c.submitted_at,
    TABLE.c.answers, TABLE.c.right_count, TABLE.c.total, TABLE.c.score, TABLE.c.points, TABLE.c.duration_ms,
    TABLE.c.node_id, TABLE.c.disqualified,
)  # fmt: skip


def start(who: Who, slug: str, chosen: Sequence[int] = (), team: str = "") -> dict[str, Any]:
    """Draw a paper, or take the `chosen` versions of a review; `team` is the public id of the one that is entered for.

    An attempt that uses up one of few and may still be submitted is given again. Raises NotFound; Conflict
    quiz_not_open, quiz_over, level_locked, unit_needed, already_done, no_mistakes, and those of team_entries.require;
    TooMany over the day's cap.
    """
    rules, now = bank.quiz(slug), clock.now()
    _check(rules, who, now)
    return again(lambda: _begin(rules, who, chosen, team, now))


def _begin(rules: Rules, who: Who, chosen: Sequence[int], team: str, now: datetime) -> dict[str, Any]:
    """The begun attempt, or a new one; a violated constraint says that another device was first."""
    day, slot = clock.local(now).date(), None
    if _limited(rules):
        used = _of_day(rules, who.id, day)
        begun = next((one for one in used if one.submitted_at is None and now <= last_moment(one)), None)
        if begun is not None:
            return answer(rules, begun)
        slot = _next_slot(rules, day, used)
    entered = team_entries.require(rules.id, who.id, team) if rules.entry == Entry.TEAM else None
    versions = list(chosen) or papers.draw(rules, who.id, day)
    return answer(rules, _insert(rules, who, slot, versions, now, entered))


def _check(rules: Rules, who: Who, now: datetime) -> None:
    if rules.opens_at and now < rules.opens_at:
        raise Conflict("quiz_not_open", "答题还没有开始")
    if rules.closes_at and now >= rules.closes_at:
        raise Conflict("quiz_over", "答题已经结束")
    if rules.entry == Entry.UNIT and who.node_id is None:
        raise Conflict("unit_needed", "这次竞赛按社区（村）、单位统计，请先在“我的”里选择所在社区（村）或学校")
    if rules.kind == QuizKind.LEVEL:
        levels.require_open(rules, who.id)


def _limited(rules: Rules) -> bool:
    return rules.kind in (QuizKind.DAILY, QuizKind.CONTEST, QuizKind.EXAM)


def per_day(rules: Rules) -> int | None:
    """How many attempts a person has on one day; None: only the cap over all quizzes."""
    return (rules.per_day or 1) if _limited(rules) else None


def last_moment(found: Open) -> datetime:
    """Until when a submission is taken: the deadline and the seconds a network may need."""
    return found.deadline + timedelta(seconds=int(settings.read("attempt_grace_seconds")))


def _of_day(rules: Rules, resident_id: int, day: date) -> list[Open]:
    """The day's attempts that used up a slot, in the order of their numbers."""
    named = day.isoformat()
    numbered = and_(TABLE.c.slot > f"{named}{MANY}", TABLE.c.slot < f"{named}{chr(ord(MANY) + 1)}")
    rows = db.session().execute(
        select(*COLUMNS)
        .where(TABLE.c.quiz_id == rules.id, TABLE.c.resident_id == resident_id, or_(TABLE.c.slot == named, numbered))
        .order_by(TABLE.c.id)
    )
    return [Open(*tuple(row)) for row in rows]


def _next_slot(rules: Rules, day: date, used: list[Open]) -> str:
    """What makes the next attempt the only one of its number. Raises Conflict when there is none left."""
    if len(used) >= (per_day(rules) or 1):
        words = "今天已经答过了，明天再来" if len(used) == 1 else "今天答题的次数已经用完，明天再来"
        raise Conflict("already_done", words, {"attempt": used[-1].public_id})
    return day.isoformat() if rules.kind == QuizKind.DAILY else f"{day.isoformat()}{MANY}{len(used) + 1}"


def _deadline(rules: Rules, timed: bool, now: datetime) -> datetime:
    if not timed:
        until = now + timedelta(hours=int(settings.read("untimed_hours")))
    elif rules.question_seconds:
        until = now + timedelta(seconds=rules.question_seconds * rules.count)
    else:
        until = now + timedelta(minutes=rules.minutes)
    return min(until, rules.closes_at) if rules.closes_at else until


def marking_rule() -> str:
    """The rule of partial credit in force now."""
    return f"{settings.read('multiple_partial')}.{settings.read('sort_partial')}"


def _insert(rules: Rules, who: Who, slot: str | None, versions: list[int], now: datetime, team_id: int | None) -> Open:
    """Store the attempt, and with the first one the team it is entered for."""
    contest = rules.kind == QuizKind.CONTEST
    timed = not who.no_time_limit or (contest and not rules.untimed_allowed)
    made = Open(
        0, new_public_id(), rules.id, who.id, slot, secrets.token_hex(16), versions, now,
        _deadline(rules, timed, now), timed, marking_rule(), 0, total=len(versions), node_id=who.node_id,
    )  # fmt: skip
    values = {
        "public_id": made.public_id, "quiz_id": rules.id, "resident_id": who.id, "slot": slot, "seed": made.seed,
        "versions": versions, "started_at": now, "deadline": made.deadline, "timed": timed, "marking": made.rule,
        "total": made.total, "node_id": who.node_id,
        "address_mark": who.address_mark if contest else None, "device_mark": who.device_mark if contest else None,
    }  # fmt: skip
    with transaction() as session:
        _count_attempt(who.id, clock.local(now).date())
        if team_id is not None:
            team_entries.enter(rules.id, who.id, team_id)
        session.execute(insert(TABLE).values(**values))
    return made


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


def own(resident_id: int, public_id: str) -> tuple[Rules, Open]:
    """A resident's own attempt; somebody else's does not exist. Raises NotFound."""
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
    """The paper with the answers saved so far, or after the submission the result. Raises NotFound."""
    return answer(*own(resident_id, public_id))


def secret(rules: Rules, now: datetime) -> bool:
    """Whether the key stays here after the submission too: others are still answering the same contest."""
    return rules.kind == QuizKind.CONTEST and (rules.closes_at is None or now < rules.closes_at)


def answer(rules: Rules, found: Open) -> dict[str, Any]:
    """What leaves: before the submission without the key; afterwards with everything that teaches."""
    now, over = clock.now(), found.submitted_at is not None
    given = found.answers or {}
    show: Callable[[marking.Asked], dict[str, Any]] = marking.shown
    if over and not secret(rules, now):

        def show(one: marking.Asked) -> dict[str, Any]:
            return marking.explained(one, given.get(one.id), found.rule)

    return {
        "id": found.public_id,
        "quiz": {"slug": rules.slug, "title": rules.title},
        "state": state_of(found, now),
        "started_at": found.started_at,
        "deadline": found.deadline,
        "timed": found.timed,
        "marking": marking.words(found.rule),
        "questions": [show(one) for one in found.asked],
        "answers": [_given(question, one) for question, one in given.items()],
        "result": result(rules, found) if over else None,
        "disqualification": None,
    }


def _given(question: str, one: Any) -> dict[str, Any]:
    return {"question": question, "sorted" if isinstance(one, dict) else "options": one}


def state_of(found: Open, now: datetime) -> str:
    if found.submitted_at is not None:
        return "submitted"
    return "open" if now <= last_moment(found) else "expired"


def result(rules: Rules, found: Open) -> dict[str, Any]:
    """The marks of a submitted attempt."""
    return {
        "score": found.score, "right": found.right, "total": found.total, "points": found.points,
        "duration_ms": found.duration_ms, "submitted_at": found.submitted_at,
        "passed": None if rules.pass_percent is None else found.score >= rules.pass_percent,
        "stars": marking.stars(found.score, rules.stars), "disqualified": found.disqualified,
    }  # fmt: skip
