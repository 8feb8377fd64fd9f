"""Sums that many people share: the counts behind ranks, and the totals of communities, schools, towns and teams.

Differences are gathered while standings are counted and written at the end, in one order for everybody, so that two
who count at once wait for each other and never in a circle.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.orm import Session

from sorting_miniapp.quiz.models import QuizTotal
from sorting_miniapp.quiz.models_learning import RankCount, UnitTotal
from sorting_miniapp.quiz.models_teams import TeamTotal
from sorting_miniapp.quiz.order import Result

EVERYBODY = -1
UNITS = ("community", "school", "town")
Where = tuple[Any, ...]


class Differences:
    """What has changed since the last writing."""

    def __init__(self) -> None:
        self._ranks: dict[Where, int] = defaultdict(int)
        self._units: dict[Where, list[int]] = defaultdict(lambda: [0, 0, 0])
        self._teams: dict[Where, list[int]] = defaultdict(lambda: [0, 0, 0])

    def add(self, row: QuizTotal, sign: int) -> None:
        """Take a standing in (1) or out (-1)."""
        found = Result(row.score, row.duration_ms, row.finished_at)
        self._ranks[row.quiz_id, row.period, EVERYBODY, found.score] += sign
        self._ranks[row.quiz_id, row.period, found.score, found.second] += sign
        for kind in UNITS:
            node_id = getattr(row, f"{kind}_id")
            if node_id is not None:
                _sum_up(self._units[row.quiz_id, row.period, kind, node_id], row, sign)
        if row.team_id is not None:
            _sum_up(self._teams[row.quiz_id, row.period, row.team_id], row, sign)

    def write(self, session: Session) -> None:
        """Write them in the caller's transaction."""
        for where, people in sorted(self._ranks.items()):
            names = ("quiz_id", "period", "of_score", "value")
            if people:
                add_to(session, RankCount, dict(zip(names, where, strict=True)), {"people": people})
        _write(session, UnitTotal, ("quiz_id", "period", "kind", "node_id"), self._units)
        _write(session, TeamTotal, ("quiz_id", "period", "team_id"), self._teams)
        self._ranks.clear()
        self._units.clear()
        self._teams.clear()


def _sum_up(sums: list[int], row: QuizTotal, sign: int) -> None:
    """Add a standing to people, points and time."""
    for place, value in enumerate((1, row.score, row.duration_ms)):
        sums[place] += sign * value


def _write(session: Session, model: Any, names: tuple[str, ...], found: dict[Where, list[int]]) -> None:
    for where, sums in sorted(found.items()):
        values = dict(zip(("people", "score", "duration_ms"), sums, strict=True))
        if any(sums):
            add_to(session, model, dict(zip(names, where, strict=True)), values)


def add_to(session: Session, model: Any, where: dict[str, Any], values: dict[str, int]) -> None:
    """Add to a row's numbers; the row is made when it is missing.

    One statement: a failed INSERT before an UPDATE would leave MariaDB with a shared lock on the row, and three who do
    it at once in a circle.
    """
    table, dialect = model.__table__, session.get_bind().dialect.name
    if dialect == "mysql":
        ours = mysql.insert(table).values(**where, **values)
        more = {name: table.c[name] + ours.inserted[name] for name in values}
        session.execute(ours.on_duplicate_key_update(more))
        return
    made = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table).values(**where, **values)
    more = {name: table.c[name] + made.excluded[name] for name in values}
    session.execute(made.on_conflict_do_update(index_elements=list(where), set_=more))
