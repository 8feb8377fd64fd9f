"""Coverage: which communities and which kinds of activities had nothing in a period, and the months side by side."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from sorting_miniapp.db import db
from sorting_miniapp.events import kinds
from sorting_miniapp.events.models_counts import CountKind
from sorting_miniapp.figures import periods
from sorting_miniapp.figures.periods import Period, PeriodKind
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import Node, NodeKind
from sorting_miniapp.orgs.tree import contains, within
from sorting_miniapp.reports import rollup
from sorting_miniapp.reports.counting import Scope


@dataclass(frozen=True)
class Gap:
    """A unit without activities of its own or below it."""

    name: str
    above: str


@dataclass(frozen=True)
class Coverage:
    """What was there, and what was not."""

    communities: int
    empty: list[Gap]
    kinds: list[str]
    months: list[tuple[str, int, int]]


def of(branch: str, period: Period) -> Coverage:
    """The branch's coverage in the period; `months` are (label, activities, direct participants)."""
    found = rollup.activities(Scope(period, branch))
    paths = {activity.path for activity in found}
    units = db.session().scalars(
        select(Node).where(Node.kind.in_((NodeKind.TOWN, NodeKind.COMMUNITY)), Node.active, within(Node.path, [branch]))
    )
    nodes = orgs.in_order(units)
    names = {node.path: node.name for node in nodes}
    empty = [
        Gap(node.name, names.get(_parent(node.path), ""))
        for node in nodes
        if not any(contains(node.path, p) for p in paths)
    ]
    held = {activity.kind for activity in found}
    missing = [name for key, name in kinds.names().items() if key not in held]
    return Coverage(len(nodes), empty, missing, months(branch, period, found))


def _parent(path: str) -> str:
    return path[: path.rstrip("/").rfind("/") + 1]


def months(branch: str, period: Period, found: list[rollup.Activity]) -> list[tuple[str, int, int]]:
    """Activities and direct participants of each month of the period, months without any included."""
    lines = {line.key: line for line in rollup.by(rollup.Dimension.MONTH, Scope(period, branch), found).lines}
    direct = CountKind.DIRECT
    shown = []
    for part in periods.parts(period, PeriodKind.MONTH):
        line = lines.get(part.code)
        shown.append((f"{part.first.month}月", line.events if line else 0, line.heads[direct] if line else 0))
    return shown
