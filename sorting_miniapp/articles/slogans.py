"""Which slogan stands at the head and the foot of an article on a day (rules.md, Articles and pushes)."""

from __future__ import annotations

from datetime import date

from sqlalchemy import or_, select

from sorting_miniapp.articles.models import Slogan, SloganPlace
from sorting_miniapp.db import db


def of_day(place: SloganPlace, day: date, turn: int) -> Slogan | None:
    """The slogans valid on `day` take turns; those with an end go first, for they belong to an occasion."""
    valid = list(
        db.session().scalars(
            select(Slogan)
            .where(Slogan.place == place, Slogan.starts_on <= day, or_(Slogan.ends_on.is_(None), Slogan.ends_on >= day))
            .order_by(Slogan.id)
        )
    )
    chosen = [slogan for slogan in valid if slogan.ends_on] or valid
    return chosen[turn % len(chosen)] if chosen else None
