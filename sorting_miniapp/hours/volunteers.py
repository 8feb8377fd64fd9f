"""Volunteers as they see themselves and as staff may see them: identity masked on the way out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, func, or_, select

from sorting_miniapp import audit, crypto
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Resident, Role
from sorting_miniapp.certificates import masking
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Forbidden, Invalid, NotFound
from sorting_miniapp.hours import identity, ledger, rounding
from sorting_miniapp.hours.models import DOCUMENT_NAMES, DocumentKind, HoursLedger, Volunteer
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within

PAGE = 20
KEEPERS = (Role.VERIFIER, Role.ADMIN)


def document_index(kind: DocumentKind, document: str) -> str:
    """The keyed fingerprint by which a document is found."""
    return crypto.keyring().index(f"{kind.value}:{document}")


def phone_index(phone: str) -> str | None:
    """The keyed fingerprint by which a phone number is found; None for no number."""
    return crypto.keyring().index(f"phone:{phone}") if phone else None


def find(resident_id: int) -> Row[*tuple[Any, ...]]:
    """(Volunteer, org_id, org_name, path, vouched: the phone by WeChat). Raises NotFound for who has not registered."""
    row = (
        db.session()
        .execute(
            select(
                Volunteer,
                Node.id.label("org_id"),
                Node.name.label("org_name"),
                Node.path,
                Resident.phone.label("vouched"),
            )
            .join(Node, Node.id == Volunteer.node_id)
            .join(Resident, Resident.id == Volunteer.resident_id)
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
        "phone_verified": volunteer.phone is not None and volunteer.phone == row.vouched,
        "birth_year": int(volunteer.birth_date[:4]),
        "skills": volunteer.skills or [],
        "ivolunteer_number": masking.document(volunteer.ivolunteer_number or ""),
        "guardian": masking.name(volunteer.guardian_name or ""),
        "org": {"id": row.org_id, "name": row.org_name},
        "consent_version": volunteer.consent_version,
        "registered_at": volunteer.created_at,
        "minutes": minutes,
        "hours": rounding.words(minutes),
        "stars": rounding.stars(minutes),
        "to_next_star": rounding.to_next_star(minutes),
    }


def names(residents: Sequence[int]) -> dict[int, str]:
    """Masked names of those among the residents who are registered; one statement."""
    if not residents:
        return {}
    rows = db.session().execute(
        select(Volunteer.resident_id, Volunteer.name).where(Volunteer.resident_id.in_(set(residents)))
    )
    return {row.resident_id: masking.name(row.name) for row in rows if row.name}


def ages_on(residents: Sequence[int], day: date, minors_only: bool = False) -> dict[int, int]:
    """The full years on that day of those who registered as volunteers (as minors only); one statement."""
    query = select(Volunteer.resident_id, Volunteer.birth_date).where(Volunteer.resident_id.in_(residents))
    if minors_only:
        query = query.where(Volunteer.guardian_consent_at.is_not(None))
    rows = db.session().execute(query)
    return {row.resident_id: identity.age_on(date.fromisoformat(row.birth_date), day) for row in rows if row.birth_date}


def _listed() -> Select[*tuple[Any, ...]]:
    minutes = select(func.sum(HoursLedger.minutes)).where(HoursLedger.resident_id == Volunteer.resident_id)
    return (
        select(
            Volunteer,
            Node.name.label("org_name"),
            Node.path,
            Resident.public_id,
            func.coalesce(minutes.scalar_subquery(), 0).label("minutes"),
        )
        .join(Node, Node.id == Volunteer.node_id)
        .join(Resident, Resident.id == Volunteer.resident_id)
        .where(Volunteer.name.is_not(None))
    )


def search(words: str, branches: Sequence[str], before: int | None = None) -> dict[str, Any]:
    """Volunteers of the branches, newest first; `words`: a whole volunteer number, document, phone, or part of a unit.

    Names are sealed and cannot be searched. Rows (Volunteer, org_name, path, public_id, minutes); one statement.
    """
    query = _listed().where(within(Node.path, branches))
    if words:
        tidied = identity.tidy(words)
        documents = [document_index(kind, tidied) for kind in DocumentKind]
        query = query.where(
            or_(
                Volunteer.number == tidied,
                Volunteer.document_index.in_(documents),
                Volunteer.phone_index == phone_index(tidied),
                Node.name.contains(words, autoescape=True),
            )
        )
    if before is not None:
        query = query.where(Volunteer.id < before)
    rows = db.session().execute(query.order_by(Volunteer.id.desc()).limit(PAGE + 1)).all()
    return {"items": rows[:PAGE], "next": str(rows[PAGE - 1].Volunteer.id) if len(rows) > PAGE else None}


def count(branches: Sequence[str]) -> int:
    """How many volunteers are registered in the branches."""
    query = select(func.count(Volunteer.id)).join(Node, Node.id == Volunteer.node_id)
    return int(db.session().scalar(query.where(Volunteer.name.is_not(None), within(Node.path, branches))) or 0)


def after(last: int, branches: Sequence[str], most: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """The next volunteers of the branches after the key `last`, oldest first: rows of `search`; one statement."""
    query = _listed().where(within(Node.path, branches), Volunteer.id > last)
    return db.session().execute(query.order_by(Volunteer.id).limit(most)).all()


def by_numbers(numbers: Sequence[str], branches: Sequence[str]) -> dict[str, Row[*tuple[Any, ...]]]:
    """Volunteers of the branches by their numbers: rows of `search`; one statement."""
    query = _listed().where(Volunteer.number.in_(set(numbers)), within(Node.path, branches))
    return {row.Volunteer.number: row for row in db.session().execute(query)}


def in_branch(volunteer_id: int, branches: Sequence[str]) -> Row[*tuple[Any, ...]]:
    """A row of `search`. Raises NotFound."""
    row = db.session().execute(_listed().where(Volunteer.id == volunteer_id, within(Node.path, branches))).first()
    if row is None:
        raise NotFound("volunteer_not_found", "没有找到这位志愿者")
    return row


def masked(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """What lists show of a row of `search`."""
    person: Volunteer = row.Volunteer
    return {
        "id": person.id,
        "number": person.number,
        "name": masking.name(person.name or ""),
        "document_kind": DOCUMENT_NAMES[person.document_kind],
        "document": masking.document(person.document or ""),
        "phone": masking.phone(person.phone or ""),
        "ivolunteer_number": masking.document(person.ivolunteer_number or ""),
        "org_name": row.org_name,
        "minutes": int(row.minutes),
        "stars": rounding.stars(int(row.minutes)),
        "registered_at": person.created_at,
    }


def reveal(actor: StaffActor, volunteer_id: int, reason: str) -> dict[str, str]:
    """The unmasked identity, for a reason that is written down. Raises NotFound, Forbidden, Invalid."""
    if not reason or len(reason) > 200:
        raise Invalid("reason_required", "请填写查看的原因（200 字内）")
    row = in_branch(volunteer_id, actor.branches())
    if not any(actor.may(role, row.path) for role in KEEPERS):
        raise Forbidden()
    person: Volunteer = row.Volunteer
    with transaction():
        after = {"reason": reason}
        audit.record(actor.username, "volunteer.reveal", "volunteer", person.id, node_path=row.path, after=after)
    return {
        "姓名": person.name or "",
        DOCUMENT_NAMES[person.document_kind]: person.document or "",
        "手机号码": person.phone or "",
        "出生日期": person.birth_date or "",
        "i志愿编号": person.ivolunteer_number or "",
        "监护人": " ".join(part for part in (person.guardian_name, person.guardian_phone) if part),
    }
