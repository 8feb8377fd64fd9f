"""Service records: made by check-outs, read by their owners and by staff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select

from sorting_miniapp import clock
from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.errors import NotFound
from sorting_miniapp.events.models import Shift
from sorting_miniapp.events.places import lock_resident
from sorting_miniapp.events.signals import CheckOut
from sorting_miniapp.hours import entries, ledger, tiers
from sorting_miniapp.hours.models import (
    ClaimPicture,
    Flag,
    RecordState,
    ServiceClaim,
    ServiceRecord,
    Source,
    Tier,
)
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within

PAGE = 20
OPEN = (RecordState.PENDING, RecordState.DISPUTED)


def on_check_out(_sender: Any, check_out: CheckOut) -> None:
    """Make the record of a check-out, in its transaction.

    Up to 8 hours a day it takes effect at once; more, or a forgotten check-out, waits for a verifier.
    """
    entries.on_check_out(check_out)
    if not check_out.counts_hours or not check_out.minutes:
        return
    with transaction() as session:
        lock_resident(session, check_out.resident_id)
        path = session.scalars(select(Node.path).where(Node.id == check_out.node_id)).one()
        day_minutes = ledger.asked_on(check_out.resident_id, check_out.day) + check_out.minutes
        tier = needed(day_minutes, path)
        over = Flag.OVER_LIMIT if tier is not Tier.OWN else None
        flag = Flag.FORGOTTEN_CHECK_OUT if check_out.flagged else over
        served = session.scalar(select(Shift.served).where(Shift.id == check_out.shift_id))
        record = _record_of(check_out, served or "")
        record.state = RecordState.PENDING if flag else RecordState.EFFECTIVE
        record.flag, record.tier = flag, tier
        session.add(record)
        session.flush()
        if record.state is RecordState.EFFECTIVE:
            ledger.bring_to(record, record.minutes, "签退自动生效", "system")


def _record_of(check_out: CheckOut, served: str) -> ServiceRecord:
    """What the check-out says; state, flag and tier are still to be set."""
    return ServiceRecord(
        public_id=new_public_id(),
        resident_id=check_out.resident_id,
        node_id=check_out.node_id,
        event_id=check_out.event_id,
        shift_id=check_out.shift_id,
        source=Source.CHECK_IN,
        source_id=check_out.check_in_id,
        served_on=check_out.day,
        title=check_out.event_title,
        place=check_out.place,
        content=check_out.content,
        served=served,
        person_in_charge=check_out.contact,
        minutes=check_out.minutes,
        longest=check_out.longest,
        round=1,
        organiser_id=check_out.organiser_id,
        entered_by=check_out.entered_by,
        created_at=clock.now(),
    )


def needed(day_minutes: int, path: str) -> Tier:
    """The tier by the settings in force at the unit."""
    own, parent = (settings.read(name, path) for name in ("hours_without_approval", "hours_with_parent"))
    return tiers.needed(day_minutes, own, parent)


def _shown() -> Select[*tuple[Any, ...]]:
    return select(ServiceRecord, Node.name.label("org_name"), Node.path).join(Node, Node.id == ServiceRecord.node_id)


def of_resident(resident_id: int, before: int | None = None) -> dict[str, Any]:
    """A resident's records, newest first, a page of twenty rows (ServiceRecord, org_name); one statement."""
    return _page(_shown().where(ServiceRecord.resident_id == resident_id), before)


@dataclass(frozen=True)
class Wanted:
    """Which records: their states, and where said the flag, the tier, the unit's subtree."""

    states: tuple[RecordState, ...] = tuple(RecordState)
    flag: Flag | None = None
    tier: Tier | None = None
    branch: str = ""


def listed(
    branches: Sequence[str], wanted: Wanted, cursor: int | None = None, oldest_first: bool = False
) -> dict[str, Any]:
    """The records of the branches that are wanted; a queue begins with the oldest."""
    query = _shown().where(within(Node.path, branches), ServiceRecord.state.in_(wanted.states))
    if wanted.flag is not None:
        query = query.where(ServiceRecord.flag == wanted.flag)
    if wanted.tier is not None:
        query = query.where(ServiceRecord.tier == wanted.tier)
    if wanted.branch:
        query = query.where(within(Node.path, [wanted.branch]))
    return _page(query, cursor, oldest_first)


def waiting(branches: Sequence[str]) -> dict[RecordState, tuple[int, datetime]]:
    """How many records of the branches wait in each open state, and since when the longest."""
    rows = db.session().execute(
        select(ServiceRecord.state, func.count(ServiceRecord.id), func.min(ServiceRecord.created_at))
        .join(Node, Node.id == ServiceRecord.node_id)
        .where(within(Node.path, branches), ServiceRecord.state.in_(OPEN))
        .group_by(ServiceRecord.state)
        .order_by(ServiceRecord.state)
    )
    return {state: (int(count), since) for state, count, since in rows}


def _page(query: Select[*tuple[Any, ...]], cursor: int | None, oldest_first: bool = False) -> dict[str, Any]:
    order = ServiceRecord.id if oldest_first else ServiceRecord.id.desc()
    query = query.order_by(order).limit(PAGE + 1).execution_options(populate_existing=True)
    if cursor is not None:
        query = query.where(ServiceRecord.id > cursor if oldest_first else ServiceRecord.id < cursor)
    rows = db.session().execute(query).all()
    following = str(rows[PAGE - 1].ServiceRecord.id) if len(rows) > PAGE else None
    return {"items": rows[:PAGE], "next": following}


def own(resident_id: int, record: str) -> Row[*tuple[Any, ...]]:
    """A resident's own record by its public id: (ServiceRecord, org_name, path). Raises NotFound."""
    found = (
        db.session()
        .execute(_shown().where(ServiceRecord.public_id == record, ServiceRecord.resident_id == resident_id))
        .first()
    )
    if found is None:
        raise NotFound("record_not_found", "没有找到这条记录")
    return found


def in_branch(record_id: int, branches: Sequence[str]) -> Row[*tuple[Any, ...]]:
    """A record inside the branches: (ServiceRecord, org_name, path). Raises NotFound."""
    query = _shown().where(ServiceRecord.id == record_id, within(Node.path, branches))
    found = db.session().execute(query.execution_options(populate_existing=True)).first()
    if found is None:
        raise NotFound("record_not_found", "没有找到这条记录")
    return found


def evidence(record: ServiceRecord) -> str:
    """What a volunteer gave as evidence for a late entry; '' for a record of check-ins."""
    if record.source is not Source.CLAIM:
        return ""
    return db.session().scalar(select(ServiceClaim.evidence).where(ServiceClaim.id == record.source_id)) or ""


def pictures(record: ServiceRecord) -> list[str]:
    """Public ids of the pictures given as evidence, in order."""
    if record.source is not Source.CLAIM:
        return []
    query = select(ClaimPicture.public_id).where(ClaimPicture.claim_id == record.source_id).order_by(ClaimPicture.id)
    return list(db.session().scalars(query))


def picture(record_id: int, public_id: str, branches: Sequence[str]) -> bytes:
    """The JPEG of a picture given as evidence for a record of the branches. Raises NotFound."""
    record = in_branch(record_id, branches).ServiceRecord
    query = select(ClaimPicture.data).where(
        ClaimPicture.public_id == public_id, ClaimPicture.claim_id == record.source_id
    )
    found = db.session().scalar(query) if record.source is Source.CLAIM else None
    if found is None:
        raise NotFound("picture_not_found", "没有这张图片")
    return found
