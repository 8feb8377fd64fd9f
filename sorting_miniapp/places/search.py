"""Which places everybody is shown: by unit and kind and words in the order of their codes, or the nearest first.

Nearest: a box on the index, then the distance along the ground of what lies in it; the box grows until a page is full.
Where the person stands is used for this answer and forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select

from sorting_miniapp import points
from sorting_miniapp.db import db
from sorting_miniapp.errors import BadRequest
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within
from sorting_miniapp.places import service
from sorting_miniapp.places.models import Place, PlaceKind, PlaceState

PAGE = 20
RADII = (500, 2_000, 8_000, 32_000, None)  # metres; None looks at everything


@dataclass(frozen=True)
class Wanted:
    """What is looked for; `near` is (latitude, longitude) in degrees, `org` a unit with everything below it."""

    kind: str | None = None
    org: int | None = None
    q: str = ""
    near: tuple[float, float] | None = None
    cursor: str | None = None


@dataclass(frozen=True)
class Page:
    """Rows (Place, org_name) with their distances in metres where there was a `near`, and where to go on."""

    rows: Sequence[Row[Any]]
    distances: dict[int, int]
    following: str | None


def find(wanted: Wanted) -> Page:
    """A page of places that are in use or paused. Raises BadRequest for a cursor that is none."""
    if wanted.near is not None:
        return _nearest(wanted, wanted.near)
    query = _rows().where(*_conditions(wanted)).order_by(Place.code).limit(PAGE + 1)
    if wanted.cursor is not None:
        query = query.where(Place.code > wanted.cursor)
    rows = db.session().execute(query).all()
    return Page(rows[:PAGE], {}, rows[PAGE - 1].Place.code if len(rows) > PAGE else None)


def _rows() -> Select[*tuple[Any, ...]]:
    query = select(Place, Node.id.label("org_id"), Node.name.label("org_name")).join(Node, Node.id == Place.node_id)
    return query.execution_options(populate_existing=True)


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [Place.state != PlaceState.CLOSED]
    if wanted.kind is not None:
        found.append(Place.kind == PlaceKind(wanted.kind))
    if wanted.org is not None:
        path = db.session().scalar(select(Node.path).where(Node.id == wanted.org)) or "-"
        found.append(within(Node.path, [path]))
    if wanted.q:
        found.append(service.named(wanted.q))
    return found


def _nearest(wanted: Wanted, near: tuple[float, float]) -> Page:
    after = _read_cursor(wanted.cursor)
    conditions = _conditions(wanted)
    found: list[tuple[int, int]] = []
    for radius in RADII:
        found = _within(near, radius, conditions, after)
        if len(found) > PAGE:
            break
    shown = found[:PAGE]
    rows = {row.Place.id: row for row in db.session().execute(_rows().where(Place.id.in_([key for _, key in shown])))}
    following = f"{shown[-1][0]}-{shown[-1][1]}" if len(found) > PAGE else None
    page = [rows[key] for _, key in shown if key in rows]
    return Page(page, {key: metres for metres, key in shown}, following)


def _within(
    near: tuple[float, float], radius: int | None, conditions: Sequence[ColumnElement[bool]], after: tuple[int, int]
) -> list[tuple[int, int]]:
    """(metres, key) of every place within the radius that follows `after`, in order. All, where the box would be
    none (at a pole, at the date line): then nothing is left out that is near."""
    query = select(Place.id, Place.lat_e5, Place.lng_e5).join(Node, Node.id == Place.node_id).where(*conditions)
    box = points.box(near, radius + 1) if radius is not None else None
    if box is not None:
        south, north, west, east = box
        query = query.where(Place.lat_e5.between(south, north), Place.lng_e5.between(west, east))
    found = ((service.distance(near, row), row.id) for row in db.session().execute(query))
    return sorted(one for one in found if (radius is None or one[0] <= radius) and one > after)


def _read_cursor(cursor: str | None) -> tuple[int, int]:
    if cursor is None:
        return (-1, 0)
    first, _, last = cursor.partition("-")
    if not (first.isascii() and first.isdigit() and last.isascii() and last.isdigit()):
        raise BadRequest("bad_cursor", "翻页位置无效")
    return int(first), int(last)


def one(public_id: str) -> Row[Any] | None:
    """The row (Place, org_id, org_name) with this public id, a closed place too."""
    return db.session().execute(_rows().where(Place.public_id == public_id)).first()
