"""A year's reported troubles by month and by kind: how many, how they ended, and how long it took (median, in days)."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from sorting_miniapp import clock
from sorting_miniapp.db import db
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within
from sorting_miniapp.places.models_reports import ISSUE_KIND_NAMES, IssueState, PlaceIssue

DAY_SECONDS = 24 * 60 * 60


@dataclass(frozen=True)
class Line:
    """`reports` of residents in so many `issues`; `median_days` from the first report to the end, None where none."""

    label: str
    reports: int
    issues: int
    done: int
    declined: int
    open: int
    late: int
    median_days: float | None


@dataclass(frozen=True)
class Year:
    """The lines of a year's months, of its kinds, and all together."""

    months: list[Line]
    kinds: list[Line]
    total: Line


def of_year(year: int, branches: Sequence[str]) -> Year:
    """What was first reported in this year (Asia/Shanghai) in the branches; one statement."""
    start, end = (clock.local_midnight(date(one, 1, 1)) for one in (year, year + 1))
    rows = (
        db.session()
        .execute(
            select(
                PlaceIssue.kind, PlaceIssue.state, PlaceIssue.times, PlaceIssue.opened_at, PlaceIssue.ended_at,
                PlaceIssue.due_at,
            )
            .join(Node, Node.id == PlaceIssue.node_id)
            .where(PlaceIssue.opened_at >= start, PlaceIssue.opened_at < end, within(Node.path, branches))
        )
        .all()
    )  # fmt: skip
    by_month: dict[int, list[Row[*tuple[Any, ...]]]] = {month: [] for month in range(1, 13)}
    for row in rows:
        by_month[clock.local(row.opened_at).month].append(row)
    by_kind = {name: [row for row in rows if row.kind is kind] for kind, name in ISSUE_KIND_NAMES.items()}
    return Year(
        [_line(f"{month}月", found) for month, found in by_month.items()],
        [_line(name, found) for name, found in by_kind.items()],
        _line("合计", rows),
    )


def _line(label: str, rows: Iterable[Row[*tuple[Any, ...]]]) -> Line:
    found, now = list(rows), clock.now()
    days = [(row.ended_at - row.opened_at).total_seconds() / DAY_SECONDS for row in found if row.ended_at]
    states = [row.state for row in found]
    return Line(
        label=label,
        reports=sum(row.times for row in found),
        issues=len(found),
        done=states.count(IssueState.DONE),
        declined=states.count(IssueState.DECLINED),
        open=len(found) - len(days),
        late=sum((row.ended_at or now) > row.due_at for row in found),
        median_days=round(statistics.median(days), 1) if days else None,
    )
