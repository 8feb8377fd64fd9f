"""What events ask of the features they may not import: a passed quiz, an age, who somebody is (design.md §2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, or_, select

from sorting_miniapp import clock
from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.certificates import masking
from sorting_miniapp.db import db
from sorting_miniapp.events import persons, requirements
from sorting_miniapp.hours import identity, volunteers
from sorting_miniapp.hours.models import Volunteer
from sorting_miniapp.orgs import settings
from sorting_miniapp.quiz.models import Attempt, Quiz


def quiz_passed(resident_id: int, slug: Any) -> bool:
    """Whether one of the resident's submitted attempts at the quiz has the score that settings ask."""
    share = int(settings.read("quiz_pass_percent"))
    found = (
        select(Attempt.id)
        .join(Quiz, Quiz.id == Attempt.quiz_id)
        .where(
            Attempt.resident_id == resident_id,
            Attempt.submitted_at.is_not(None),
            Attempt.disqualified.is_(False),
            Attempt.score >= share,
            Quiz.slug == slug,
        )
        .limit(1)
    )
    return db.session().execute(found).first() is not None


def age_of(resident_id: int, _nothing: Any) -> int | None:
    """A registered volunteer's age in full years; None for everybody else."""
    return volunteers.ages_on([resident_id], clock.today()).get(resident_id)


def ages_of_minors(residents: Sequence[int]) -> dict[int, int]:
    """The ages of those volunteers whom a guardian agreed for when they registered; one statement."""
    return volunteers.ages_on(residents, clock.today(), minors_only=True)


def _people() -> Select[*tuple[Any, ...]]:
    return (
        select(Resident.id, Resident.phone.label("vouched"), Volunteer.name, Volunteer.number, Volunteer.phone)
        .outerjoin(Volunteer, Volunteer.resident_id == Resident.id)
        .where(Resident.erased_at.is_(None))
    )


def _person(row: Row[*tuple[Any, ...]]) -> persons.Person:
    phone = masking.phone(row.phone or row.vouched or "")
    return persons.Person(row.id, masking.name(row.name or ""), row.number or "", phone, row.name or "")


def people_of(residents: Sequence[int]) -> dict[int, persons.Person]:
    """Masked names and phones of the residents; one statement."""
    if not residents:
        return {}
    return {row.id: _person(row) for row in db.session().execute(_people().where(Resident.id.in_(set(residents))))}


def person_by(words: str) -> persons.Person | None:
    """The registered volunteer with this number or phone; None also where two share the phone."""
    tidied = identity.tidy(words)
    known = or_(Volunteer.number == tidied, Volunteer.phone_index == volunteers.phone_index(tidied))
    rows = db.session().execute(_people().where(known, Volunteer.name.is_not(None)).limit(2)).all()
    return _person(rows[0]) if tidied and len(rows) == 1 else None


def phone_of(resident_id: int) -> str:
    """The number a volunteer registered, else the one WeChat vouched for."""
    row = db.session().execute(_people().where(Resident.id == resident_id)).first()
    return (row.phone or row.vouched or "") if row else ""


def register() -> None:
    persons.register(persons.Source(people_of, person_by, phone_of))
    requirements.register(requirements.QUIZ, quiz_passed)
    requirements.register(requirements.AGE, age_of)
    requirements.register_minors(ages_of_minors)
