"""Certificates of learning: for a passed exam, in the name its owner types, with number, PDF and verification.

They stand on answers, not on service: no minutes, and the sheet says so.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select

from sorting_miniapp import clock
from sorting_miniapp.certificates import service as certificates
from sorting_miniapp.certificates.models import Certificate, CertificateKind
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs import settings
from sorting_miniapp.quiz import attempts
from sorting_miniapp.quiz.attempts import TABLE, Open
from sorting_miniapp.quiz.bank import Rules
from sorting_miniapp.quiz.models import QuizKind
from sorting_miniapp.quiz.models_desk import LearningCertificate


def issue(resident_id: int, attempt: str, name: str) -> str:
    """Prepare a certificate for an own passed attempt; returns its number. One that is valid for each exam.

    Raises NotFound; Conflict no_certificate, not_passed, certificate_exists (details.number).
    """
    rules, found = attempts.own(resident_id, attempt)
    if rules.kind != QuizKind.EXAM or rules.pass_percent is None:
        raise Conflict("no_certificate", "只有学习测试可以领取学习证明")
    issuer = orgs.lead()
    with transaction() as session:
        certificates.lock_node(session, issuer.id)  # issuing waits here, so nobody gets two
        _check(rules, found)
        text = _text(rules, found, name, issuer.name, issuer.path)
        number = certificates.issue(CertificateKind.LEARNING, issuer.id, resident_id, text)
        made = session.scalars(select(Certificate.id).where(Certificate.number == number)).one()
        session.execute(
            insert(LearningCertificate).values(
                certificate_id=made, attempt_id=found.id, resident_id=resident_id, quiz_id=rules.id
            )
        )
    return number


def _check(rules: Rules, found: Open) -> None:
    session = db.session()
    row = session.execute(
        select(TABLE.c.submitted_at, TABLE.c.score, TABLE.c.disqualified)
        .where(TABLE.c.id == found.id)
        .with_for_update()
    ).one()
    if row.submitted_at is None or row.disqualified or row.score < (rules.pass_percent or 0):
        raise Conflict("not_passed", "这次测试没有及格，不能领取证明")
    known = session.scalar(
        select(Certificate.number)
        .join(LearningCertificate, LearningCertificate.certificate_id == Certificate.id)
        .where(
            LearningCertificate.resident_id == found.resident_id, LearningCertificate.quiz_id == rules.id,
            Certificate.revoked_at.is_(None),
        )
    )  # fmt: skip
    if known is not None:
        raise Conflict("certificate_exists", "已经领取过这项测试的证明", {"number": known})


def _text(rules: Rules, found: Open, name: str, issuer: str, path: str) -> certificates.Text:
    day = clock.local(found.submitted_at or found.started_at).date().isoformat()
    return certificates.Text(
        name=name, document_kind="", document="", volunteer_number="", first_day=day, last_day=day, minutes=0, hours="",
        policy="", times=1, content=(), issuer=issuer, contact=settings.read("certificate_contact", path),
        person_in_charge=settings.read("certificate_head", path), subject=rules.title, score=found.score,
        pass_mark=rules.pass_percent or 0,
    )  # fmt: skip


def listed(resident_id: int, before: int | None) -> dict[str, Any]:
    """A resident's certificates of learning, newest first."""
    return certificates.of_resident(resident_id, CertificateKind.LEARNING, before)
