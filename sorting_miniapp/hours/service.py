"""What volunteers do: dispute a record, claim a service that was not checked in, ask for a certificate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.exc import IntegrityError

from sorting_miniapp import clock
from sorting_miniapp.certificates import masking
from sorting_miniapp.certificates import service as certificates
from sorting_miniapp.certificates.models import CertificateKind
from sorting_miniapp.db import db, new_public_id, transaction, violated
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.events.models import Event, EventState, Shift
from sorting_miniapp.events.places import lock_resident
from sorting_miniapp.hours import ledger, records, rounding, volunteers
from sorting_miniapp.hours.models import (
    DOCUMENT_NAMES,
    Flag,
    HoursLedger,
    RecordDispute,
    RecordState,
    ServiceClaim,
    ServiceRecord,
    Source,
    Volunteer,
)
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import end_of

CLAIM_DAYS = 365
CONTENT_KEPT = 200


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


def claim(resident_id: int, wish: Claim) -> str:
    """A late entry: pending until two members of staff confirm it, capped at the shift's length. Returns its public id.

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
        record = _late_record(resident_id, wish, shift)
        record.source_id, record.node_id = row.id, node_id
        record.tier = records.needed(ledger.asked_on(resident_id, wish.day) + record.minutes, path)
        session.add(record)
        session.flush()
    return record.public_id


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


def issue_certificate(resident_id: int, first: date, last: date | None = None, org_id: int | None = None) -> str:
    """Prepare a certificate of the effective minutes in [first, last] (today when not said); returns its number.

    `org_id` narrows it to one unit's records and names that unit as the issuer; without, the lead department issues
    it over all records. Raises NotFound (not a volunteer), Invalid, Conflict no_hours or certificate_exists.
    """
    volunteer = volunteers.find(resident_id)
    last = last or clock.today()
    if first > last or last > clock.today():
        raise Invalid("period", "起止日期有误：开始不能晚于结束，结束不能晚于今天")
    issuer, branch = _issuer(org_id)
    with transaction() as session:
        lock_resident(session, resident_id)
        rows = _effective(resident_id, first, last, branch)
        if not rows:
            raise Conflict("no_hours", "所选期间没有已生效的服务时长")
        text = _text(volunteer.Volunteer, rows, first, last, issuer)
        for known in certificates.of_resident(resident_id, CertificateKind.SERVICE)["items"]:
            if known.revoked_at is None and known.text == text:
                raise Conflict("certificate_exists", "已有内容相同的证明", {"number": known.number})
        return certificates.issue(CertificateKind.SERVICE, issuer.id, resident_id, text)


def _text(
    person: Volunteer, rows: Sequence[Row[*tuple[Any, ...]]], first: date, last: date, issuer: Node
) -> certificates.Text:
    minutes = sum(int(row.minutes) for row in rows)
    hours, label = rounding.by_policy(settings.read("certificate_rounding", issuer.path), minutes)
    lines = (f"{row.served_on} {row.title}（{row.place}）{rounding.words(int(row.minutes))}" for row in rows)
    return certificates.Text(
        name=person.name or "",
        document_kind=DOCUMENT_NAMES[person.document_kind],
        document=masking.document(person.document or ""),
        volunteer_number=person.number,
        first_day=first.isoformat(),
        last_day=last.isoformat(),
        minutes=minutes,
        hours=hours,
        policy=label,
        times=len(rows),
        content=tuple(islice(lines, CONTENT_KEPT)),
        issuer=issuer.name,
    )


def _issuer(org_id: int | None) -> tuple[Node, str]:
    """(issuing unit, branch whose records count; '' for all)."""
    session = db.session()
    if org_id is not None:
        node = session.get(Node, org_id)
        if node is None or not node.active:
            raise Invalid("org_unknown", "没有这个单位或团体")
        return node, node.path
    lead = session.scalar(select(Node).where(Node.lead, Node.active).order_by(Node.path).limit(1))
    if lead is None:
        lead = session.scalars(select(Node).where(Node.parent_id.is_(None)).order_by(Node.id).limit(1)).one()
    return lead, ""


def _effective(resident_id: int, first: date, last: date, branch: str) -> list[Row[*tuple[Any, ...]]]:
    """The records in force with their minutes by the ledger, in the order of days."""
    query = (
        select(
            ServiceRecord.id,
            ServiceRecord.served_on,
            ServiceRecord.title,
            ServiceRecord.place,
            func.sum(HoursLedger.minutes).label("minutes"),
        )
        .join(HoursLedger, HoursLedger.record_id == ServiceRecord.id)
        .join(Node, Node.id == ServiceRecord.node_id)
        .where(
            ServiceRecord.resident_id == resident_id,
            ServiceRecord.served_on >= first,
            ServiceRecord.served_on <= last,
            ServiceRecord.state == RecordState.EFFECTIVE,
        )
        .group_by(ServiceRecord.id, ServiceRecord.served_on, ServiceRecord.title, ServiceRecord.place)
        .order_by(ServiceRecord.served_on, ServiceRecord.id)
    )
    if branch:
        query = query.where(Node.path >= branch, Node.path < end_of(branch))
    return list(db.session().execute(query))
