"""A contest as staff watch it: live counts, units, and what looks odd with the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, and_, case, func, or_, select

from sorting_miniapp import clock
from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.db import db
from sorting_miniapp.errors import NotFound
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within
from sorting_miniapp.quiz import honesty, submission
from sorting_miniapp.quiz.honesty import Limits, Seen, Sign
from sorting_miniapp.quiz.models import Attempt, Quiz
from sorting_miniapp.quiz.models_teams import Team, TeamEntry

MOST = 100  # rows of one page; the count says how many there are


@dataclass(frozen=True)
class Oddity:
    """An attempt with its signs, and who it was as far as staff see."""

    attempt: Attempt
    person: str
    unit: str
    signs: list[tuple[Sign, str]]


def _here(branches: Sequence[str]) -> Any:
    """Attempts of a branch; who has no unit belongs to the city (design.md §6)."""
    here = within(Node.path, branches)
    return or_(Attempt.node_id.is_(None), here) if any(path.count("/") == 1 for path in branches) else here


def counts(quiz_id: int, branches: Sequence[str]) -> dict[str, Any]:
    """People, attempts begun, submitted, going on now, disqualified, and the mean score."""
    now = clock.now()
    base = (
        select(
            func.count(Attempt.id),
            func.count(func.distinct(Attempt.resident_id)),
            func.count(Attempt.submitted_at),
            func.avg(case((Attempt.submitted_at.is_not(None), Attempt.score))),
        )
        .select_from(Attempt)
        .outerjoin(Node, Node.id == Attempt.node_id)
        .where(Attempt.quiz_id == quiz_id, _here(branches))
    )
    begun, people, submitted, mean = db.session().execute(base).one()
    going = _count(quiz_id, branches, Attempt.submitted_at.is_(None), Attempt.deadline >= now)
    out = _count(quiz_id, branches, Attempt.disqualified.is_(True))
    return {
        "people": int(people), "begun": int(begun), "submitted": int(submitted), "going": going, "disqualified": out,
        "mean": round(float(mean or 0), 1),
    }  # fmt: skip


def _count(quiz_id: int, branches: Sequence[str], *more: Any) -> int:
    query = (
        select(func.count(Attempt.id))
        .outerjoin(Node, Node.id == Attempt.node_id)
        .where(Attempt.quiz_id == quiz_id, _here(branches), *more)
    )
    return int(db.session().scalar(query) or 0)


def units(quiz_id: int, branches: Sequence[str]) -> list[Row[*tuple[Any, ...]]]:
    """(unit's name or None, people, submitted, mean score) by the unit attempts were entered for, largest first."""
    people = func.count(func.distinct(Attempt.resident_id)).label("people")
    query = (
        select(Node.name, people, func.count(Attempt.id).label("submitted"), func.avg(Attempt.score).label("mean"))
        .select_from(Attempt)
        .outerjoin(Node, Node.id == Attempt.node_id)
        .where(Attempt.quiz_id == quiz_id, Attempt.submitted_at.is_not(None), _here(branches))
        .group_by(Node.id, Node.name)
        .order_by(people.desc(), Node.id)
        .limit(MOST)
    )
    return list(db.session().execute(query))


def by_team(quiz_id: int, branches: Sequence[str]) -> list[Row[*tuple[Any, ...]]]:
    """(team's name, people entered, submitted, mean score or None) of a contest by team, largest first."""
    people = func.count(func.distinct(TeamEntry.resident_id)).label("people")
    submitted = func.count(Attempt.submitted_at).label("submitted")
    mean = func.avg(case((Attempt.submitted_at.is_not(None), Attempt.score))).label("mean")
    mine = and_(Attempt.quiz_id == TeamEntry.quiz_id, Attempt.resident_id == TeamEntry.resident_id)
    query = (
        select(Team.name, people, submitted, mean)
        .select_from(TeamEntry)
        .join(Team, Team.id == TeamEntry.team_id)
        .join(Attempt, mine)
        .outerjoin(Node, Node.id == Attempt.node_id)
        .where(TeamEntry.quiz_id == quiz_id, _here(branches))
        .group_by(Team.id, Team.name)
        .order_by(people.desc(), Team.id)
        .limit(MOST)
    )
    return list(db.session().execute(query))


def odd(quiz_id: int, branches: Sequence[str]) -> tuple[list[Oddity], int]:
    """Attempts of the branch with signs, the weightiest first, and how many there are.

    What is usual is judged by the whole contest, not by the branch.
    """
    found = honesty.signs(_seen(quiz_id), limits())
    shown = sorted(found, key=lambda key: (honesty.weight(found[key]), key), reverse=True)
    rows: dict[int, Oddity] = {}
    for first in range(0, len(shown), 500):
        for row in db.session().execute(_with_person(branches).where(Attempt.id.in_(shown[first : first + 500]))):
            person = f"居民{row.public_id[-4:]}"
            rows[row.Attempt.id] = Oddity(row.Attempt, person, row.unit or "未选单位", found[row.Attempt.id])
    listed = [rows[key] for key in shown if key in rows]
    return listed[:MOST], len(listed)


def limits() -> Limits:
    return Limits(int(settings.read("same_device_people")), int(settings.read("same_address_people")))


def _seen(quiz_id: int) -> list[Seen]:
    rows = db.session().execute(
        select(
            Attempt.id, Attempt.resident_id, Attempt.score, Attempt.total, Attempt.duration_ms, Attempt.flag,
            Attempt.address_mark, Attempt.device_mark,
        ).where(Attempt.quiz_id == quiz_id, Attempt.submitted_at.is_not(None))
    )  # fmt: skip
    return [Seen(row[0], row[1], row[2], row[3], row[4], row[5] == submission.TOO_FAST, row[6], row[7]) for row in rows]


def _with_person(branches: Sequence[str]) -> Any:
    return (
        select(Attempt, Resident.public_id, Node.name.label("unit"))
        .join(Resident, Resident.id == Attempt.resident_id)
        .outerjoin(Node, Node.id == Attempt.node_id)
        .where(_here(branches))
    )


def attempt(attempt_id: int, branches: Sequence[str]) -> tuple[Oddity, Quiz]:
    """One attempt of the branch with its evidence. Raises NotFound."""
    row = db.session().execute(_with_person(branches).where(Attempt.id == attempt_id)).first()
    if row is None:
        raise NotFound("attempt_not_found", "没有找到这次答题")
    quiz = db.session().get_one(Quiz, row.Attempt.quiz_id)
    found = honesty.signs(_seen(quiz.id), limits()).get(attempt_id, [])
    return Oddity(row.Attempt, f"居民{row.public_id[-4:]}", row.unit or "未选单位", found), quiz


def own(attempt: Attempt) -> list[Attempt]:
    """The same person's other attempts in the same quiz that were handed in, in the order of their start."""
    mine = (Attempt.quiz_id == attempt.quiz_id, Attempt.resident_id == attempt.resident_id, Attempt.id != attempt.id)
    query = select(Attempt).where(*mine, Attempt.submitted_at.is_not(None)).order_by(Attempt.started_at, Attempt.id)
    return list(db.session().scalars(query.limit(MOST)))


def others(attempt_id: int) -> list[Row[*tuple[Any, ...]]]:
    """(Attempt, resident's public id) from the same network in the same contest, in the order of their start."""
    session = db.session()
    one = session.get_one(Attempt, attempt_id)
    if one.address_mark is None:
        return []
    query = (
        select(Attempt, Resident.public_id)
        .join(Resident, Resident.id == Attempt.resident_id)
        .where(Attempt.quiz_id == one.quiz_id, Attempt.address_mark == one.address_mark, Attempt.id != attempt_id)
        .order_by(Attempt.started_at, Attempt.id)
        .limit(MOST)
    )
    return list(session.execute(query))
