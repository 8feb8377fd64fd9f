"""Attempts as they would be without their guards: counted by look, handed in as often as somebody likes."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

from sqlalchemy import insert, select, update

from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import TooMany
from sorting_miniapp.orgs import settings
from sorting_miniapp.quiz.models import QuizDay

PAUSE = 0.3  # what a busy server puts between a check and its use


def count_attempt(resident_id: int, day: date) -> None:
    """In place of attempts._count_attempt: the count is read, and raised whatever it is by then."""
    mine = (QuizDay.resident_id == resident_id, QuizDay.day == day)
    with transaction() as session:
        if session.scalar(select(QuizDay.attempts).where(*mine)) is None:
            session.execute(insert(QuizDay).values(resident_id=resident_id, day=day, attempts=0, points=0))
        session.execute(update(QuizDay).where(*mine).values(attempts=QuizDay.attempts + 1))


def look_first(function: Any) -> Any:
    """attempts.start with the look at the day's count before its transaction, and a pause after it."""

    def call(who: Any, slug: str, chosen: Any = (), team: str = "") -> Any:
        held = db.session().scalar(select(QuizDay.attempts).where(QuizDay.resident_id == who.id))
        time.sleep(PAUSE)
        if int(held or 0) >= int(settings.read("daily_attempts_cap")):
            raise TooMany("too_many_attempts", "今天答题的次数已经用完，明天再来")
        return function(who, slug, chosen, team)

    return call


def no_effects(*_args: Any) -> None:
    """In place of effects.after_submission, whose row can be there once only."""
