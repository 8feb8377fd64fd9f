"""Numbers counted per unit and year without a gap, random codes, verification, revocation.

A certificate takes effect with the unit's seal; what is here is its preparation and its proof (67号令).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

import orjson
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.certificates import masking
from sorting_miniapp.certificates.models import (
    KIND_TITLES,
    KIND_WORDS,
    Certificate,
    CertificateCounter,
    CertificateKind,
)
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within

PAGE = 20
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CODE_LENGTH = 16  # 80 bits, read aloud without 0/O and 1/I


def day_text(day: str) -> str:
    """A day as a Text holds it, for people to read."""
    return clock.day_text(date.fromisoformat(day))


@dataclass(frozen=True)
class Text:
    """What a certificate says. `minutes` are exact; `hours` is what `policy` made of them, as printed.

    A certificate of learning has a `subject`, the score and the pass mark in place of them.
    """

    name: str
    document_kind: str
    document: str
    volunteer_number: str
    first_day: str
    last_day: str
    minutes: int
    hours: str
    policy: str
    times: int
    content: tuple[str, ...]
    issuer: str
    contact: str = ""
    remarks: str = ""
    person_in_charge: str = ""
    handler: str = ""
    subject: str = ""
    score: int = 0
    pass_mark: int = 0


@dataclass(frozen=True)
class Issued:
    """A certificate with its text; `text.document` is masked when it was made."""

    id: int
    node_id: int
    resident_id: int
    number: str
    code: str
    kind: CertificateKind
    title: str
    text: Text
    issued_at: datetime
    revoked_at: datetime | None
    revoke_reason: str


def number_of(kind: CertificateKind, year: int, node_id: int, serial: int) -> str:
    """`连志证〔2026〕0001第000001号`: word, year, the unit's number, the count."""
    return f"{KIND_WORDS[kind]}〔{year}〕{node_id:04d}第{serial:06d}号"


def new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def issue(kind: CertificateKind, node_id: int, resident_id: int, text: Text, replaces_id: int | None = None) -> str:
    """Number and store a certificate in the caller's transaction; returns the number. Raises NotFound.

    The unit's row is locked while its counter moves, and number and certificate share a transaction: no gap, no twin.
    """
    year = clock.today().year
    with transaction() as session:
        lock_node(session, node_id)
        serial = _count(node_id, kind, year)
        number = number_of(kind, year, node_id, serial)
        session.execute(
            insert(Certificate).values(
                number=number,
                code=new_code(),
                kind=kind,
                node_id=node_id,
                year=year,
                serial=serial,
                resident_id=resident_id,
                snapshot=orjson.dumps(text).decode(),
                issued_at=clock.now(),
                replaces_id=replaces_id,
                revoke_reason="",
            )
        )
    return number


def lock_node(session: Session, node_id: int) -> None:
    """Hold the unit's row until the transaction ends. Raises NotFound."""
    found = session.execute(select(Node.id).where(Node.id == node_id).with_for_update(key_share=True)).scalar()
    if found is None:
        raise NotFound("node_not_found", "没有找到出具单位")


def _count(node_id: int, kind: CertificateKind, year: int) -> int:
    with transaction() as session:
        own = (
            (CertificateCounter.node_id == node_id)
            & (CertificateCounter.kind == kind)
            & (CertificateCounter.year == year)
        )
        done = session.execute(update(CertificateCounter).where(own).values(last=CertificateCounter.last + 1))
        if done.rowcount == 0:  # type: ignore[attr-defined]
            session.execute(insert(CertificateCounter).values(node_id=node_id, kind=kind, year=year, last=1))
        return int(session.execute(select(CertificateCounter.last).where(own)).scalar_one())


def verify_path(number: str, code: str) -> str:
    """The path of the verification page, as the QR names it."""
    return f"/verify/{quote(number)}?code={quote(code)}"


def issued(row: Certificate) -> Issued:
    """The row with its text opened."""
    values = orjson.loads(row.snapshot)
    return Issued(
        id=row.id,
        node_id=row.node_id,
        resident_id=row.resident_id,
        number=row.number,
        code=row.code,
        kind=row.kind,
        title=KIND_TITLES[row.kind],
        text=Text(**{**values, "content": tuple(values["content"])}),
        issued_at=row.issued_at,
        revoked_at=row.revoked_at,
        revoke_reason=row.revoke_reason,
    )


