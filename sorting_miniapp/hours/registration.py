"""Registration as a volunteer: identity checked, sealed at rest, with the version of the text it was given under.

Under 18 a guardian agrees and is named; under 14 nobody has an account of their own: the guardian signs up and brings
the child along (rules.md, Events and Personal data; the ages are settings).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from sorting_miniapp import clock
from sorting_miniapp.accounts import consents, groups
from sorting_miniapp.accounts import service as accounts
from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.db import db, new_public_id, transaction, violated
from sorting_miniapp.errors import Conflict, Invalid
from sorting_miniapp.events.places import lock_resident
from sorting_miniapp.hours import identity, volunteers
from sorting_miniapp.hours.ivolunteer_numbers import number_index
from sorting_miniapp.hours.models import DocumentKind, Skill, Volunteer
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node

TAKEN = {
    "uq_volunteer_document_index": ("document_registered", "这个证件号码已由其他账号登记，请联系工作人员"),
    "uq_volunteer_ivolunteer_index": ("ivolunteer_registered", "这个 i志愿 编号已由其他账号登记，请联系工作人员"),
}


@dataclass(frozen=True)
class Identity:
    """What a person says of themselves. `birth_date` may be left out where the document holds it.

    `org_id` is the unit they serve with (None: their community, else the city), `group_ids` those they ask to join.
    A phone number that WeChat vouched for (POST /me/phone) goes before one that was typed.
    """

    name: str
    document_kind: DocumentKind
    document: str
    consent_version: str
    phone: str = ""
    birth_date: date | None = None
    org_id: int | None = None
    community_id: int | None = None
    skills: tuple[Skill, ...] = ()
    group_ids: tuple[int, ...] = ()
    ivolunteer_number: str = ""
    guardian_consent: bool = False
    guardian_name: str = ""
    guardian_phone: str = ""


def register(resident_id: int, said: Identity) -> dict[str, Any]:
    """Register, or correct what was registered; returns the profile.

    Raises Invalid (details.fields), Conflict when a number is another account's or the text shown is not in force.
    """
    consents.check_version(consents.PRIVACY, said.consent_version)
    document = identity.tidy(said.document)
    birth = _birth(said, document)
    node_id, path = _unit(said.org_id or said.community_id)
    minor = _check_age(said, birth, path)
    try:
        with transaction() as session:
            lock_resident(session, resident_id)
            if said.community_id is not None:
                accounts.change(resident_id, {"community_id": said.community_id})
            vouched = session.scalar(select(Resident.phone).where(Resident.id == resident_id))
            row = _row(resident_id)
            row.node_id = node_id
            _put(row, said, document, birth, minor, vouched)
            session.flush()
            if row.number.startswith("?"):
                row.number = f"LZ{row.id:08d}"
                session.flush()
            for group in said.group_ids:
                groups.ask(resident_id, group)
    except IntegrityError as error:
        if violated(error) not in TAKEN:
            raise
        raise Conflict(*TAKEN[violated(error)]) from error
    return volunteers.profile(resident_id)


def _row(resident_id: int) -> Volunteer:
    session = db.session()
    row = session.scalar(select(Volunteer).where(Volunteer.resident_id == resident_id))
    if row is None:
        row = Volunteer(resident_id=resident_id, number=f"?{new_public_id()}", created_at=clock.now())
        session.add(row)
    return row


def _put(row: Volunteer, said: Identity, document: str, birth: date, minor: bool, vouched: str | None) -> None:
    now = clock.now()
    row.name, row.document_kind, row.document = said.name, said.document_kind, document
    row.document_index = volunteers.document_index(said.document_kind, document)
    row.phone = vouched or said.phone or None
    row.phone_index = volunteers.phone_index(row.phone or "")
    row.birth_date = birth.isoformat()
    row.skills = [skill.value for skill in Skill if skill in said.skills]
    if said.ivolunteer_number:
        row.ivolunteer_number = said.ivolunteer_number
        row.ivolunteer_index = number_index(said.ivolunteer_number)
    row.guardian_consent_at = now if minor else None
    row.guardian_name = said.guardian_name if minor else None
    row.guardian_phone = said.guardian_phone if minor else None
    row.consent_version, row.consented_at, row.changed_at = said.consent_version, now, now


def _wrong(name: str, message: str) -> Invalid:
    return Invalid(name, message, {"fields": {name: [message]}})


def _birth(said: Identity, document: str) -> date:
    fits, held = identity.check_document(said.document_kind, document)
    if not fits or (held and said.birth_date and said.birth_date != held):
        raise _wrong("document", "证件号码有误")
    birth = held or said.birth_date
    if birth is None:
        raise _wrong("birth_date", "请填写出生日期")
    if birth > clock.today() or identity.age_on(birth, clock.today()) > 120:
        raise _wrong("birth_date", "出生日期有误")
    return birth


def _check_age(said: Identity, birth: date, path: str) -> bool:
    """Whether a guardian has to be named and is. Raises Invalid."""
    age = identity.age_on(birth, clock.today())
    own, minor = (int(settings.read(key, path)) for key in ("guardian_account_age", "minor_age"))
    if age < own:
        message = f"未满{own}周岁的，请由监护人用自己的账号登记，报名时把孩子填为同行人"
        raise _wrong("guardian_account_needed", message)
    if age >= minor:
        return False
    if not said.guardian_consent:
        message = "未成年人登记须经监护人同意"
        raise Invalid("guardian_consent_needed", message, {"fields": {"guardian_consent": [message]}})
    for name, value in (("guardian_name", said.guardian_name), ("guardian_phone", said.guardian_phone)):
        if not value:
            raise _wrong(name, "未成年人登记须填写监护人姓名和手机号码")
    return True


def _unit(org_id: int | None) -> tuple[int, str]:
    if org_id is None:
        city = orgs.root()
        return city.id, city.path
    node = db.session().get(Node, org_id)
    if node is None or not node.active:
        raise Invalid("org_unknown", "没有这个单位或团体", {"fields": {"org_id": ["没有这个单位或团体"]}})
    return node.id, node.path
