"""The mistakes book: questions got wrong come again at growing intervals (FSRS) until they are right often enough.

A question enters when it is answered wrong outside a contest. Each later answer to it, wherever it is asked, is a
review: wrong begins anew, right moves it further away, and right `mistake_clear_times` in a row takes it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from fsrs import Card, Rating, Scheduler, State
from sqlalchemy import ColumnElement, Select, and_, case, delete, func, insert, select, update
from sqlalchemy.orm import Session

from sorting_miniapp import clock
from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict
from sorting_miniapp.orgs import settings
from sorting_miniapp.quiz.marking import CHOICES, Version
from sorting_miniapp.quiz.models import Mistake, Question, QuestionVersion
from sorting_miniapp.teaching import sources

TABLE: Any = Mistake.__table__
MOST, PAGE, THOUSAND = 500, 20, 1000
# Minutes before the first repetition; afterwards days. No fuzzing: the same answers give the same dates.
_steps = (timedelta(minutes=10),)
_scheduler = Scheduler(learning_steps=_steps, relearning_steps=_steps, maximum_interval=365, enable_fuzzing=False)
_CARD = ("due_at", "phase", "step", "stability", "difficulty")


class Mode(StrEnum):
    """What a review asks: what is due first and then the rest, or only what was wrong the last time."""

    DUE = "due"
    UNTIL_CLEARED = "until_cleared"


def reviewed(row: Any, good: bool, now: datetime) -> dict[str, Any]:
    """The card's columns after an answer; `row` is None for a question that enters the book. Pure."""
    card = Card(card_id=0) if row is None else _card(row)
    after, _ = _scheduler.review_card(card, Rating.Good if good else Rating.Again, now.astimezone(UTC))
    return {
        "due_at": after.due,
        "phase": after.state.value,
        "step": after.step,
        "stability": round((after.stability or 0) * THOUSAND),
        "difficulty": round((after.difficulty or 0) * THOUSAND),
    }


def _card(row: Any) -> Card:
    return Card(
        card_id=0,
        state=State(row.phase),
        step=row.step,
        stability=max(row.stability, 1) / THOUSAND,
        difficulty=row.difficulty / THOUSAND,
        due=row.due_at,
        last_review=row.last_at.astimezone(UTC),
    )


def record(
    session: Session, resident_id: int, versions: Sequence[Version], right: Sequence[bool], now: datetime
) -> None:
    """Take the answers of a submission in. The caller holds the learner's lock."""
    answers = {one.question_id: (one.id, good) for one, good in zip(versions, right, strict=True)}
    mine = TABLE.c.resident_id == resident_id
    known = {
        row.question_id: row for row in session.execute(select(TABLE).where(mine, TABLE.c.question_id.in_(answers)))
    }
    enough = int(settings.read("mistake_clear_times"))
    room = MOST - int(session.scalar(select(func.count()).select_from(TABLE).where(mine)) or 0)
    new: list[dict[str, Any]] = []
    for question, (version, good) in answers.items():
        row = known.get(question)
        here = and_(mine, TABLE.c.question_id == question)
        if row is None:
            if not good and len(new) < room:
                start = {"resident_id": resident_id, "question_id": question, "version_id": version, "times": 1}
                new.append({**start, "right_in_row": 0, "last_at": now, **reviewed(None, False, now)})
        elif good and row.right_in_row + 1 >= enough:
            session.execute(delete(TABLE).where(here))
        else:
            run, times = (row.right_in_row + 1, row.times) if good else (0, row.times + 1)
            values = {"right_in_row": run, "times": times, "version_id": version, "last_at": now}
            session.execute(update(TABLE).where(here).values(**values, **reviewed(row, good, now)))
    if new:
        session.execute(insert(TABLE), new)


def correct(session: Session, resident_id: int, changed: Sequence[tuple[Version, bool]], now: datetime) -> None:
    """A regrade: what counts as right now loses one mistake, what counts as wrong now enters the book."""
    for version, good in changed:
        here = and_(TABLE.c.resident_id == resident_id, TABLE.c.question_id == version.question_id)
        if not good:
            record(session, resident_id, [version], [False], now)
            continue
        session.execute(delete(TABLE).where(here, TABLE.c.times == 1))
        session.execute(update(TABLE).where(here).values(times=TABLE.c.times - 1))


def _book(resident_id: int, topic: str = "") -> Select[*tuple[Any, ...]]:
    """The book with each question's newest text; questions that are asked no more are left out."""
    newest = and_(QuestionVersion.question_id == Question.id, QuestionVersion.number == Question.number)
    query = (
        select(Mistake, QuestionVersion, Question.topic)
        .join(Question, Question.id == Mistake.question_id)
        .join(QuestionVersion, newest)
        .where(Mistake.resident_id == resident_id, Question.active.is_(True))
    )
    return query.where(Question.topic == topic) if topic else query


def draw(resident_id: int, most: int, topic: str = "", mode: Mode = Mode.DUE) -> list[int]:
    """The versions to ask again. Raises Conflict no_mistakes, all_cleared."""
    query = _book(resident_id, topic).with_only_columns(QuestionVersion.id)
    if mode is Mode.UNTIL_CLEARED:
        query = query.where(Mistake.right_in_row == 0).order_by(Mistake.last_at, Mistake.question_id)
    else:
        query = query.order_by(Mistake.due_at, Mistake.question_id)
    found = list(db.session().scalars(query.limit(most)))
    if found:
        return found
    if mode is Mode.UNTIL_CLEARED and db.session().scalar(_book(resident_id, topic).with_only_columns(func.count())):
        raise Conflict("all_cleared", "答错的题都已经重新答对，按复习时间再来巩固")
    raise Conflict("no_mistakes", "没有错题，做得很好")


def listed(resident_id: int, topic: str = "", due_only: bool = False, offset: int = 0) -> dict[str, Any]:
    """A page of the book, what is due first, with the right answers; and how many there are, are due, are not right."""
    session, now = db.session(), clock.now()
    due: ColumnElement[bool] = Mistake.due_at <= now
    counts = _book(resident_id, topic).with_only_columns(
        func.count().label("total"),
        func.count(case((due, 1))).label("due"),
        func.count(case((Mistake.right_in_row == 0, 1))).label("uncleared"),
        func.min(case((~due, Mistake.due_at))).label("next_due_at"),
    )
    row = session.execute(counts).one()
    query = _book(resident_id, topic).order_by(Mistake.due_at, Mistake.question_id)
    if due_only:
        query = query.where(due)
    rows = session.execute(query.offset(offset).limit(PAGE + 1)).all()
    titles = sources.titles()
    return {
        "total": row.total,
        "due": row.due,
        "uncleared": row.uncleared,
        "next_due_at": row.next_due_at,
        "items": [_shown(one, version, name, now, titles) for one, version, name in rows[:PAGE]],
        "next": str(offset + PAGE) if len(rows) > PAGE else None,
    }


def _shown(row: Mistake, version: QuestionVersion, topic: str, now: datetime, titles: dict[str, str]) -> dict[str, Any]:
    return {
        "text": version.text,
        "topic": topic,
        "right": _right_words(version),
        "explanation": version.explanation,
        "source": titles.get(version.source, version.source),
        "times": row.times,
        "right_in_row": row.right_in_row,
        "last_at": row.last_at,
        "due_at": row.due_at,
        "due": row.due_at <= now,
    }


def _right_words(version: QuestionVersion) -> list[str]:
    names = dict(CHOICES)
    return [
        f"{one['text']}：{names.get(one['right'], '')}" if isinstance(one["right"], str) else one["text"]
        for one in version.options
        if one["right"]
    ]
