"""What volunteers do: dispute a record, claim a service that was not checked in, with pictures as evidence.

Staff enter such a service for a volunteer too; then they are the first of the two people, and a verifier the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from sorting_miniapp import clock
from sorting_miniapp.db import db, new_public_id, transaction, violated
from sorting_miniapp.errors import Conflict, Invalid, NotFound, TooMany
from sorting_miniapp.events.models import Event, EventState, Shift
from sorting_miniapp.events.places import lock_resident
from sorting_miniapp.hours import ledger, records, volunteers
from sorting_miniapp.hours.models import (
    ClaimPicture,
    Flag,
    RecordDispute,
    RecordState,
    ServiceClaim,
    ServiceRecord,
    Source,
)
from sorting_miniapp.media import service as media
from sorting_miniapp.orgs.models import Node

CLAIM_DAYS = 365
MOST_LOOSE = 12
LOOSE_HOURS = 24


@dataclass(frozen=True)
class Claim:
    """A service that was not checked in. With `shift` (public id) its event gives title, place and unit."""

    day: date
    content: str
    minutes: int
    evidence: str
    person_in_charge: str
    place: str = ""
    served: str = ""
    shift: str | None = None
    org_id: int | None = None
    pictures: tuple[str, ...] = ()


def keep_picture(resident_id: int, data: bytes) -> str:
    """Keep a picture for a claim that is still to be made; returns its public id. Raises Invalid, TooLarge, TooMany."""
    jpeg, _ = media.as_jpeg(data)
    public_id = new_public_id()
    loose = select(func.count(ClaimPicture.id)).where(
        ClaimPicture.resident_id == resident_id, ClaimPicture.claim_id.is_(None)
    )
    with transaction() as session:
        lock_resident(session, resident_id)
        if int(session.scalar(loose) or 0) >= MOST_LOOSE:
            raise TooMany("too_many_pictures", "上传的图片太多，请先提交申请")
        values = {"public_id": public_id, "resident_id": resident_id, "data": jpeg, "created_at": clock.now()}
        session.execute(insert(ClaimPicture).values(**values))
    return public_id


def purge_pictures() -> int:
    """Delete pictures that no claim took within a day. Returns how many."""
    old = clock.now() - timedelta(hours=LOOSE_HOURS)
    gone = delete(ClaimPicture).where(ClaimPicture.claim_id.is_(None), ClaimPicture.created_at < old)
    with transaction() as session:
        return int(session.execute(gone).rowcount)  # type: ignore[attr-defined]


def dispute(resident_id: int, record: str, reason: str) -> None:
    """Object to a record, once at a time; a verifier checks it (67号令). Raises NotFound, Conflict."""
    known = records.own(resident_id, record).ServiceRecord
    try:
        with transaction() as session:
            lock_resident(session, resident_id)
            row = session.get_one(ServiceRecord, known.id, with_for_update=True, populate_existing=True)
            if row.state is RecordState.PENDING:
                raise Conflict("record_pending", "这条记录还在核验中")
            session.add(RecordDispute(record_id=row.id, open=1, reason=reason, made_at=clock.now(), answer=""))
            row.state, row.round = RecordState.DISPUTED, row.round + 1
            session.flush()
    except IntegrityError as error:
        if violated(error) != "uq_record_dispute_record_id_open":
            raise
        raise Conflict("disputed_already", "异议正在处理中") from error


def claim(resident_id: int, wish: Claim, entered_by: int | None = None) -> str:
    """A late entry: pending until two people stand for it, capped at the shift's length. Returns its public id.

    They are two verifiers, or the member of staff `entered_by` and one verifier.
    Raises NotFound (not a volunteer), Invalid, Conflict already_recorded.
    """
    volunteer = volunteers.find(resident_id)
    if not clock.today() - timedelta(days=CLAIM_DAYS) <= wish.day <= clock.today():
        raise Invalid("day", "只能补录一年以内、不晚于今天的服务")
    shift = _shift(wish) if wish.shift else None
    node_id = shift.node_id if shift else (wish.org_id or volunteer.Volunteer.node_id)
    path = db.session().scalar(select(Node.path).where(Node.id == node_id, Node.active))
    if path is None:
        raise Invalid("org_unknown", "没有这个单位或团体")
    with transaction() as session:
        lock_resident(session, resident_id)
        if shift is not None:
            _check_new(resident_id, shift.id)
        row = ServiceClaim(
            resident_id=resident_id,
            shift_id=shift.id if shift else None,
            evidence=wish.evidence,
            created_at=clock.now(),
        )
        session.add(row)
        session.flush()
        _attach(resident_id, row.id, wish.pictures)
        record = _late_record(resident_id, wish, shift)
        record.source_id, record.node_id, record.entered_by = row.id, node_id, entered_by
        record.tier = records.needed(ledger.asked_on(resident_id, wish.day) + record.minutes, path)
        session.add(record)
        session.flush()
    return record.public_id


def _attach(resident_id: int, claim_id: int, pictures: tuple[str, ...]) -> None:
    mine = (
        ClaimPicture.public_id.in_(pictures),
        ClaimPicture.resident_id == resident_id,
        ClaimPicture.claim_id.is_(None),
    )
    with transaction() as session:
        found = session.execute(update(ClaimPicture).where(*mine).values(claim_id=claim_id))
        if found.rowcount != len(set(pictures)):  # type: ignore[attr-defined]
            raise Invalid("pictures", "有图片没有上传成功，请重新上传", {"fields": {"pictures": ["请重新上传"]}})


def _late_record(resident_id: int, wish: Claim, shift: Row[*tuple[Any, ...]] | None) -> ServiceRecord:
    """The record a claim asks for; its source, unit and tier are still to be set."""
    minutes = min(wish.minutes, _length(shift)) if shift else wish.minutes
    return ServiceRecord(
        public_id=new_public_id(),
        resident_id=resident_id,
        event_id=shift.event_id if shift else None,
        shift_id=shift.id if shift else None,
        source=Source.CLAIM,
        served_on=wish.day,
        title=shift.title if shift else wish.content[:80],
        place=shift.place if shift else wish.place,
        content=wish.content,
        served=wish.served,
        person_in_charge=wish.person_in_charge,
        minutes=minutes,
        longest=minutes,
        state=RecordState.PENDING,
        flag=Flag.LATE_ENTRY,
        round=1,
        organiser_id=shift.created_by if shift else None,
        created_at=clock.now(),
    )


def _shift(wish: Claim) -> Row[*tuple[Any, ...]]:
    row = (
        db.session()
        .execute(
            select(
                Shift.id,
                Shift.event_id,
                Shift.starts_at,
                Shift.ends_at,
                Event.title,
                Event.place,
                Event.node_id,
                Event.created_by,
            )
            .join(Event, Event.id == Shift.event_id)
            .where(
                Shift.public_id == wish.shift,
                Shift.starts_at <= clock.now(),
                Event.state.in_((EventState.PUBLISHED, EventState.FINISHED)),
            )
        )
        .first()
    )
    if row is None:
        raise NotFound("shift_not_found", "没有找到这个场次")
    if not clock.local(row.starts_at).date() <= wish.day <= clock.local(row.ends_at).date():
        raise Invalid("day", "日期与场次不符")
    return row


def _length(shift: Row[*tuple[Any, ...]]) -> int:
    return int((shift.ends_at - shift.starts_at).total_seconds() // 60)


def _check_new(resident_id: int, shift_id: int) -> None:
    known = select(ServiceRecord.id).where(
        ServiceRecord.resident_id == resident_id,
        ServiceRecord.shift_id == shift_id,
        ServiceRecord.state != RecordState.VOID,
    )
    if db.session().scalar(known.limit(1)):
        raise Conflict("already_recorded", "这个场次已有您的服务记录，如有出入请提出异议")
