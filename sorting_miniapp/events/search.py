"""Which events a list shows, in which order, a page at a time: by day, or by distance from a point."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, and_, cast, or_, select

from sorting_miniapp import clock
from sorting_miniapp.db import db
from sorting_miniapp.errors import BadRequest
from sorting_miniapp.events.models import Event, EventState, EventTag, Shift, ShiftState, Tag
from sorting_miniapp.events.models_planning import Campaign, EventCohost
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import end_of

PAGE = 20
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
METRES = 1.11319  # one 0.00001 degree of latitude


@dataclass(frozen=True)
class Wanted:
    """What is looked for. Days are Asia/Shanghai's, both included; `near` is (latitude, longitude) in degrees.

    `places_left`: a shift that still takes sign-ups has so many places for newcomers.
    """

    start: date | None = None
    end: date | None = None
    kind: str | None = None
    org: int | None = None
    tag: str | None = None
    campaign: str | None = None
    near: tuple[float, float] | None = None
    places_left: int | None = None
    cursor: str | None = None


def find(wanted: Wanted) -> tuple[list[Row[*tuple[Any, ...]]], str | None]:
    """A page of rows (Event, org_id, org_name, campaign_id, campaign_title, distance) and the next page's cursor.

    Published and finished events with a shift in the days, from today when not said, in the order of their beginning;
    with `near` only those with coordinates, the nearest first. `distance` is in metres, or None. Raises BadRequest.
    """
    far = _distance(wanted.near) if wanted.near else None
    query = (
        select(
            Event,
            Node.id.label("org_id"),
            Node.name.label("org_name"),
            Campaign.public_id.label("campaign_id"),
            Campaign.title.label("campaign_title"),
            (far if far is not None else Event.id).label("order_key"),
        )
        .join(Node, Node.id == Event.node_id)
        .outerjoin(Campaign, Campaign.id == Event.campaign_id)
        .where(*matching(wanted))
    )
    if far is None:
        query = query.order_by(Event.starts_at, Event.id)
    else:
        query = query.where(Event.lat_e5.is_not(None), Event.lng_e5.is_not(None)).order_by(far, Event.id)
    if wanted.cursor is not None:
        query = query.where(_after(*_read_cursor(wanted.cursor), far))
    rows = db.session().execute(query.limit(PAGE + 1)).all()
    shown = list(rows[:PAGE])
    return shown, _cursor(shown[-1], far is not None) if len(rows) > PAGE else None


def matching(wanted: Wanted) -> list[ColumnElement[bool]]:
    """The conditions on Event and its unit's Node; coordinates and the place in the list are not among them."""
    first = clock.local_midnight(wanted.start or clock.today())
    found: list[ColumnElement[bool]] = [
        Event.state.in_((EventState.PUBLISHED, EventState.FINISHED)),
        Event.ends_at >= first,
    ]
    if wanted.end is not None:
        found.append(Event.starts_at < clock.local_midnight(wanted.end) + timedelta(days=1))
    if wanted.kind is not None:
        found.append(Event.kind == wanted.kind)
    if wanted.tag is not None:
        tagged = select(EventTag.event_id).join(Tag, Tag.id == EventTag.tag_id).where(Tag.key == wanted.tag)
        found.append(Event.id.in_(tagged))
    if wanted.campaign is not None:
        own = select(Campaign.id).where(Campaign.public_id == wanted.campaign)
        parts = select(Campaign.id).where(Campaign.parent_id.in_(own))
        deeper = select(Campaign.id).where(Campaign.parent_id.in_(parts))
        found.append(or_(*(Event.campaign_id.in_(one) for one in (own, parts, deeper))))
    if wanted.places_left is not None:
        free = (Shift.capacity - Shift.places_taken >= wanted.places_left, Shift.waiting == 0)
        coming = (Shift.state == ShiftState.OPEN, Shift.starts_at > clock.now())
        found += [Event.state == EventState.PUBLISHED, Event.id.in_(select(Shift.event_id).where(*free, *coming))]
    if wanted.org is not None:
        path = db.session().scalar(select(Node.path).where(Node.id == wanted.org)) or "-"
        branch = and_(Node.path >= path, Node.path < end_of(path))
        held_with = select(EventCohost.event_id).join(Node, Node.id == EventCohost.node_id).where(branch)
        found.append(or_(branch, Event.id.in_(held_with)))
    return found


def _distance(near: tuple[float, float]) -> ColumnElement[int]:
    """A measure that grows with the distance: thousand times the square of units of 0.00001 degree of latitude.

    Whole numbers below 2^63 on every database; on the scale of a county the plane is good to a few metres.
    """
    lat, lng = round(near[0] * 100_000), round(near[1] * 100_000)
    narrower = round(1000 * math.cos(math.radians(near[0])) ** 2)
    north, east = cast(Event.lat_e5, BigInteger) - lat, cast(Event.lng_e5, BigInteger) - lng
    return north * north * 1000 + east * east * narrower


def metres(order_key: int) -> int:
    """What `_distance` measures, in whole metres."""
    return round(math.sqrt(order_key / 1000) * METRES)


def _cursor(row: Row[*tuple[Any, ...]], near: bool) -> str:
    if near:
        return f"{row.order_key}-{row.Event.id}"
    return f"{(row.Event.starts_at - EPOCH) // timedelta(microseconds=1)}-{row.Event.id}"


def _read_cursor(cursor: str) -> tuple[int, int]:
    first, _, last = cursor.partition("-")
    if not (first.isascii() and first.isdigit() and last.isascii() and last.isdigit()):
        raise BadRequest("bad_cursor", "翻页位置无效")
    key, number = int(first), int(last)
    if key >= 2**63 or number >= 2**31:
        raise BadRequest("bad_cursor", "翻页位置无效")
    return key, number


def _after(key: int, last: int, far: ColumnElement[int] | None) -> ColumnElement[bool]:
    if far is not None:
        return or_(far > key, and_(far == key, Event.id > last))
    try:
        moment = EPOCH + timedelta(microseconds=key)
    except OverflowError as error:
        raise BadRequest("bad_cursor", "翻页位置无效") from error
    return or_(Event.starts_at > moment, and_(Event.starts_at == moment, Event.id > last))
