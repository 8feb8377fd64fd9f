"""Which questions an attempt asks: the day's five, a resident's mistakes, or a draw by lot."""

from __future__ import annotations

import random
from datetime import date

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from sorting_miniapp.db import db, transaction
from sorting_miniapp.quiz import bank, mistakes
from sorting_miniapp.quiz.bank import Rules
from sorting_miniapp.quiz.models import DailyPaper, QuizKind

_lot = random.SystemRandom()


def draw(rules: Rules, resident_id: int, day: date) -> list[int]:
    """Version ids for a new attempt. Raises Conflict no_mistakes, Unavailable when there are too few questions."""
    if rules.kind == QuizKind.REVIEW:
        return mistakes.draw(resident_id, rules.count)
    if rules.kind == QuizKind.DAILY:
        return of_day(rules, day)
    return _lot.sample(bank.eligible(rules), rules.count)


def of_day(rules: Rules, day: date) -> list[int]:
    """The day's questions, fixed by whoever is first."""
    known = select(DailyPaper.versions).where(DailyPaper.quiz_id == rules.id, DailyPaper.day == day)
    found = db.session().scalar(known)
    if found is None:
        try:
            with transaction() as session:
                drawn = bank.of_day(rules, day)
                session.execute(insert(DailyPaper).values(quiz_id=rules.id, day=day, versions=drawn))
                return drawn
        except IntegrityError:
            found = db.session().scalars(known).one()  # somebody else was the day's first
    return list(found)
