"""What everybody may see of events: the list and the page, as bytes cached in each process, and the calendar file.

Bytes are kept for at most a second, because places are taken all the time, and dropped at once when this process
changes something or any process publishes (state.py).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from sorting_miniapp import clock
from sorting_miniapp.caching import KeptBytes
from sorting_miniapp.db import db
from sorting_miniapp.errors import BadRequest, NotFound
from sorting_miniapp.events import ics
from sorting_miniapp.events.models import KIND_NAMES, Event, EventState, EventTag, Shift, ShiftState, Tag
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import end_of

VERSION = "events_version"
PAGE = 20
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

kept = KeptBytes(VERSION, 1.0)


def page(
    *,
    start: date | None = None,
    end: date | None = None,
    kind: str | None = None,
    org: int | None = None,
    cursor: str | None = None,
) -> dict[str, Any]:
    """Published and finished events with a shift in the days [start, end], by beginning; from today when not said."""
    first = clock.local_midnight(start or clock.today())
    wanted: list[ColumnElement[bool]] = [
        Event.state.in_((EventState.PUBLISHED, EventState.FINISHED)),
        Event.ends_at >= first,
    ]
    if end is not None:
        wanted.append(Event.starts_at < clock.local_midnight(end) + timedelta(days=1))
    if kind is not None:
        wanted.append(Event.kind == kind)
    if org is not None:
        path = db.session().scalar(select(Node.path).where(Node.id == org))
        if path is None:
            return {"items": [], "next": None}
        wanted.append(and_(Node.path >= path, Node.path < end_of(path)))
    if cursor is not None:
        moment, last = _read_cursor(cursor)
        wanted.append(or_(Event.starts_at > moment, and_(Event.starts_at == moment, Event.id > last)))
    rows = (
        db.session()
        .execute(
            select(Event, Node.id.label("org_id"), Node.name.label("org_name"))
            .join(Node, Node.id == Event.node_id)
            .where(*wanted)
            .order_by(Event.starts_at, Event.id)
            .limit(PAGE + 1)
        )
        .all()
    )
    shown = rows[:PAGE]
    keys = [row.Event.id for row in shown]
    tags, shifts = _tags(keys), _shifts(keys)
    items = [_item(row.Event, row.org_id, row.org_name, tags, shifts) for row in shown]
    return {"items": items, "next": _cursor(shown[-1].Event) if len(rows) > PAGE else None}


def _cursor(event: Event) -> str:
    assert event.starts_at is not None
    return f"{(event.starts_at - EPOCH) // timedelta(microseconds=1)}-{event.id}"


def _read_cursor(cursor: str) -> tuple[datetime, int]:
    try:
        micros, _, last = cursor.partition("-")
        moment = EPOCH + timedelta(microseconds=int(micros))
        number = int(last)
    except (ValueError, OverflowError) as error:
        raise BadRequest("bad_cursor", "翻页位置无效") from error
    if not 0 <= number < 2**31:
        raise BadRequest("bad_cursor", "翻页位置无效")
    return moment, number


def _tags(events: list[int]) -> dict[int, list[dict[str, str]]]:
    rows = db.session().execute(
        select(EventTag.event_id, Tag.key, Tag.name)
        .join(Tag, Tag.id == EventTag.tag_id)
        .where(EventTag.event_id.in_(events))
        .order_by(EventTag.event_id, Tag.position, Tag.id)
    )
    found: dict[int, list[dict[str, str]]] = {}
    for row in rows:
        found.setdefault(row.event_id, []).append({"key": row.key, "name": row.name})
    return found


def _shifts(events: list[int]) -> dict[int, list[Shift]]:
    rows = db.session().scalars(
        select(Shift)
        .where(Shift.event_id.in_(events))
        .order_by(Shift.event_id, Shift.starts_at, Shift.id)
        .execution_options(populate_existing=True)
    )
    found: dict[int, list[Shift]] = {}
    for row in rows:
        found.setdefault(row.event_id, []).append(row)
    return found


def places_left(shift: Shift) -> int:
    """Places a newcomer could take now: none while people wait."""
    if shift.state is not ShiftState.OPEN or shift.waiting:
        return 0
    return shift.capacity - shift.places_taken


def _item(
    event: Event, org_id: int, org_name: str, tags: dict[int, list[dict[str, str]]], shifts: dict[int, list[Shift]]
) -> dict[str, Any]:
    own = [shift for shift in shifts.get(event.id, []) if shift.state is not ShiftState.CANCELLED]
    return {
        "id": event.public_id,
        "title": event.title,
        "kind": event.kind,
        "kind_name": KIND_NAMES.get(event.kind, event.kind),
        "summary": event.summary,
        "place": event.place,
        "organiser": {"id": org_id, "name": org_name},
        "tags": tags.get(event.id, []),
        "state": event.state.value,
        "starts_at": event.starts_at,
        "ends_at": event.ends_at,
        "capacity": sum(shift.capacity for shift in own),
        "places_left": sum(places_left(shift) for shift in own),
        "waiting": sum(shift.waiting for shift in own),
    }


def detail(public_id: str) -> dict[str, Any]:
    """An event that was published, with its shifts and risk notice. Raises NotFound."""
    event, org_id, org_name = _published(public_id)
    shifts = _shifts([event.id])
    return _item(event, org_id, org_name, _tags([event.id]), shifts) | {
        "description": event.description,
        "risks": event.risks,
        "risk_version": event.risk_version,
        "needs": event.needs,
        "contact": event.contact,
        "cancel_reason": event.cancel_reason,
        "shifts": [
            {
                "id": shift.public_id,
                "title": shift.title,
                "starts_at": shift.starts_at,
                "ends_at": shift.ends_at,
                "capacity": shift.capacity,
                "places_left": places_left(shift),
                "waiting": shift.waiting,
                "state": shift.state.value,
            }
            for shift in shifts.get(event.id, [])
        ],
    }


def _published(public_id: str) -> tuple[Event, int, str]:
    row = (
        db.session()
        .execute(
            select(Event, Node.id, Node.name)
            .join(Node, Node.id == Event.node_id)
            .where(Event.public_id == public_id, Event.state != EventState.DRAFT)
            .execution_options(populate_existing=True)
        )
        .first()
    )
    if row is None:
        raise NotFound("event_not_found", "没有找到这个活动")
    return row[0], row[1], row[2]


def calendar(public_id: str) -> bytes:
    """The event's shifts as an iCalendar file. Raises NotFound."""
    event, _, _ = _published(public_id)
    return ics.calendar(
        [
            ics.Entry(
                uid=shift.public_id,
                title=f"{event.title} {shift.title}".strip(),
                place=event.place,
                description=event.summary,
                starts_at=shift.starts_at,
                ends_at=shift.ends_at,
                changed_at=event.changed_at,
                cancelled=shift.state is ShiftState.CANCELLED or event.state is EventState.CANCELLED,
            )
            for shift in _shifts([event.id]).get(event.id, [])
        ]
    )
