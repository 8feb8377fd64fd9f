"""Standings kept up to date: each is a function of the attempts that count, and is made anew from them.

The daily quiz has a board for each day and each week, a contest one for its whole time and, where it freezes, one of
the state at that moment. Regrading and disqualifying call `rebuild` in their own transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, insert, select
from sqlalchemy.orm import Session

from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.db import db, transaction
from sorting_miniapp.orgs.models import Node, NodeKind
from sorting_miniapp.quiz.models import Attempt, Entry, Quiz, QuizKind, QuizTotal
from sorting_miniapp.quiz.models_learning import Learner, Pending
from sorting_miniapp.quiz.models_teams import TeamEntry
from sorting_miniapp.quiz.order import FROZEN, ONCE, Result, best, days_of, together, week_of
from sorting_miniapp.quiz.tallies import Differences

WITH_BOARD = frozenset({QuizKind.DAILY, QuizKind.CONTEST})


@dataclass(frozen=True)
class Counted:
    """An attempt as it counts: its slot (the day of a daily quiz), and its result."""

    slot: str
    result: Result


def counts() -> ColumnElement[bool]:
    """The attempts that count for a standing."""
    return and_(Attempt.submitted_at.is_not(None), Attempt.disqualified.is_(False))


def lock(session: Session, residents: Iterable[int]) -> list[int]:
    """Lock those of the residents who are learners, in one order; their keys. Everybody who counts does it first."""
    wanted = sorted(set(residents))
    query = select(Learner.resident_id).where(Learner.resident_id.in_(wanted)).order_by(Learner.resident_id)
    return list(session.scalars(query.with_for_update()))


def rebuild(quiz_id: int, residents: Collection[int]) -> None:
    """Make the standings of these residents in a quiz anew, in the caller's transaction; give all of them at once.

    Whose first submission is not counted yet has nothing to correct: it will be counted as it stands then.
    """
    with transaction() as session:
        lock(session, residents)
        restand(session, {(quiz_id, resident): None for resident in residents})


def ask_rebuild(quiz_id: int) -> None:
    """Let the worker make every standing of a quiz anew, from the caller's transaction on."""
    everybody = select(Attempt.resident_id, Attempt.quiz_id).where(Attempt.quiz_id == quiz_id, counts()).distinct()
    with transaction() as session:
        session.execute(insert(Pending).from_select(["resident_id", "quiz_id"], everybody))


def restand(session: Session, wanted: Mapping[tuple[int, int], set[str] | None]) -> None:
    """Make standings anew: {(quiz, resident): days to look at, None for all}. The learners are locked already."""
    differences = Differences()
    quizzes = {row.id: row for row in session.scalars(select(Quiz).where(Quiz.id.in_({key[0] for key in wanted})))}
    for (quiz_id, resident_id), days in sorted(wanted.items(), key=lambda one: one[0]):
        quiz = quizzes[quiz_id]
        if quiz.kind in WITH_BOARD:
            periods = None if days is None or quiz.kind is QuizKind.CONTEST else _periods(days)
            _restand(session, quiz, resident_id, periods, differences)
    differences.write(session)


def _periods(days: Iterable[str]) -> set[str]:
    found = set(days)
    return found | {week_of(datetime.fromisoformat(day).date()) for day in found}


def _restand(
    session: Session, quiz: Quiz, resident_id: int, periods: set[str] | None, differences: Differences
) -> None:
    mine = and_(QuizTotal.quiz_id == quiz.id, QuizTotal.resident_id == resident_id)
    here = mine if periods is None else and_(mine, QuizTotal.period.in_(periods))
    old = {row.period: row for row in session.scalars(select(QuizTotal).where(here))}
    new = standings(quiz, _counted(session, quiz.id, resident_id, periods))
    if periods is not None:
        new = {period: result for period, result in new.items() if period in periods}
    units: dict[str, int | None] | None = None
    for period in sorted({*old, *new}):
        before, after = old.get(period), new.get(period)
        if before is not None and after == Result(before.score, before.duration_ms, before.finished_at):
            continue
        if before is not None:
            differences.add(before, -1)
        if after is None:
            session.delete(before)
            continue
        row = before
        if row is None:
            units = units or (units_of(session, resident_id) | {"team_id": _team(session, quiz, resident_id)})
            row = QuizTotal(quiz_id=quiz.id, period=period, resident_id=resident_id, **units)
            session.add(row)
        row.score, row.duration_ms, row.finished_at = after.score, after.duration_ms, after.finished_at
        row.order_key = after.order_key
        differences.add(row, 1)
    session.flush()


