"""Counting our own records: each counter is one SELECT of the rows behind a number, so that a number and its evidence
cannot differ: the number is the sum of the rows' amounts.

A specification comes from content/figures.yaml (`auto`): what is counted (`of`, `count`) and conditions (`kinds`,
`tags`, `node`, `origin`). Tags overlap; an event with two of them is one event wherever both are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import BigInteger, Select, and_, cast, distinct, func, literal, null, or_, select
from sqlalchemy import true as always
from sqlalchemy.orm import aliased

from sorting_miniapp import clock
from sorting_miniapp.articles.models import Article, ArticleVersion, Push, PushState
from sorting_miniapp.articles.models_media import MediaItem, Origin
from sorting_miniapp.db import db
from sorting_miniapp.events.models import HOLDING, CheckIn, Event, EventState, EventTag, Shift, SignUp, Tag
from sorting_miniapp.events.models_counts import CountKind, HeadCount
from sorting_miniapp.figures.periods import Period
from sorting_miniapp.hours.models import RecordState, ServiceRecord, Volunteer
from sorting_miniapp.orgs.models import Node, NodeKind
from sorting_miniapp.orgs.tree import contains, within

Spec = dict[str, Any]
Rows = Select[Any]
MINUTES = Fraction(100, 60)  # hundredths of an hour in a minute
WITHOUT_EVENT = "补录的志愿服务"
HELD_STATES = (EventState.PUBLISHED, EventState.FINISHED)


@dataclass(frozen=True)
class Scope:
    """What a number is counted over: days, and the branch of the tree; `campaigns` limits it to their events."""

    period: Period
    branch: str
    campaigns: tuple[int, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """A row behind a number. `amount` is in hundredths; `kind` and `id` name the page to open, where there is one."""

    day: date | None
    title: str
    unit: str
    amount: int
    kind: str
    id: int


def happened(scope: Scope) -> Any:
    """Events of the scope that took place: somebody checked in, or a head count was entered."""
    counted = aliased(HeadCount)
    there = or_(
        select(CheckIn.id).where(CheckIn.event_id == Event.id).correlate(Event).exists(),
        select(counted.id).where(counted.event_id == Event.id, counted.value > 0).correlate(Event).exists(),
    )
    campaign = Event.campaign_id.in_(scope.campaigns) if scope.campaigns else always()
    return and_(
        Event.starts_at >= scope.period.starts_at,
        Event.starts_at < scope.period.ends_at,
        Event.state.in_(HELD_STATES),
        within(Node.path, [scope.branch]),
        campaign,
        there,
    )


def _conditions(spec: Spec) -> Any:
    """The kinds and tags an event must have, all of them."""
    wanted = [Event.kind.in_(spec["kinds"])] if spec.get("kinds") else []
    for key in spec.get("tags") or []:
        tagged = select(EventTag.event_id).join(Tag, Tag.id == EventTag.tag_id).where(Tag.key == key)
        wanted.append(Event.id.in_(tagged))
    return and_(always(), *wanted)


def _columns(day: Any, title: Any, unit: Any, amount: Any, kind: str, key: Any) -> tuple[Any, ...]:
    named = (day.label("day"), title.label("title"), unit.label("unit"), amount.label("amount"))
    return (*named, literal(kind).label("kind"), key.label("id"))


def _events(scope: Scope, spec: Spec) -> Rows:
    rows = select(*_columns(Event.starts_at, Event.title, Node.name, literal(1), "event", Event.id))
    return rows.join(Node, Node.id == Event.node_id).where(happened(scope), _conditions(spec))


def _head_count(scope: Scope, spec: Spec) -> Rows:
    """The organiser's figure; for direct participants, where there is none, the people who checked in."""
    kind = CountKind(spec["count"])
    counted = and_(HeadCount.event_id == Event.id, HeadCount.kind == kind)
    checked = select(func.count(distinct(CheckIn.resident_id))).where(CheckIn.event_id == Event.id).scalar_subquery()
    amount = func.coalesce(HeadCount.value, checked if kind is CountKind.DIRECT else 0)
    rows = select(*_columns(Event.starts_at, Event.title, Node.name, amount, "event", Event.id))
    rows = rows.join(Node, Node.id == Event.node_id).outerjoin(HeadCount, counted)
    return rows.where(happened(scope), _conditions(spec), amount > 0)


def _records(scope: Scope, spec: Spec) -> Rows:
    """Effective service records by event and day: their number, or their minutes."""
    amount = func.count() if spec["count"] == "times" else cast(func.sum(ServiceRecord.minutes), BigInteger)
    day, title = ServiceRecord.served_on, func.coalesce(func.min(Event.title), WITHOUT_EVENT)
    key = func.coalesce(ServiceRecord.event_id, 0)
    rows = select(*_columns(day, title, func.min(Node.name), amount, "event", key))
    campaign = Event.campaign_id.in_(scope.campaigns) if scope.campaigns else always()
    rows = rows.join(Node, Node.id == ServiceRecord.node_id).outerjoin(Event, Event.id == ServiceRecord.event_id)
    return rows.where(
        ServiceRecord.state == RecordState.EFFECTIVE,
        ServiceRecord.served_on >= scope.period.first,
        ServiceRecord.served_on < scope.period.end,
        within(Node.path, [scope.branch]),
        _conditions(spec),
        campaign,
    ).group_by(ServiceRecord.event_id, ServiceRecord.served_on, ServiceRecord.node_id)


