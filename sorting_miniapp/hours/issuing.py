"""Certificates of service: prepared from the effective minutes of a period, for oneself, by staff, or anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from typing import Any

from sqlalchemy import Row, func, select

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.certificates import masking
from sorting_miniapp.certificates import service as certificates
from sorting_miniapp.certificates.models import CertificateKind
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Invalid
from sorting_miniapp.events.places import lock_resident
from sorting_miniapp.hours import rounding, volunteers
from sorting_miniapp.hours.models import DOCUMENT_NAMES, HoursLedger, RecordState, ServiceRecord, Volunteer
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import end_of

CONTENT_KEPT = 200


@dataclass(frozen=True)
class Wish:
    """A certificate over [first, last] (today when not said).

    `org_id` narrows it to one unit's records and names that unit as the issuer; without, or when it is the lead
    department, that department issues it over all records. `handler` is the member of staff who prepared it, `replaces`
    the key of the one it stands for.
    """

    first: date
    last: date | None = None
    org_id: int | None = None
    handler: str = ""
    remarks: str = ""
    replaces: int | None = None


def check_period(first: date, last: date) -> None:
    """Raises Invalid."""
    if first > last or last > clock.today():
        raise Invalid("period", "起止日期有误：开始不能晚于结束，结束不能晚于今天")


def issue_certificate(resident_id: int, wish: Wish, by: str = "") -> str:
    """Prepare a certificate of the effective minutes; returns its number. With `by`, a username, it is audited.

    Raises NotFound (not a volunteer), Invalid, Conflict no_hours or certificate_exists (details.number).
    """
    volunteer = volunteers.find(resident_id)
    last = wish.last or clock.today()
    check_period(wish.first, last)
    issuer, branch = _issuer(wish.org_id)
    with transaction():
        lock_resident(db.session(), resident_id)
        rows = _effective(resident_id, wish.first, last, branch)
        if not rows:
            whose = f"由{issuer.name}记录、" if branch else ""
            raise Conflict("no_hours", f"所选期间没有{whose}已生效的服务时长")
        text = _text(volunteer.Volunteer, rows, replace(wish, last=last), issuer)
        _check_new(resident_id, text)
        number = certificates.issue(CertificateKind.SERVICE, issuer.id, resident_id, text, wish.replaces)
        if by:
            audit.record(by, "certificate.issue", "certificate", number, node_path=issuer.path)
    return number


def _check_new(resident_id: int, text: certificates.Text) -> None:
    """Raises Conflict when a valid one says the same, whoever prepared it."""

    def said(one: certificates.Text) -> certificates.Text:
        return replace(one, handler="", remarks="")

    for known in certificates.valid_of_resident(resident_id, CertificateKind.SERVICE):
        if said(known.text) == said(text):
            raise Conflict("certificate_exists", "已有内容相同的证明", {"number": known.number})


def issue_as_staff(actor: StaffActor, volunteer_id: int, issuer_id: int, first: date, last: date) -> str:
    """Prepare one for a volunteer of the branch, by a unit of the branch; audited. Returns its number.

    Raises NotFound, Forbidden, and as `issue_certificate`.
    """
    row = volunteers.in_branch(volunteer_id, actor.branches(Role.VERIFIER))
    issuer = orgs.get(issuer_id, actor.branches(Role.VERIFIER))
    wish = Wish(first, last, issuer.id, handler=actor.name)
    return issue_certificate(row.Volunteer.resident_id, wish, actor.username)


def reissue(actor: StaffActor, certificate_id: int, reason: str) -> str:
    """Revoke a certificate, if it is not, and prepare another over the same period from today's records; audited.

    Returns the new number. Raises NotFound, Forbidden, Invalid, Conflict (replaced already, no hours left).
    """
    found = certificates.in_branch(certificate_id, actor.branches())
    if found.kind is not CertificateKind.SERVICE:
        raise Conflict("not_a_service_certificate", "只有志愿服务记录证明可以在这里重新出具")
    wish = Wish(
        first=date.fromisoformat(found.text.first_day),
        last=date.fromisoformat(found.text.last_day),
        org_id=found.node_id,
        handler=actor.name,
        remarks=f"替换{found.number}",
        replaces=certificate_id,
    )
    with transaction():
        if found.revoked_at is None:
            certificates.revoke(actor, certificate_id, reason)
        else:
            certificates.require_keeper(actor, certificate_id)
        certificates.check_not_replaced(certificate_id)
        return issue_certificate(found.resident_id, wish, actor.username)


def _text(person: Volunteer, rows: Sequence[Row[*tuple[Any, ...]]], wish: Wish, issuer: Node) -> certificates.Text:
    minutes = sum(int(row.minutes) for row in rows)
    hours, label = rounding.by_policy(settings.read("certificate_rounding", issuer.path), minutes)
    lines = (f"{row.served_on} {row.title}（{row.place}）{rounding.words(int(row.minutes))}" for row in rows)
    return certificates.Text(
        name=person.name or "",
        document_kind=DOCUMENT_NAMES[person.document_kind],
        document=masking.document(person.document or ""),
        volunteer_number=person.number,
        first_day=wish.first.isoformat(),
        last_day=(wish.last or clock.today()).isoformat(),
        minutes=minutes,
        hours=hours,
        policy=label,
        times=len(rows),
        content=tuple(islice(lines, CONTENT_KEPT)),
        issuer=issuer.name,
        contact=settings.read("certificate_contact", issuer.path),
        remarks=wish.remarks,
        person_in_charge=settings.read("certificate_head", issuer.path),
        handler=wish.handler,
    )


def _issuer(org_id: int | None) -> tuple[Node, str]:
    """(issuing unit, branch whose records count; '' for all)."""
    lead = orgs.lead()
    if org_id in (None, lead.id):
        return lead, ""
    node = db.session().get(Node, org_id)
    if node is None or not node.active:
        raise Invalid("org_unknown", "没有这个单位或团体")
    return node, node.path


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
