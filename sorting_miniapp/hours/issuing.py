"""Certificates of service: prepared from the effective minutes of a period, for one person or a whole group."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import islice
from typing import Any

from sqlalchemy import Row, func, select

from sorting_miniapp import clock
from sorting_miniapp.certificates import masking
from sorting_miniapp.certificates import service as certificates
from sorting_miniapp.certificates.models import CertificateKind
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Invalid
from sorting_miniapp.events.places import lock_resident
from sorting_miniapp.hours import rounding, volunteers
from sorting_miniapp.hours.models import DOCUMENT_NAMES, HoursLedger, RecordState, ServiceRecord, Volunteer
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import end_of

CONTENT_KEPT = 200


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