def _signups(scope: Scope, spec: Spec) -> Rows:
    """Places held on the shifts of the period, companions included, by event."""
    campaign = Event.campaign_id.in_(scope.campaigns) if scope.campaigns else always()
    amount = cast(func.sum(SignUp.places), BigInteger)
    rows = select(
        *_columns(func.min(Shift.starts_at), func.min(Event.title), func.min(Node.name), amount, "event", Event.id)
    )
    rows = rows.join(Node, Node.id == Event.node_id).join(Shift, Shift.event_id == Event.id)
    return (
        rows.join(SignUp, SignUp.shift_id == Shift.id)
        .where(
            Shift.starts_at >= scope.period.starts_at,
            Shift.starts_at < scope.period.ends_at,
            SignUp.state.in_(HOLDING),
            within(Node.path, [scope.branch]),
            _conditions(spec),
            campaign,
        )
        .group_by(Event.id)
    )


def _groups(scope: Scope, spec: Spec) -> Rows:
    rows = select(*_columns(null(), Node.name, literal("志愿服务团体"), literal(1), "node", Node.id))
    return rows.where(Node.kind == NodeKind.GROUP, Node.active, within(Node.path, [scope.branch]))


def _volunteers(scope: Scope, spec: Spec) -> Rows:
    """Registered by the period's end, by unit: no names."""
    rows = select(*_columns(null(), literal("注册志愿者"), func.min(Node.name), func.count(), "node", Node.id))
    rows = rows.select_from(Volunteer).join(Node, Node.id == Volunteer.node_id)
    here = and_(Volunteer.created_at < scope.period.ends_at, within(Node.path, [scope.branch]))
    return rows.where(here).group_by(Node.id)


def _articles(scope: Scope, spec: Spec) -> Rows:
    rows = select(*_columns(Article.published_at, ArticleVersion.title, Node.name, literal(1), "article", Article.id))
    rows = rows.join(ArticleVersion, ArticleVersion.id == Article.published_version_id)
    return rows.join(Node, Node.id == Article.node_id).where(
        Article.published_at >= scope.period.starts_at,
        Article.published_at < scope.period.ends_at,
        within(Node.path, [scope.branch]),
    )


def _pushes(scope: Scope, spec: Spec) -> Rows:
    rows = select(*_columns(Push.finished_at, ArticleVersion.title, Node.name, literal(1), "push", Push.id))
    rows = rows.join(ArticleVersion, ArticleVersion.id == Push.version_id).join(Node, Node.id == Push.node_id)
    return rows.where(
        Push.finished_at >= scope.period.starts_at,
        Push.finished_at < scope.period.ends_at,
        Push.state.in_((PushState.SENT, PushState.PARTLY_FAILED)),
        within(Node.path, [scope.branch]),
    )


def _media(scope: Scope, spec: Spec) -> Rows:
    rows = select(
        *_columns(MediaItem.published_on, MediaItem.title, MediaItem.outlet, literal(1), "media", MediaItem.id)
    )
    origin = MediaItem.origin == Origin(spec["origin"]) if spec.get("origin") else always()
    about = select(Event.id).where(Event.campaign_id.in_(scope.campaigns))
    campaign = MediaItem.event_id.in_(about) if scope.campaigns else always()
    return rows.join(Node, Node.id == MediaItem.node_id).where(
        MediaItem.published_on >= scope.period.first,
        MediaItem.published_on < scope.period.end,
        within(Node.path, [scope.branch]),
        origin,
        campaign,
    )


GROUPED = frozenset(("records", "signups", "volunteers"))  # their amount is a sum already
COUNTERS: dict[str, Callable[[Scope, Spec], Rows]] = {
    "events": _events,
    "head_count": _head_count,
    "records": _records,
    "signups": _signups,
    "groups": _groups,
    "volunteers": _volunteers,
    "articles": _articles,
    "pushes": _pushes,
    "media": _media,
}


def narrowed(scope: Scope, spec: Spec) -> Scope | None:
    """The scope with the specification's own unit; None where the two branches have nothing in common."""
    if not spec.get("node"):
        return scope
    path = db.session().scalar(select(Node.path).where(Node.key == spec["node"]))
    if path is None:
        return None
    if contains(scope.branch, path):
        return Scope(scope.period, path, scope.campaigns)
    return scope if contains(path, scope.branch) else None


def _scale(spec: Spec) -> Fraction:
    return MINUTES if spec.get("count") == "hours" else Fraction(100)


def total(scope: Scope, spec: Spec) -> int:
    """The number, in hundredths of its unit; hours are cut, never rounded up."""
    here = narrowed(scope, spec)
    if here is None:
        return 0
    query = COUNTERS[spec["of"]](here, spec)
    amount = query.selected_columns["amount"]
    if spec["of"] not in GROUPED:
        amount = func.sum(amount)
    found = db.session().scalar(query.with_only_columns(amount, maintain_column_froms=True).group_by(None))
    return int(int(found or 0) * _scale(spec))


def rows(scope: Scope, spec: Spec, *, skip: int = 0, most: int | None = None) -> Iterator[Evidence]:
    """The rows behind the number, by day, streamed; with `most` a page of them."""
    here = narrowed(scope, spec)
    if here is None:
        return
    query = COUNTERS[spec["of"]](here, spec).subquery()
    found = select(query).order_by(query.c.day, query.c.id, query.c.unit)
    if most is not None:
        found = found.offset(skip).limit(most)
    scale = _scale(spec)
    for row in db.session().execute(found.execution_options(yield_per=1000)):
        yield Evidence(_day(row.day), row.title, row.unit, int(int(row.amount) * scale), row.kind, row.id)


def _day(value: datetime | date | None) -> date | None:
    return clock.local(value).date() if isinstance(value, datetime) else value
