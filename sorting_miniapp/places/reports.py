"""What residents report about places: once each, a few a day, joined with what others reported; only their own is seen.

Locks are taken in one order: the place's row (one issue for each trouble), the resident's row (the day's count stands
still), the issue's row (it does not end meanwhile). The place's comes first because whoever ends an issue holds its
place while the reporters are told, and a notice needs their rows on MariaDB.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, Select, func, select, update
from sqlalchemy.orm import Session

from sorting_miniapp import clock
from sorting_miniapp.accounts.locking import lock_resident
from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.errors import Conflict, NotFound, TooMany
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.places import drafts, pictures, service
from sorting_miniapp.places.models import Place, PlaceState
from sorting_miniapp.places.models_reports import (
    ISSUE_KIND_NAMES,
    ISSUE_STATE_NAMES,
    IssueKind,
    IssueState,
    PlaceIssue,
    PlaceReport,
)

PAGE = 20


@dataclass(frozen=True)
class Wish:
    """A report: `place` is a public id, or None for a place that is not listed, which `spot` then describes."""

    kind: IssueKind
    place: str | None = None
    spot: str = ""
    text: str = ""
    pictures: tuple[str, ...] = ()


def report(resident_id: int, wish: Wish) -> str:
    """Keep a report; returns its public id.

    Raises NotFound, Invalid, TooMany too_many_reports, Conflict already_reported with the report's id.
    """
    if (wish.kind is IssueKind.UNLISTED) != (wish.place is None):
        raise drafts.refused({"place": "缺少的点不用选点位，其他问题须选点位"})
    if wish.place is None and not wish.spot:
        raise drafts.refused({"spot": "请写明在哪里"})
    # Settings are read before anything is held: they may need a second connection.
    most, days = int(settings.read("place_reports_daily")), int(settings.read("place_report_days", _path(wish.place)))
    with transaction() as session:
        place = _place(session, wish.place) if wish.place else None
        lock_resident(session, resident_id)
        _check_cap(session, resident_id, most)
        issue = _joined(session, resident_id, wish, place, timedelta(days=days))
        _check_new(session, issue.id, resident_id)
        made = PlaceReport(
            public_id=new_public_id(), issue_id=issue.id, resident_id=resident_id, text=wish.text,
            created_at=clock.now(),
        )  # fmt: skip
        session.add(made)
        session.flush()
        pictures.attach(resident_id, made.id, wish.pictures)
        service.changed()
    return made.public_id


def _check_cap(session: Session, resident_id: int, most: int) -> None:
    """Raises TooMany when the day's reports (Asia/Shanghai) are used up."""
    today = clock.local_midnight(clock.today())
    mine = select(func.count(PlaceReport.id)).where(
        PlaceReport.resident_id == resident_id, PlaceReport.created_at >= today
    )
    if int(session.scalar(mine) or 0) >= most:
        raise TooMany("too_many_reports", f"每天最多上报 {most} 次，请明天再来")


def _joined(session: Session, resident_id: int, wish: Wish, place: Place | None, time: timedelta) -> PlaceIssue:
    """The open issue of this trouble at this place with one report more, or a new one that has so much time."""
    if place is not None:
        here = (PlaceIssue.place_id == place.id, PlaceIssue.kind == wish.kind, PlaceIssue.live == 1)
        found = session.scalar(
            select(PlaceIssue).where(*here).with_for_update().execution_options(populate_existing=True)
        )
        if found is not None:
            session.execute(update(PlaceIssue).where(PlaceIssue.id == found.id).values(times=PlaceIssue.times + 1))
            return found
    now, node = clock.now(), session.get_one(Node, place.node_id) if place else _unit_of(session, resident_id)
    issue = PlaceIssue(
        place_id=place.id if place else None, node_id=node.id, kind=wish.kind, spot="" if place else wish.spot,
        state=IssueState.NEW, live=1, times=1, opened_at=now, answer="",
        due_at=now + time,
    )  # fmt: skip
    session.add(issue)
    session.flush()
    return issue


def _path(place: str | None) -> str:
    """The path of the unit whose settings count; '' (the city's) for a place that is not listed."""
    query = select(Node.path).join(Place, Place.node_id == Node.id).where(Place.public_id == place)
    return (db.session().scalar(query) or "") if place else ""


def _unit_of(session: Session, resident_id: int) -> Node:
    """The resident's own unit, else the city: whose staff look for a place that is not listed."""
    own = select(Node).join(Resident, Resident.node_id == Node.id).where(Resident.id == resident_id, Node.active)
    return session.scalar(own) or orgs.root()


def _place(session: Session, public_id: str) -> Place:
    """The place, its row locked. Raises NotFound."""
    place = session.scalar(
        select(Place)
        .where(Place.public_id == public_id, Place.state != PlaceState.CLOSED)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if place is None:
        raise NotFound("place_not_found", "没有找到这个点位")
    return place


def _check_new(session: Session, issue_id: int, resident_id: int) -> None:
    known = session.scalar(
        select(PlaceReport.public_id).where(PlaceReport.issue_id == issue_id, PlaceReport.resident_id == resident_id)
    )
    if known is not None:
        raise Conflict("already_reported", "这个问题您已上报，正在处理，请留意结果", {"report": known})


def _mine(resident_id: int) -> Select[*tuple[Any, ...]]:
    return (
        select(PlaceReport, PlaceIssue, Place.public_id.label("place_public_id"), Place.name.label("place_name"))
        .join(PlaceIssue, PlaceIssue.id == PlaceReport.issue_id)
        .outerjoin(Place, Place.id == PlaceIssue.place_id)
        .where(PlaceReport.resident_id == resident_id)
        .execution_options(populate_existing=True)
    )


def of_resident(resident_id: int, before: int | None = None) -> dict[str, Any]:
    """A page of the resident's own reports, the latest first."""
    query = _mine(resident_id).order_by(PlaceReport.id.desc()).limit(PAGE + 1)
    if before is not None:
        query = query.where(PlaceReport.id < before)
    rows = db.session().execute(query).all()
    photos = pictures.of([row.PlaceReport.id for row in rows])
    following = str(rows[PAGE - 1].PlaceReport.id) if len(rows) > PAGE else None
    return {"items": [_shown(row, photos.get(row.PlaceReport.id, [])) for row in rows[:PAGE]], "next": following}


def own(resident_id: int, public_id: str) -> dict[str, Any]:
    """One of the resident's own reports. Raises NotFound."""
    row = db.session().execute(_mine(resident_id).where(PlaceReport.public_id == public_id)).first()
    if row is None:
        raise NotFound("report_not_found", "没有找到这条上报")
    return _shown(row, pictures.of([row.PlaceReport.id]).get(row.PlaceReport.id, []))


def _shown(row: Row[Any], photos: list[pictures.Photo]) -> dict[str, Any]:
    report, issue = row.PlaceReport, row.PlaceIssue
    return {
        "id": report.public_id,
        "place": {"id": row.place_public_id, "name": row.place_name} if row.place_public_id else None,
        "spot": issue.spot,
        "kind": issue.kind.value,
        "kind_name": ISSUE_KIND_NAMES[issue.kind],
        "text": report.text,
        "pictures": [{"id": one.public_id, "state": one.state.value} for one in photos],
        "state": issue.state.value,
        "state_name": ISSUE_STATE_NAMES[issue.state],
        "answer": issue.answer,
        "others": issue.times - 1,
        "created_at": report.created_at,
        "due_at": issue.due_at,
        "accepted_at": issue.accepted_at,
        "ended_at": issue.ended_at,
    }