def _counted(session: Session, quiz_id: int, resident_id: int, periods: set[str] | None) -> list[Counted]:
    mine = (Attempt.quiz_id == quiz_id, Attempt.resident_id == resident_id, counts())
    query = select(Attempt.slot, Attempt.score, Attempt.duration_ms, Attempt.submitted_at).where(*mine)
    if periods is not None:
        spans = [days_of(period) for period in periods if "W" in period]
        query = query.where(
            Attempt.slot >= min(first for first, _ in spans), Attempt.slot <= max(last for _, last in spans)
        )
    rows: list[Any] = list(session.execute(query))
    return [Counted(row.slot or "", Result(row.score, row.duration_ms, row.submitted_at)) for row in rows]


def standings(quiz: Quiz, counted: Iterable[Counted]) -> dict[str, Result]:
    """A resident's standing in every period of a quiz. Pure."""
    found: dict[str, list[Result]] = {}
    for one in counted:
        if quiz.kind is QuizKind.DAILY:
            found.setdefault(one.slot, []).append(one.result)
            continue
        found.setdefault(ONCE, []).append(one.result)
        if quiz.freezes_at is not None and one.result.finished_at < quiz.freezes_at:
            found.setdefault(FROZEN, []).append(one.result)
    standing = {period: top for period, results in found.items() if (top := best(results)) is not None}
    if quiz.kind is QuizKind.DAILY:
        weeks: dict[str, list[Result]] = {}
        for day, result in standing.items():
            weeks.setdefault(week_of(datetime.fromisoformat(day).date()), []).append(result)
        standing |= {week: sum_ for week, results in weeks.items() if (sum_ := together(results)) is not None}
    return standing


def units_of(session: Session, resident_id: int) -> dict[str, int | None]:
    """The community, school and town a resident counts for at this moment."""
    row = session.execute(select(Resident.node_id, Resident.school_id).where(Resident.id == resident_id)).one()
    chosen = {node.id: node for node in session.scalars(select(Node).where(Node.id.in_([key for key in row if key])))}
    home, school = chosen.get(row.node_id or 0), chosen.get(row.school_id or 0)
    community = home if home is not None and home.kind is NodeKind.COMMUNITY else None
    return {
        "community_id": community.id if community else None,
        "school_id": school.id if school else None,
        "town_id": _town(session, home or school),
    }


def _team(session: Session, quiz: Quiz, resident_id: int) -> int | None:
    """The team a resident has entered a contest for."""
    if quiz.entry is not Entry.TEAM:
        return None
    return session.scalar(
        select(TeamEntry.team_id).where(TeamEntry.quiz_id == quiz.id, TeamEntry.resident_id == resident_id)
    )


def _town(session: Session, node: Node | None) -> int | None:
    """The town a unit lies in, itself included."""
    if node is None:
        return None
    above = [int(key) for key in node.path.split("/") if key]
    return session.scalar(select(Node.id).where(Node.id.in_(above), Node.kind == NodeKind.TOWN).limit(1))


def shown_period(quiz: Any, now: datetime) -> str:
    """Which of a contest's boards the public sees: the frozen one from the freeze until it is revealed."""
    frozen = quiz.freezes_at is not None and now >= quiz.freezes_at and quiz.revealed_at is None
    return FROZEN if frozen else ONCE


def waiting() -> bool:
    """Whether something is to be counted."""
    return db.session().execute(select(Pending.id).limit(1)).first() is not None
