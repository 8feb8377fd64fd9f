"""What everybody may see of events: the list and the page, as bytes cached in each process, and the calendar file.

Bytes are kept for at most a second, because places are taken all the time, and dropped at once when this process
changes something or any process publishes (state.py).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from sorting_miniapp.caching import KeptBytes
from sorting_miniapp.db import db
from sorting_miniapp.errors import NotFound
from sorting_miniapp.events import feeds, ics, kinds, requirements, search
from sorting_miniapp.events.models import Event, EventState, EventTag, Shift, ShiftState, Tag
from sorting_miniapp.events.models_planning import Campaign, EventCohost
from sorting_miniapp.events.search import Wanted
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import order

VERSION = "events_version"

kept = KeptBytes(VERSION, 1.0)


def page(wanted: Wanted) -> dict[str, Any]:
    """A page of events as search.py finds them. Raises BadRequest for a cursor that is none."""
    rows, following = search.find(wanted)
    distances = {row.Event.id: search.metres(row.order_key) for row in rows} if wanted.near else {}
    return {"items": _items(rows, distances), "next": following}


def filters() -> dict[str, Any]:
    """The kinds and tags a list can be asked for."""
    tags = db.session().execute(select(Tag.key, Tag.name, Tag.set_name).order_by(Tag.position, Tag.id))
    return {
        "kinds": [{"key": key, "name": name} for key, name in kinds.names().items()],
        "tags": [{"key": row.key, "name": row.name, "set": row.set_name} for row in tags],
    }


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


def _cohosts(events: list[int]) -> dict[int, list[dict[str, Any]]]:
    rows = db.session().execute(
        select(EventCohost.event_id, Node.id, Node.name, Node.path)
        .join(Node, Node.id == EventCohost.node_id)
        .where(EventCohost.event_id.in_(events))
    )
    found: dict[int, list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda one: order(one.path)):
        found.setdefault(row.event_id, []).append({"id": row.id, "name": row.name})
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


def _items(rows: list[Row[*tuple[Any, ...]]], distances: dict[int, int]) -> list[dict[str, Any]]:
    keys = [row.Event.id for row in rows]
    names, tags, shifts, cohosts = kinds.names(), _tags(keys), _shifts(keys), _cohosts(keys)
    found = []
    for row in rows:
        event = row.Event
        own = [shift for shift in shifts.get(event.id, []) if shift.state is not ShiftState.CANCELLED]
        found.append(
            {
                "id": event.public_id,
                "title": event.title,
                "kind": event.kind,
                "kind_name": names.get(event.kind, event.kind),
                "summary": event.summary,
                "place": event.place,
                "place_at": _place_at(event),
                "distance_m": distances.get(event.id),
                "organiser": {"id": row.org_id, "name": row.org_name},
                "cohosts": cohosts.get(event.id, []),
                "campaign": _campaign(row),
                "tags": tags.get(event.id, []),
                "state": event.state.value,
                "starts_at": event.starts_at,
                "ends_at": event.ends_at,
                "opens_at": event.opens_at,
                "early_hours": event.early_hours,
                "capacity": sum(shift.capacity for shift in own),
                "places_left": sum(places_left(shift) for shift in own),
                "waiting": sum(shift.waiting for shift in own),
            }
        )
    return found


def _place_at(event: Event) -> dict[str, float] | None:
    if event.lat_e5 is None or event.lng_e5 is None:
        return None
    return {"lat": event.lat_e5 / 100_000, "lng": event.lng_e5 / 100_000}


def _campaign(row: Row[*tuple[Any, ...]]) -> dict[str, str] | None:
    return {"id": row.campaign_id, "title": row.campaign_title} if row.campaign_id else None


def detail(public_id: str) -> dict[str, Any]:
    """An event that was published, with its shifts and risk notice. Raises NotFound."""
    row = _published(public_id)
    event = row.Event
    return _items([row], {})[0] | {
        "description": event.description,
        "risks": event.risks,
        "risk_version": event.risk_version,
        "needs": event.needs,
        "contact": event.contact,
        "cancel_reason": event.cancel_reason,
        "shifts": [_shift(shift) for shift in _shifts([event.id]).get(event.id, [])],
    }


def _shift(shift: Shift) -> dict[str, Any]:
    asked = requirements.of(shift.requirements)
    return {
        "id": shift.public_id,
        "title": shift.title,
        "tasks": shift.tasks,
        "served": shift.served,
        "requirements": {
            "min_age": asked.min_age,
            "max_age": asked.max_age,
            "quiz": asked.quiz or None,
            "training": asked.training or None,
            "group": asked.group,
        },
        "starts_at": shift.starts_at,
        "ends_at": shift.ends_at,
        "capacity": shift.capacity,
        "places_left": places_left(shift),
        "waiting": shift.waiting,
        "state": shift.state.value,
    }


def _published(public_id: str) -> Row[*tuple[Any, ...]]:
    row = (
        db.session()
        .execute(
            select(
                Event,
                Node.id.label("org_id"),
                Node.name.label("org_name"),
                Campaign.public_id.label("campaign_id"),
                Campaign.title.label("campaign_title"),
            )
            .join(Node, Node.id == Event.node_id)
            .outerjoin(Campaign, Campaign.id == Event.campaign_id)
            .where(Event.public_id == public_id, Event.state != EventState.DRAFT)
            .execution_options(populate_existing=True)
        )
        .first()
    )
    if row is None:
        raise NotFound("event_not_found", "没有找到这个活动")
    return row


def calendar(public_id: str) -> bytes:
    """The event's shifts as an iCalendar file. Raises NotFound."""
    event = _published(public_id).Event
    return ics.calendar([feeds.entry(event, shift) for shift in _shifts([event.id]).get(event.id, [])])
