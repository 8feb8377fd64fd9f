"""Which slogan stands at the head and the foot of an article, in turn, and which one ran when (rules.md)."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from sorting_miniapp import clock
from sorting_miniapp.articles.models import Channel, Push, Slogan, SloganPlace
from sorting_miniapp.articles.models_writing import SloganUse
from sorting_miniapp.db import db

# Slogans take turns on each way out by itself: people who read one do not see the others.
ACCOUNTS = {
    Channel.MASS: "official",
    Channel.PUBLISH: "official",
    Channel.SUBSCRIBE: "mini_program",
    Channel.IN_APP: "mini_program",
}


def account_of(push: Push) -> str:
    """Other offices' accounts each have turns of their own."""
    return ACCOUNTS.get(push.channel) or f"handover_{push.account_id}"


def valid_on(day: date) -> ColumnElement[bool]:
    return (Slogan.starts_on <= day) & or_(Slogan.ends_on.is_(None), Slogan.ends_on >= day)


def next_for(place: SloganPlace, account: str, day: date) -> Slogan | None:
    """The valid slogan that has not run on this account for the longest time; None when none is valid.

    Those with an end go before the lasting ones, for they belong to an occasion.
    """
    last = (
        select(SloganUse.slogan_id, func.max(SloganUse.at).label("at"))
        .where(SloganUse.account == account)
        .group_by(SloganUse.slogan_id)
        .subquery()
    )
    return db.session().scalar(
        select(Slogan)
        .outerjoin(last, last.c.slogan_id == Slogan.id)
        .where(Slogan.place == place, valid_on(day))
        .order_by(Slogan.ends_on.is_(None), last.c.at.is_not(None), last.c.at, Slogan.id)
        .limit(1)
    )


def take(session: Session, push: Push) -> None:
    """Fix the slogans a push runs with and write down that they ran, in the caller's transaction.

    A push that was refused and begins anew takes its slogans anew.
    """
    account, now, day = account_of(push), clock.now(), clock.today()
    for place in SloganPlace:
        if (slogan := next_for(place, account, day)) is None:
            continue
        session.merge(SloganUse(push_id=push.id, place=place, slogan_id=slogan.id, account=account, at=now))
        if place is SloganPlace.HEAD:
            push.head_id = slogan.id
        else:
            push.foot_id = slogan.id
