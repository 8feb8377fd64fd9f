"""Sums that many people share: the counts behind ranks, and the totals of communities, schools and towns.

Differences are gathered while standings are counted and written at the end, in one order for everybody, so that two
who count at once wait for each other and never in a circle.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import and_, insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sorting_miniapp.quiz.models import QuizTotal
from sorting_miniapp.quiz.models_learning import RankCount, UnitTotal
from sorting_miniapp.quiz.order import Result

EVERYBODY = -1
UNITS = ("community", "school", "town")
Where = tuple[Any, ...]


class Differences:
    """What has changed since the last writing."""

    def __init__(self) -> None:
        self._ranks: dict[Where, int] = defaultdict(int)
        self._units: dict[Where, list[int]] = defaultdict(lambda: [0, 0, 0])

    def add(self, row: QuizTotal, sign: int) -> None:
        """Take a standing in (1) or out (-1)."""
        found = Result(row.score, row.duration_ms, row.finished_at)
        self._ranks[row.quiz_id, row.period, EVERYBODY, found.score] += sign
        self._ranks[row.quiz_id, row.period, found.score, found.second] += sign
        for kind in UNITS:
            node_id = getattr(row, f"{kind}_id")
            if node_id is not None:
                sums = self._units[row.quiz_id, row.period, kind, node_id]
                for place, value in enumerate((1, row.score, row.duration_ms)):
                    sums[place] += sign * value

    def write(self, session: Session) -> None:
        """Write them in the caller's transaction."""
        for where, people in sorted(self._ranks.items()):
            names = ("quiz_id", "period", "of_score", "value")
            _add(session, RankCount, dict(zip(names, where, strict=True)), {"people": people})
        for where, sums in sorted(self._units.items()):
            names = ("quiz_id", "period", "kind", "node_id")
            values = dict(zip(("people", "score", "duration_ms"), sums, strict=True))
            _add(session, UnitTotal, dict(zip(names, where, strict=True)), values)
        self._ranks.clear()
        self._units.clear()


def _add(session: Session, model: Any, where: dict[str, Any], values: dict[str, int]) -> None:
    """Add to a row's numbers; the row is made when it is missing."""
    if not any(values.values()):
        return
    table = model.__table__
    here = and_(*(table.c[name] == value for name, value in where.items()))
    raised = update(table).where(here).values({name: table.c[name] + value for name, value in values.items()})
    if session.execute(raised).rowcount:  # type: ignore[attr-defined]
        return
    try:
        with session.begin_nested():
            session.execute(insert(table).values(**where, **values))
    except IntegrityError:
        session.execute(raised)  # somebody else has just made it
