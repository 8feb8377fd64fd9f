"""Hours ranked: minutes, equal ones share the rank. Names by consent only (rules.md, Personal data)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select

from sorting_miniapp.accounts import consents
from sorting_miniapp.accounts.models import Purpose
from sorting_miniapp.db import db
from sorting_miniapp.errors import Invalid
from sorting_miniapp.hours import ledger, rounding
from sorting_miniapp.hours.models import HoursTotal, Volunteer
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within

TOP = 50
NOBODY = "志愿者"


@dataclass(frozen=True)
class Place:
    """One row of the ranking; `name` is NOBODY without consent."""

    rank: int
    name: str
    minutes: int
    stars: int
    mine: bool


def top(resident_id: int, year: int = ledger.ALL_YEARS, org_id: int | None = None) -> dict[str, Any]:
    """The first fifty, and the asking resident's own place: {"items": [Place], "me": Place or None}.

    `year` counts the services of one year, 0 all; `org_id` narrows it to the volunteers of a unit's branch.
    """
    query = _ranked(year, _path(org_id))
    rows = db.session().execute(query.order_by(HoursTotal.minutes.desc(), HoursTotal.resident_id).limit(TOP)).all()
    named = consents.holders([row.resident_id for row in rows], Purpose.NAMES_IN_HOURS_RANKING)
    items: list[Place] = []
    for position, row in enumerate(rows, start=1):
        rank = items[-1].rank if items and items[-1].minutes == row.minutes else position
        mine = row.resident_id == resident_id
        name = row.name if row.resident_id in named else NOBODY
        items.append(Place(rank, name, row.minutes, rounding.stars(row.minutes), mine))
    return {"items": items, "me": _own(resident_id, query)}


def _ranked(year: int, path: str) -> Select[*tuple[Any, ...]]:
    query = (
        select(HoursTotal.resident_id, HoursTotal.minutes, Volunteer.name)
        .join(Volunteer, Volunteer.resident_id == HoursTotal.resident_id)
        .where(HoursTotal.year == year, HoursTotal.minutes > 0, Volunteer.name.is_not(None))
    )
    return query.join(Node, Node.id == Volunteer.node_id).where(within(Node.path, [path])) if path else query


def _own(resident_id: int, query: Select[*tuple[Any, ...]]) -> Place | None:
    row = db.session().execute(query.where(HoursTotal.resident_id == resident_id)).first()
    if row is None:
        return None
    ahead = query.where(HoursTotal.minutes > row.minutes).with_only_columns(func.count(HoursTotal.resident_id))
    rank = int(db.session().scalar(ahead) or 0) + 1
    return Place(rank, row.name, row.minutes, rounding.stars(row.minutes), True)


def _path(org_id: int | None) -> str:
    if org_id is None:
        return ""
    node = db.session().get(Node, org_id)
    if node is None or not node.active:
        raise Invalid("org_unknown", "没有这个单位或团体", {"fields": {"org_id": ["没有这个单位或团体"]}})
    return node.path
