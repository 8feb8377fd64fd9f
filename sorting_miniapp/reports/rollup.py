"""Activities rolled up: by unit, kind, campaign and month they partition; by tag they overlap and are never added up.

Every activity of the scope is read once and put where it belongs, so that nothing is lost or counted twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from sorting_miniapp import clock
from sorting_miniapp.db import db
from sorting_miniapp.events import kinds
from sorting_miniapp.events.models import Event, EventTag, Tag
from sorting_miniapp.events.models_counts import CountKind, HeadCount
from sorting_miniapp.events.models_planning import Campaign
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within
from sorting_miniapp.reports import counting
from sorting_miniapp.reports.counting import Scope


class Dimension(StrEnum):
    UNIT = "unit"
    KIND = "kind"
    TAG = "tag"
    CAMPAIGN = "campaign"
    MONTH = "month"


DIMENSION_NAMES = {
    Dimension.UNIT: "按单位",
    Dimension.KIND: "按类型",
    Dimension.TAG: "按标签",
    Dimension.CAMPAIGN: "按主题活动",
    Dimension.MONTH: "按月",
}


@dataclass(frozen=True)
class Activity:
    """One activity that took place, with everything it may be rolled up by."""

    id: int
    path: str
    kind: str
    campaign: int | None
    starts_at: datetime
    tags: frozenset[str]
    heads: dict[CountKind, int]


@dataclass
class Line:
    """A row of a roll-up: how many activities, and their head counts added up."""

    key: str
    label: str
    events: int = 0
    heads: dict[CountKind, int] = field(default_factory=lambda: dict.fromkeys(CountKind, 0))

    def add(self, activity: Activity) -> None:
        self.events += 1
        for kind, value in activity.heads.items():
            self.heads[kind] += value


@dataclass(frozen=True)
class Table:
    """A roll-up. `total` counts each activity once, whatever the rows; where they overlap, they add up to more."""

    lines: list[Line]
    total: Line
    overlaps: bool


def activities(scope: Scope) -> list[Activity]:
    """What took place in the scope, by its beginning."""
    session = db.session()
    here = select(Event.id).join(Node, Node.id == Event.node_id).where(counting.happened(scope))
    heads: dict[int, dict[CountKind, int]] = {}
    for event, kind, value in session.execute(
        select(HeadCount.event_id, HeadCount.kind, HeadCount.value).where(HeadCount.event_id.in_(here))
    ):
        heads.setdefault(event, {})[kind] = value
    tags: dict[int, set[str]] = {}
    tagged = select(EventTag.event_id, Tag.key).join(Tag, Tag.id == EventTag.tag_id)
    for event, key in session.execute(tagged.where(EventTag.event_id.in_(here))):
        tags.setdefault(event, set()).add(key)
    direct = counting.rows(scope, {"of": "head_count", "count": CountKind.DIRECT.value})
    for row in direct:
        heads.setdefault(row.id, {})[CountKind.DIRECT] = row.amount // 100
    rows = session.execute(
        select(Event.id, Node.path, Event.kind, Event.campaign_id, Event.starts_at)
        .join(Node, Node.id == Event.node_id)
        .where(counting.happened(scope))
        .order_by(Event.starts_at, Event.id)
    )
    return [
        Activity(r.id, r.path, r.kind, r.campaign_id, r.starts_at, frozenset(tags.get(r.id, ())), heads.get(r.id, {}))
        for r in rows
    ]


def by(dimension: Dimension, scope: Scope, found: Sequence[Activity] | None = None) -> Table:
    """The scope's activities by one dimension, rows in their own order; rows without activities are left out."""
    found = activities(scope) if found is None else found
    keys, labels = _keys(dimension, scope)
    return table(found, keys, labels, overlaps=dimension is Dimension.TAG)


def table(
    found: Iterable[Activity],
    keys: Callable[[Activity], Iterable[str]],
    labels: dict[str, str],
    overlaps: bool,
) -> Table:
    """Put each activity into the rows `keys` names; pure. An activity in no row goes into the row ''."""
    lines: dict[str, Line] = {}
    total = Line("", "合计")
    for activity in found:
        total.add(activity)
        for key in set(keys(activity)) or {""}:
            lines.setdefault(key, Line(key, labels.get(key, key))).add(activity)
    order = {key: number for number, key in enumerate(labels)}
    return Table(sorted(lines.values(), key=lambda line: (order.get(line.key, len(order)), line.key)), total, overlaps)


def child_of(branch: str, path: str) -> str:
    """The path of the child of `branch` in which `path` lies; the branch itself for what is its own. Pure."""
    rest = path[len(branch) :]
    return branch + rest[: rest.index("/") + 1] if rest else branch


def _keys(dimension: Dimension, scope: Scope) -> tuple[Callable[[Activity], Iterable[str]], dict[str, str]]:
    session = db.session()
    if dimension is Dimension.UNIT:
        own = session.scalars(select(Node.name).where(Node.path == scope.branch)).one()
        depth = scope.branch.count("/") + 1
        units = session.execute(select(Node.path, Node.name).where(within(Node.path, [scope.branch])).order_by(Node.id))
        labels = {scope.branch: f"{own}（本级）"} | {path: name for path, name in units if path.count("/") == depth}
        return (lambda one: [child_of(scope.branch, one.path)]), labels
    if dimension is Dimension.KIND:
        return (lambda one: [one.kind]), kinds.names()
    if dimension is Dimension.TAG:
        tags = session.execute(select(Tag.key, Tag.name).order_by(Tag.position, Tag.id))
        return (lambda one: one.tags), {tag.key: tag.name for tag in tags} | {"": "没有标签"}
    if dimension is Dimension.CAMPAIGN:
        titles = session.execute(select(Campaign.id, Campaign.title).order_by(Campaign.starts_on, Campaign.id))
        labels = {str(key): title for key, title in titles} | {"": "不属于主题活动"}
        return (lambda one: [str(one.campaign)] if one.campaign else []), labels
    return (lambda one: [f"{clock.local(one.starts_at):%Y-%m}"]), {}
