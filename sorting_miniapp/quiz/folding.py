"""Counting submissions off the request: what a submission changes besides its own marks and points.

A submission leaves a row in `quiz_pending`. The worker takes the oldest, locks the residents' learner rows in one
order, and counts mistakes, topics, days, badges, teams and standings in one transaction that also takes the rows away:
a crash loses nothing and counts nothing twice. Whoever asks for their own figures is counted first (`catch_up`), so
nobody sees less than they did.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from sorting_miniapp import clock
from sorting_miniapp.db import db, transaction
from sorting_miniapp.quiz import badges, bank, boards, knowledge, marking, mistakes, streaks, team_counts
from sorting_miniapp.quiz.marking import Version
from sorting_miniapp.quiz.models import Attempt, Quiz, QuizKind
from sorting_miniapp.quiz.models_learning import Learner, Pending
from sorting_miniapp.quiz.tallies import add_to

log = structlog.get_logger(__name__)
AT_ONCE = 10  # people in one transaction: short, so that on SQLite submissions need not wait
BATCHES = 50
LEARNER: Any = Learner.__table__


def run() -> bool:
    """Count some of what waits, the oldest first; returns whether there may be more.

    What cannot be counted is logged and stays, and keeps nobody else waiting.
    """
    last = 0
    for _ in range(BATCHES):
        oldest = select(Pending.id, Pending.resident_id).where(Pending.id > last).order_by(Pending.id).limit(AT_ONCE)
        waiting = db.session().execute(oldest).all()
        if not waiting:
            return False
        last = waiting[-1].id
        _count_each({row.resident_id for row in waiting})
    return True


def _count_each(residents: set[int]) -> None:
    """Count for all of them together; where that fails, for each alone."""
    try:
        count(residents)
    except Exception:
        if len(residents) == 1:
            log.exception("result_not_counted", resident_id=min(residents))
            return
        for one in sorted(residents):
            _count_each({one})


def catch_up(resident_id: int) -> None:
    """Count what a resident has submitted, before they look at it."""
    if db.session().scalar(select(Pending.id).where(Pending.resident_id == resident_id).limit(1)) is not None:
        count([resident_id])


def count(residents: Iterable[int]) -> None:
    """Count everything that waits for these residents."""
    with transaction() as session:
        _lock(session, set(residents))
        rows = session.execute(
            select(Pending.id, Pending.quiz_id, Pending.resident_id, Pending.attempt_id, Attempt, Quiz.kind)
            .join(Quiz, Quiz.id == Pending.quiz_id)
            .outerjoin(Attempt, Attempt.id == Pending.attempt_id)
            .where(Pending.resident_id.in_(set(residents)))
            .order_by(Pending.id)
        ).all()
        by_person: dict[int, list[Any]] = defaultdict(list)
        for row in rows:
            by_person[row.resident_id].append(row)
        for resident_id, own in sorted(by_person.items()):
            _learn(session, resident_id, [(row.kind, row.Attempt) for row in own if row.Attempt is not None])
        boards.restand(session, _standings(rows))
        session.execute(delete(Pending).where(Pending.id.in_([row.id for row in rows])))


def _lock(session: Session, residents: set[int]) -> None:
    """Lock the residents' rows in one order; who has none yet gets one."""
    missing = sorted(residents - set(boards.lock(session, residents)))
    for resident_id in missing:
        add_to(session, Learner, {"resident_id": resident_id}, {"attempts": 0, "perfect": 0, "longest_run": 0})


def _standings(rows: Iterable[Any]) -> dict[tuple[int, int], set[str] | None]:
    """Which standings the rows ask for: days of the quiz, or all of it."""
    wanted: dict[tuple[int, int], set[str] | None] = {}
    for row in rows:
        key = row.quiz_id, row.resident_id
        days = wanted.get(key, set())
        slot = row.Attempt.slot if row.Attempt is not None else None
        wanted[key] = None if days is None or slot is None else days | {slot}
    return wanted


def marks_of(attempt: Attempt) -> list[tuple[Version, bool]]:
    """A submitted attempt's questions in the paper's order, without void ones, and whether each was answered right."""
    asked = marking.paper(attempt.seed, bank.versions(attempt.versions))
    marks = marking.mark(asked, attempt.answers or {}, attempt.marking)
    counted = zip(asked, marks.worth, strict=True)
    return [(one.version, worth == marking.FULL) for one, worth in counted if worth is not None]


def _learn(session: Session, resident_id: int, attempts: list[tuple[QuizKind, Attempt]]) -> None:
    done, perfect, days = 0, 0, set[date]()
    for kind, attempt in attempts:
        marks = marks_of(attempt)
        at = attempt.submitted_at or attempt.started_at
        if kind is not QuizKind.CONTEST:
            mistakes.record(session, resident_id, [one for one, _ in marks], [good for _, good in marks], at)
        if not any((attempt.answers or {}).values()):
            continue  # an empty paper teaches nothing: it is no attempt, no day, and says nothing of what is known
        topics = bank.topics([one.question_id for one, _ in marks])
        knowledge.record(session, resident_id, marks, topics)
        team_counts.record(session, resident_id, at, marks, topics)
        done, perfect = done + 1, perfect + (bool(marks) and all(good for _, good in marks))
        days.add(clock.local(attempt.started_at).date())
    if not done:
        return
    run = streaks.record(session, resident_id, days)
    values = {"attempts": LEARNER.c.attempts + done, "perfect": LEARNER.c.perfect + perfect}
    if run is not None:
        values["longest_run"] = run
    session.execute(update(LEARNER).where(LEARNER.c.resident_id == resident_id).values(values))
    badges.settle(session, resident_id)
