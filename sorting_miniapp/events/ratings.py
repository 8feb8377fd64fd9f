"""What residents think of an event they attended: stars and words, once per sign-up.

Words go through WeChat's content check; others see those that passed. What is doubtful, or could not be checked, waits
for a member of staff (rules.md, Personal data). Names never stand beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Row, func, select
from sqlalchemy.exc import IntegrityError

from sorting_miniapp import audit, clock, wechat
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import db, transaction, violated
from sorting_miniapp.errors import Conflict, Forbidden, Invalid, NotFound
from sorting_miniapp.events.models import CheckIn, Event, EventState, Shift, SignUp
from sorting_miniapp.events.models_day import EventRating, WordsState
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import contains, within
from sorting_miniapp.wechat.errors import WeChatError
from sorting_miniapp.wechat.mini_program import Scene, Suggest

log = structlog.get_logger(__name__)
SHOWN, PAGE = 20, 20
LONGEST = 300


@dataclass(frozen=True)
class Summary:
    """`average` of all stars (None for no rating) in tenths, as whole number; `by_stars` counts from 1 to 5."""

    count: int
    average_tenths: int | None
    by_stars: dict[int, int]


def rate(resident_id: int, openid: str, sign_up: str, stars: int, words: str) -> dict[str, Any]:
    """Rate an event after attending; the same again is the same. Not inside a transaction: WeChat may be asked.

    Raises NotFound, Invalid text_refused, Conflict: not_attended, already_rated.
    """
    row = _attended(resident_id, sign_up)
    known = _known(row.id)
    if known is None:
        state = _judged(openid, words)
        try:
            with transaction() as session:
                session.add(
                    EventRating(
                        sign_up_id=row.id,
                        event_id=row.event_id,
                        stars=stars,
                        words=words,
                        state=state,
                        created_at=clock.now(),
                    )
                )
                session.flush()
        except IntegrityError as error:  # the same tap twice
            if violated(error) != "uq_event_rating_sign_up_id":
                raise
        known = _known(row.id)
    assert known is not None
    if (known.stars, known.words) != (stars, words):
        raise Conflict("already_rated", "您已评价过这次活动")
    return {"stars": known.stars, "words": known.words, "shown": known.state is WordsState.PASSED}


def _known(sign_up_id: int) -> EventRating | None:
    return db.session().scalar(select(EventRating).where(EventRating.sign_up_id == sign_up_id))


def _attended(resident_id: int, sign_up: str) -> Row[*tuple[Any, ...]]:
    found = (
        db.session()
        .execute(
            select(SignUp.id, Shift.event_id, Shift.starts_at)
            .join(Shift, Shift.id == SignUp.shift_id)
            .where(SignUp.public_id == sign_up, SignUp.resident_id == resident_id)
        )
        .first()
    )
    if found is None:
        raise NotFound("signup_not_found", "没有找到这个报名")
    gone = select(CheckIn.id).where(CheckIn.sign_up_id == found.id, CheckIn.open.is_(None)).limit(1)
    if db.session().scalar(gone) is None:
        raise Conflict("not_attended", "参加活动并签退后才能评价")
    return found


def _judged(openid: str, words: str) -> WordsState:
    """WeChat's opinion; without one the words wait for a person. Raises Invalid for a bad text."""
    if not words:
        return WordsState.NONE
    try:
        suggest = wechat.mini().check_text(openid, words, Scene.COMMENT).suggest
    except WeChatError as error:
        log.warning("rating_not_checked", errcode=error.errcode)
        return WordsState.REVIEW
    if suggest is Suggest.RISKY:
        fields = {"fields": {"words": ["含有不适合公开的内容，请修改"]}}
        raise Invalid("text_refused", "评语没有通过内容检查，请修改后再提交", fields)
    return WordsState.PASSED if suggest is Suggest.PASS else WordsState.REVIEW


def summary(event_id: int) -> Summary:
    rows = db.session().execute(
        select(EventRating.stars, func.count()).where(EventRating.event_id == event_id).group_by(EventRating.stars)
    )
    by_stars = dict.fromkeys(range(1, 6), 0) | {row[0]: row[1] for row in rows}
    count = sum(by_stars.values())
    total = sum(stars * number for stars, number in by_stars.items())
    return Summary(count, (total * 20 + count) // (2 * count) if count else None, by_stars)


def passed_words(event_id: int, most: int = SHOWN) -> list[EventRating]:
    """Ratings whose words others may see, the newest first."""
    query = select(EventRating).where(EventRating.event_id == event_id, EventRating.state == WordsState.PASSED)
    return list(db.session().scalars(query.order_by(EventRating.id.desc()).limit(most)))


def with_words(event_id: int, most: int = 200) -> Sequence[Any]:
    """The event's ratings that have words, as rows of `queue`."""
    query = select(EventRating, Event.title).join(Event, Event.id == EventRating.event_id)
    own = (EventRating.event_id == event_id, EventRating.state != WordsState.NONE)
    return db.session().execute(query.where(*own).order_by(EventRating.id.desc()).limit(most)).all()


def public(event: str) -> dict[str, Any]:
    """What everybody sees of an event's ratings. Raises NotFound."""
    event_id = db.session().scalar(select(Event.id).where(Event.public_id == event, Event.state != EventState.DRAFT))
    if event_id is None:
        raise NotFound("event_not_found", "没有找到这个活动")
    found = summary(event_id)
    words = [{"stars": one.stars, "words": one.words, "at": one.created_at} for one in passed_words(event_id)]
    average = found.average_tenths / 10 if found.average_tenths is not None else None
    return {"count": found.count, "average": average, "items": words}


def queue(actor: StaffActor, state: WordsState = WordsState.REVIEW, before: int | None = None) -> dict[str, Any]:
    """Ratings with words in this state in the actor's branches, newest first: rows (EventRating, title)."""
    query = (
        select(EventRating, Event.title)
        .join(Event, Event.id == EventRating.event_id)
        .join(Node, Node.id == Event.node_id)
        .where(EventRating.state == state, within(Node.path, actor.branches(Role.ORGANISER)))
        .order_by(EventRating.id.desc())
        .limit(PAGE + 1)
    )
    if before is not None:
        query = query.where(EventRating.id < before)
    rows: Sequence[Any] = db.session().execute(query).all()
    return {"items": rows[:PAGE], "next": rows[PAGE - 1].EventRating.id if len(rows) > PAGE else None}


def decide(actor: StaffActor, rating_id: int, show: bool) -> int:
    """Show the words or keep them back; audited. Returns the event.

    Raises NotFound, Forbidden, Conflict for no words.
    """
    with transaction() as session:
        row = session.execute(
            select(EventRating, Node.path)
            .join(Event, Event.id == EventRating.event_id)
            .join(Node, Node.id == Event.node_id)
            .where(EventRating.id == rating_id)
        ).first()
        if row is None or not any(contains(branch, row.path) for branch in actor.branches()):
            raise NotFound("rating_not_found", "没有找到这条评价")
        if not actor.may(Role.ORGANISER, row.path):
            raise Forbidden()
        rating = row.EventRating
        if rating.state is WordsState.NONE:
            raise Conflict("no_words", "这条评价没有评语")
        before, rating.state = rating.state, WordsState.PASSED if show else WordsState.HIDDEN
        rating.decided_by, rating.decided_at = actor.id, clock.now()
        session.flush()
        audit.record(
            actor.username,
            "event.decide_words",
            "rating",
            rating_id,
            node_path=row.path,
            before={"state": before.value},
            after={"state": rating.state.value},
        )
    return int(rating.event_id)
