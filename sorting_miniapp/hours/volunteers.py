"""Registration as a volunteer: identity sealed at rest and masked on the way out, consent with its version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.exc import IntegrityError

from sorting_miniapp import clock, crypto
from sorting_miniapp.certificates import masking
from sorting_miniapp.db import db, new_public_id, transaction, violated
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.events.places import lock_resident
from sorting_miniapp.hours import identity, ledger, rounding
from sorting_miniapp.hours.models import DocumentKind, Volunteer
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node


@dataclass(frozen=True)
class Identity:
    """What a person says of themselves. `birth_date` may be left out with an identity card, which holds it."""

    name: str
    document_kind: DocumentKind
    document: str
    consent_version: str
    phone: str = ""
    birth_date: date | None = None
    org_id: int | None = None
    guardian_consent: bool = False


def register(resident_id: int, said: Identity) -> dict[str, Any]:
    """Register, or correct what was registered. Raises Invalid; Conflict when the document is another account's."""
    document = said.document.upper().replace(" ", "")
    birth = _birth(said, document)
    node_id, path = _unit(said.org_id)
    minor = birth is not None and identity.age_on(birth, clock.today()) < settings.read("minor_age", path)
    if minor and not said.guardian_consent:
        raise Invalid(
            "guardian_consent_needed", "未成年人登记须经监护人同意", _field("guardian_consent", "须经监护人同意")
        )
    now = clock.now()
    try:
        with transaction() as session:
            lock_resident(session, resident_id)
            row = session.scalar(select(Volunteer).where(Volunteer.resident_id == resident_id))
            if row is None:
                row = Volunteer(resident_id=resident_id, number=f"?{new_public_id()}", created_at=now)
                session.add(row)
            row.node_id, row.name, row.document_kind, row.document = node_id, said.name, said.document_kind, document
            row.document_index = crypto.keyring().index(f"{said.document_kind.value}:{document}")
            row.phone, row.birth_date = said.phone or None, birth.isoformat() if birth else None
            row.guardian_consent_at = now if minor else None
            row.consent_version, row.consented_at, row.changed_at = said.consent_version, now, now
            session.flush()
            if row.number.startswith("?"):
                row.number = f"LZ{row.id:08d}"
                session.flush()
    except IntegrityError as error:
        if violated(error) != "uq_volunteer_document_index":
            raise
        raise Conflict("document_registered", "这个证件号码已由其他账号登记，请联系工作人员") from error
    return profile(resident_id)


def _field(name: str, message: str) -> dict[str, Any]:
    return {"fields": {name: [message]}}


def _birth(said: Identity, document: str) -> date | None:
    if said.document_kind is not DocumentKind.ID_CARD:
        birth = said.birth_date
    else:
        birth = identity.id_card_birth(document)
        if birth is None or (said.birth_date is not None and said.birth_date != birth):
            raise Invalid("document", "身份证号码有误", _field("document", "身份证号码有误"))
    if birth is not None and birth > clock.today():
        raise Invalid("birth_date", "出生日期有误", _field("birth_date", "出生日期有误"))
    return birth


def _unit(org_id: int | None) -> tuple[int, str]:
    if org_id is None:
        city = orgs.root()
        return city.id, city.path
    node = db.session().get(Node, org_id)
    if node is None or not node.active:
        raise Invalid("org_unknown", "没有这个单位或团体", _field("org_id", "没有这个单位或团体"))
    return node.id, node.path


def find(resident_id: int) -> Row[*tuple[Any, ...]]:
    """(Volunteer, org_id, org_name, path). Raises NotFound for who has not registered."""
    row = (
        db.session()
        .execute(
            select(Volunteer, Node.id.label("org_id"), Node.name.label("org_name"), Node.path)
            .join(Node, Node.id == Volunteer.node_id)
            .where(Volunteer.resident_id == resident_id)
            .execution_options(populate_existing=True)
        )
        .first()
    )
    if row is None or row.Volunteer.name is None:
        raise NotFound("not_a_volunteer", "您还没有登记为志愿者")
    return row


def profile(resident_id: int) -> dict[str, Any]:
    """A volunteer as they see themselves: identity masked, minutes exact, stars. Raises NotFound."""
    row = find(resident_id)
    volunteer, minutes = row.Volunteer, ledger.of_resident(resident_id)
    return {
        "number": volunteer.number,
        "name": masking.name(volunteer.name),
        "document_kind": volunteer.document_kind.value,
        "document": masking.document(volunteer.document or ""),
        "phone": masking.phone(volunteer.phone or ""),
        "org": {"id": row.org_id, "name": row.org_name},
        "consent_version": volunteer.consent_version,
        "registered_at": volunteer.created_at,
        "minutes": minutes,
        "hours": rounding.words(minutes),
        "stars": rounding.stars(minutes),
    }


def names(residents: Sequence[int]) -> dict[int, str]:
    """Masked names of those among the residents who are registered; one statement."""
    if not residents:
        return {}
    rows = db.session().execute(
        select(Volunteer.resident_id, Volunteer.name).where(Volunteer.resident_id.in_(set(residents)))
    )
    return {row.resident_id: masking.name(row.name) for row in rows if row.name}