def verify(number: str, code: str) -> Issued:
    """What anybody with number and code may see: the name masked, the document left out.

    Raises NotFound, the same for an unknown number and a wrong code.
    """
    row = db.session().scalar(select(Certificate).where(Certificate.number == number))
    stored = row.code if row is not None else "-" * CODE_LENGTH
    same = hmac.compare_digest(stored.encode(), code.strip().upper().encode("utf-8", "surrogatepass"))
    if row is None or not same:
        raise NotFound("certificate_not_found", "没有找到这份证明，请核对编号与验证码")
    found = issued(row)
    masked = replace(found.text, name=masking.name(found.text.name), document="", volunteer_number="", content=())
    return replace(found, text=masked)


def own(resident_id: int, number: str) -> Issued:
    """A resident's own certificate; another person's does not exist. Raises NotFound."""
    row = db.session().scalar(
        select(Certificate).where(Certificate.number == number, Certificate.resident_id == resident_id)
    )
    if row is None:
        raise NotFound("certificate_not_found", "没有找到这份证明")
    return issued(row)


def of_resident(resident_id: int, kind: CertificateKind | None = None, before: int | None = None) -> dict[str, Any]:
    """A resident's certificates, newest first: {"items": [Issued], "next": cursor or None}."""
    query = select(Certificate).where(Certificate.resident_id == resident_id)
    if kind is not None:
        query = query.where(Certificate.kind == kind)
    return _page(query, before)


def valid_of_resident(resident_id: int, kind: CertificateKind) -> list[Issued]:
    """A resident's certificates of a kind that are not revoked, newest first."""
    query = select(Certificate).where(
        Certificate.resident_id == resident_id, Certificate.kind == kind, Certificate.revoked_at.is_(None)
    )
    return [issued(row) for row in db.session().scalars(query.order_by(Certificate.id.desc()))]


def check_not_replaced(certificate_id: int) -> None:
    """Raises Conflict when another certificate stands for this one already."""
    number = db.session().scalar(select(Certificate.number).where(Certificate.replaces_id == certificate_id))
    if number is not None:
        raise Conflict("already_replaced", f"这份证明已由 {number} 替换", {"number": number})


def listed(branches: Sequence[str], before: int | None = None, number: str = "") -> dict[str, Any]:
    """The register of the branches, newest first, `number` narrowing it to numbers that contain it."""
    query = select(Certificate).join(Node, Node.id == Certificate.node_id).where(within(Node.path, branches))
    if number:
        query = query.where(Certificate.number.contains(number, autoescape=True))
    return _page(query, before)


def in_branch(certificate_id: int, branches: Sequence[str]) -> Issued:
    """A certificate of the branches. Raises NotFound."""
    row = db.session().scalar(
        select(Certificate)
        .join(Node, Node.id == Certificate.node_id)
        .where(Certificate.id == certificate_id, within(Node.path, branches))
    )
    if row is None:
        raise NotFound("certificate_not_found", "没有找到这份证明")
    return issued(row)


def _page(query: Any, before: int | None) -> dict[str, Any]:
    query = query.order_by(Certificate.id.desc()).limit(PAGE + 1)
    if before is not None:
        query = query.where(Certificate.id < before)
    rows = db.session().scalars(query).all()
    following = str(rows[PAGE - 1].id) if len(rows) > PAGE else None
    return {"items": [issued(row) for row in rows[:PAGE]], "next": following}


def require_keeper(actor: StaffActor, certificate_id: int) -> str:
    """The path of the certificate's unit, for who may change it. Raises NotFound, Forbidden."""
    query = select(Node.path).join(Certificate, Certificate.node_id == Node.id).where(Certificate.id == certificate_id)
    path = db.session().scalar(query)
    if path is None:
        raise NotFound("certificate_not_found", "没有找到这份证明")
    actor.require(Role.VERIFIER, path)
    return path


def revoke(actor: StaffActor, certificate_id: int, reason: str) -> None:
    """Declare a certificate void; verification says so from then on. Raises NotFound, Forbidden, Invalid, Conflict."""
    if not reason or len(reason) > 200:
        raise Invalid("reason_required", "请填写撤销原因（200 字内）")
    with transaction() as session:
        path = require_keeper(actor, certificate_id)
        row = session.get_one(Certificate, certificate_id, with_for_update=True, populate_existing=True)
        if row.revoked_at is not None:
            raise Conflict("already_revoked", "这份证明已撤销")
        row.revoked_at, row.revoked_by, row.revoke_reason = clock.now(), actor.id, reason
        after = {"number": row.number, "reason": reason}
        audit.record(actor.username, "certificate.revoke", "certificate", certificate_id, node_path=path, after=after)
