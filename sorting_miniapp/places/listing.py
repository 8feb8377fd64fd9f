"""What everybody may see of places, as plain values: the list, a place's page, and what the list can be asked for."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, func, select

from sorting_miniapp import clock
from sorting_miniapp.db import db
from sorting_miniapp.errors import NotFound
from sorting_miniapp.orgs.models import KIND_NAMES, Node
from sorting_miniapp.orgs.tree import order
from sorting_miniapp.places import opening, search, service
from sorting_miniapp.places.models import PLACE_KIND_NAMES, PLACE_STATE_NAMES, Place, PlaceKind, PlaceState
from sorting_miniapp.places.models_reports import ISSUE_KIND_NAMES, ISSUE_STATE_NAMES, PlaceIssue
from sorting_miniapp.waste import CLASS_NAMES, WasteClass


def page(wanted: search.Wanted) -> dict[str, Any]:
    """A page as search.py finds it. Raises BadRequest for a cursor that is none."""
    found = search.find(wanted)
    return {"items": [_item(row, found.distances.get(row.Place.id)) for row in found.rows], "next": found.following}


def _item(row: Row[Any], distance: int | None = None) -> dict[str, Any]:
    place: Place = row.Place
    lat, lng = service.at(place)
    return {
        "id": place.public_id,
        "code": place.code,
        "kind": place.kind.value,
        "kind_name": PLACE_KIND_NAMES[place.kind],
        "name": place.name,
        "org": {"id": row.org_id, "name": row.org_name},
        "address": place.address,
        "at": {"lat": lat, "lng": lng},
        "distance_m": distance,
        "hours": place.hours,
        "opening": _opening(place),
        "classes": [{"code": code, "name": CLASS_NAMES[WasteClass(code)]} for code in place.classes],
        "state": place.state.value,
        "state_name": PLACE_STATE_NAMES[place.state],
        "state_note": place.state_note,
    }


def _opening(place: Place) -> dict[str, Any] | None:
    """Open now or not, and until when; None where the times are not known. What is paused or closed is not open."""
    if place.state is not PlaceState.ACTIVE:
        return {"open": False, "changes_at": None}
    found = opening.standing(place.hours, clock.now())
    return None if found is None else {"open": found.open, "changes_at": found.changes_at}


def detail(public_id: str) -> dict[str, Any]:
    """A place with what is reported about it and not ended yet. Raises NotFound."""
    row = search.one(public_id)
    if row is None:
        raise NotFound("place_not_found", "没有找到这个点位")
    place: Place = row.Place
    return _item(row) | {
        "contact": place.contact,
        "remarks": place.remarks,
        "source": place.source,
        "checked_on": place.checked_on,
        "open_issues": _open_issues(place.id),
    }


def _open_issues(place_id: int) -> list[dict[str, Any]]:
    rows = db.session().execute(
        select(PlaceIssue.kind, PlaceIssue.state, PlaceIssue.opened_at)
        .where(PlaceIssue.place_id == place_id, PlaceIssue.live == 1)
        .order_by(PlaceIssue.opened_at, PlaceIssue.id)
    )
    return [
        {
            "kind": row.kind.value,
            "kind_name": ISSUE_KIND_NAMES[row.kind],
            "state": row.state.value,
            "state_name": ISSUE_STATE_NAMES[row.state],
            "since": row.opened_at,
        }
        for row in rows
    ]


def filters() -> dict[str, Any]:
    """The kinds there are and the units that have places, with how many; and the kinds of trouble to report."""
    shown = Place.state != PlaceState.CLOSED
    counted = {row[0]: row[1] for row in db.session().execute(_count(Place.kind).where(shown).group_by(Place.kind))}
    units = db.session().execute(
        select(Node.id, Node.name, Node.kind, Node.path, func.count(Place.id).label("places"))
        .join(Place, Place.node_id == Node.id)
        .where(shown)
        .group_by(Node.id, Node.name, Node.kind, Node.path)
    )
    return {
        "kinds": [
            {"key": kind.value, "name": PLACE_KIND_NAMES[kind], "places": counted.get(kind, 0)} for kind in PlaceKind
        ],
        "orgs": [
            {"id": row.id, "name": row.name, "kind_name": KIND_NAMES[row.kind], "places": row.places}
            for row in sorted(units, key=lambda one: order(one.path))
        ],
        "issues": [{"key": kind.value, "name": name} for kind, name in ISSUE_KIND_NAMES.items()],
    }


def _count(column: Any) -> Any:
    return select(column, func.count())
