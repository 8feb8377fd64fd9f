"""The order of a leaderboard and the periods it is kept for. Pure: no database.

The order is written and total (rules.md, Quizzes): score, then time used, then earlier finish; equal rows share the
rank. The first two are one number, so that an index holds the rows in their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

MOST_SCORE = 99_999
MOST_MS = 10**11 - 1
ONCE, FROZEN = "once", "frozen"


@dataclass(frozen=True)
class Result:
    """What counts for a leaderboard: points of 100 (of a week: their sum), the time used, and when it was done."""

    score: int
    duration_ms: int
    finished_at: datetime

    @property
    def order_key(self) -> int:
        """Smaller is better."""
        return (MOST_SCORE - self.score) * (MOST_MS + 1) + min(self.duration_ms, MOST_MS)

    @property
    def second(self) -> int:
        """The time used in whole seconds: with the score, the key of the counts behind ranks."""
        return min(self.duration_ms, MOST_MS) // 1000


def best(results: Iterable[Result]) -> Result | None:
    """The one that stands first."""
    return min(results, key=lambda one: (one.order_key, one.finished_at), default=None)


def together(results: Sequence[Result]) -> Result | None:
    """The sum of several days: scores and times add up, and the last of them is the finish."""
    if not results:
        return None
    return Result(
        sum(one.score for one in results),
        sum(one.duration_ms for one in results),
        max(one.finished_at for one in results),
    )


def ranks(keys: Sequence[object]) -> list[int]:
    """The ranks of rows by their keys, which are in order; equal ones share the rank of the first of them."""
    found: list[int] = []
    for place, key in enumerate(keys, 1):
        found.append(found[-1] if found and key == keys[place - 2] else place)
    return found


def week_of(day: date) -> str:
    """The week, from Monday to Sunday, as '2026-W24'."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def days_of(week: str) -> tuple[str, str]:
    """Monday and Sunday of a week as they stand in a slot."""
    monday = date.fromisocalendar(int(week[:4]), int(week[6:]), 1)
    return monday.isoformat(), (monday + timedelta(days=6)).isoformat()
