"""What events ask of the features they may not import: a passed quiz, a volunteer's age (design.md §2, named rules)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from sorting_miniapp import clock
from sorting_miniapp.db import db
from sorting_miniapp.events import requirements
from sorting_miniapp.hours import volunteers
from sorting_miniapp.orgs import settings
from sorting_miniapp.quiz.models import Attempt, Quiz


def quiz_passed(resident_id: int, slug: Any) -> bool:
    """Whether one of the resident's submitted attempts at the quiz has the share of right answers that settings ask."""
    share = int(settings.read("quiz_pass_percent"))
    found = (
        select(Attempt.id)
        .join(Quiz, Quiz.id == Attempt.quiz_id)
        .where(
            Attempt.resident_id == resident_id,
            Attempt.submitted_at.is_not(None),
            Attempt.right * 100 >= Attempt.total * share,
            Quiz.slug == slug,
        )
        .limit(1)
    )
    return db.session().execute(found).first() is not None


def age_of(resident_id: int, _nothing: Any) -> int | None:
    """A registered volunteer's age in full years; None for everybody else."""
    return volunteers.age_on(resident_id, clock.today())


def register() -> None:
    requirements.register(requirements.QUIZ, quiz_passed)
    requirements.register(requirements.AGE, age_of)
