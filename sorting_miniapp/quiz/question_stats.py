"""How questions fare: counted off the request from submitted attempts, and read by editors.

Attempts are counted in the order of their submission, from a mark that moves with each batch in the same transaction:
nothing is counted twice, whoever counts. Only what was submitted SETTLED ago is taken, so that a submission still on
its way to the disk is not passed over. After a correction of a key everything is counted anew (`restart`).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sorting_miniapp import clock
from sorting_miniapp.db import db, transaction
from sorting_miniapp.quiz import bank, marking
from sorting_miniapp.quiz.desk import NEWEST
from sorting_miniapp.quiz.marking import CHOICES, FULL, Asked
from sorting_miniapp.quiz.models import Attempt, Question, QuestionVersion
from sorting_miniapp.quiz.models_sets import OptionTally, QuestionMonth, QuestionTally, TallyMark

SETTLED = timedelta(minutes=2)
BATCH, BATCHES = 500, 20
TALLY: Any = QuestionTally.__table__
OPTION: Any = OptionTally.__table__
MONTH: Any = QuestionMonth.__table__
MARK: Any = TallyMark.__table__
Sums = dict[tuple[Any, ...], dict[str, int]]
ENOUGH = 20  # answers below which shares and discrimination say little


def _sums() -> Sums:
    return defaultdict(lambda: defaultdict(int))


@dataclass
class _Counts:
    """What one batch adds, by key of the row."""

    tallies: Sums = field(default_factory=_sums)
    options: Sums = field(default_factory=_sums)
    months: Sums = field(default_factory=_sums)


def _raise(sums: Sums, key: tuple[Any, ...], **values: int) -> None:
    for name, value in values.items():
        sums[key][name] += value


def run() -> int:
    """Count what was submitted and has settled; returns how many attempts. The next turn goes on."""
    total = 0
    for _ in range(BATCHES):
        count = _batch()
        total += count
        if count < BATCH:
            break
    return total


def _batch() -> int:
    mark = _mark()
    statement = select(Attempt).where(Attempt.submitted_at.is_not(None), Attempt.submitted_at <= clock.now() - SETTLED)
    if mark.until is not None:
        later = and_(Attempt.submitted_at == mark.until, Attempt.id > mark.attempt_id)
        statement = statement.where(or_(Attempt.submitted_at > mark.until, later))
    attempts = list(db.session().scalars(statement.order_by(Attempt.submitted_at, Attempt.id).limit(BATCH)))
    if not attempts:
        return 0
    counts, last = _count(attempts), attempts[-1]
    reached = {"until": last.submitted_at, "attempt_id": last.id}
    with transaction() as session:
        moved = session.execute(
            update(MARK).where(MARK.c.id == 1, MARK.c.turn == mark.turn).values(reached | {"turn": mark.turn + 1})
        )
        if moved.rowcount == 0:  # type: ignore[attr-defined]
            return 0  # somebody else counts, or everything is counted anew
        _add(session, TALLY, ("version_id",), counts.tallies)
        _add(session, OPTION, ("version_id", "place", "choice"), counts.options)
        _add(session, MONTH, ("month", "question_id"), counts.months)
    return len(attempts)


@dataclass(frozen=True)
class _Mark:
    """The mark as it was read: plain values, for the row itself is read anew inside a transaction."""

    until: datetime | None
    attempt_id: int
    turn: int


def _mark() -> _Mark:
    session = db.session()
    here = select(MARK.c.until, MARK.c.attempt_id, MARK.c.turn).where(MARK.c.id == 1)
    found = session.execute(here).first()
    if found is None:
        try:
            with transaction() as writing:
                writing.execute(insert(MARK).values(id=1, until=None, attempt_id=0, turn=0))
        except IntegrityError:
            session.rollback()  # another process made it
        found = session.execute(here).one()
    return _Mark(*found)


def restart() -> None:
    """Count everything anew from the next turn on, in the caller's transaction: after a correction of a key."""
    with transaction() as session:
        session.execute(update(MARK).values(until=None, attempt_id=0, turn=MARK.c.turn + 1))
        for table in (TALLY, OPTION, MONTH):
            session.execute(delete(table))


def _count(attempts: Sequence[Attempt]) -> _Counts:
    counts = _Counts()
    for attempt in attempts:
        asked, given = marking.paper(attempt.seed, bank.versions(attempt.versions)), attempt.answers or {}
        worth = marking.mark(asked, given, attempt.marking).worth
        counted = [(one, credit == FULL) for one, credit in zip(asked, worth, strict=True) if credit is not None]
        assert attempt.submitted_at is not None
        month = f"{clock.local(attempt.submitted_at):%Y-%m}"
        right, others = sum(good for _, good in counted), len(counted) - 1
        for one, good in counted:
            rest = (right - good) * 1000 // others if others else 0
            answer = given.get(one.id)
            _raise(
                counts.tallies, (one.version.id,), asked=1, right_count=int(good), blank=int(not answer),
                duration_ms=attempt.duration_ms // len(asked), rest=rest, rest_squared=rest * rest,
                rest_right=rest if good else 0,
            )  # fmt: skip
            _raise(counts.months, (month, one.version.question_id), asked=1, wrong=int(not good))
            for place, choice in _chosen(one, answer):
                _raise(counts.options, (one.version.id, place, choice), chosen=1)
    return counts


def _chosen(one: Asked, answer: Any) -> list[tuple[int, str]]:
    """(place in the version, class or '') of what was chosen."""
    places = dict(one.options)
    if isinstance(answer, Mapping):
        return [(places[name], str(choice)) for name, choice in answer.items() if name in places]
    return [(places[name], "") for name in answer or () if name in places]


def _add(session: Session, table: Any, names: tuple[str, ...], rows: Sums) -> None:
    """Add to the rows' numbers. The mark's lock keeps other counters away, so a missing row may simply be made."""
    keys = [table.c[name] for name in names]
    have = {tuple(row) for row in session.execute(select(*keys).where(keys[0].in_({key[0] for key in rows})))}
    fresh = [dict(zip(names, key, strict=True)) | dict(values) for key, values in rows.items() if key not in have]
    if fresh:
        session.execute(insert(table), fresh)
    for key, values in rows.items():
        if key in have:
            here = and_(*(column == value for column, value in zip(keys, key, strict=True)))
            raised = {name: table.c[name] + value for name, value in values.items()}
            session.execute(update(table).where(here).values(raised))


@dataclass(frozen=True)
class Fare:
    """How a version fared. Shares are 0 to 1; `discrimination` is -1 to 1, None where too few answered."""

    asked: int
    share: float | None
    blank: float | None
    seconds: float | None
    discrimination: float | None
    options: tuple[tuple[str, Any, tuple[tuple[str, int], ...]], ...] = ()

    @property
    def enough(self) -> bool:
        return self.asked >= ENOUGH


def _fare(tally: QuestionTally | None, options: Any = ()) -> Fare:
    if tally is None or not tally.asked:
        return Fare(0, None, None, None, None, options)
    asked = tally.asked
    return Fare(
        asked,
        tally.right / asked,
        tally.blank / asked,
        tally.duration_ms / asked / 1000,
        discrimination(tally),
        options,
    )


def discrimination(tally: QuestionTally) -> float | None:
    """The point-biserial correlation of this question's right answers with the rest of the paper.

    Near 0 or below it: those who know more do not get it right more often, so look at its key and wording.
    """
    asked, right = tally.asked, tally.right
    if asked < ENOUGH or right in (0, asked):
        return None
    mean = tally.rest / asked
    spread = tally.rest_squared / asked - mean * mean
    if spread <= 0:
        return None
    ahead = tally.rest_right / right - (tally.rest - tally.rest_right) / (asked - right)
    share = right / asked
    return round(ahead / math.sqrt(spread) * math.sqrt(share * (1 - share)), 3)


def of_version(version_id: int) -> Fare:
    """How a version fared, with each of its options: text, key, and how often it was chosen (by class when sorting)."""
    session = db.session()
    version = bank.versions([version_id])[0]
    rows = session.execute(select(OPTION).where(OPTION.c.version_id == version_id)).all()
    chosen = {(row.place, row.choice): int(row.chosen) for row in rows}
    options = tuple(
        (text, right, tuple((name, chosen.get((place, code), 0)) for code, name in CHOICES))
        if isinstance(right, str)
        else (text, right, (("", chosen.get((place, ""), 0)),))
        for place, (text, right) in enumerate(version.options)
    )
    return _fare(session.get(QuestionTally, version_id), options)


ORDERS: dict[str, tuple[str, Any]] = {
    "hard": ("最难的", QuestionTally.right * 1.0 / QuestionTally.asked),
    "asked": ("答得最多的", -QuestionTally.asked),
    "blank": ("空着最多的", -QuestionTally.blank * 1.0 / QuestionTally.asked),
}


def listed(
    order: str, pool: str, page: int, size: int = 50
) -> tuple[list[tuple[Question, QuestionVersion, Fare]], bool]:
    """Questions in use that were asked at least ENOUGH times, in an order of ORDERS, and whether there are more."""
    statement = (
        select(Question, QuestionVersion, QuestionTally)
        .join(QuestionVersion, NEWEST)
        .join(QuestionTally, QuestionTally.version_id == QuestionVersion.id)
        .where(Question.active.is_(True), QuestionTally.asked >= ENOUGH)
    )
    if pool:
        statement = statement.where(Question.pool == pool)
    statement = statement.order_by(ORDERS[order][1], Question.id).offset(page * size).limit(size + 1)
    rows = [(row[0], row[1], _fare(row[2])) for row in db.session().execute(statement)]
    return rows[:size], len(rows) > size


def months() -> list[str]:
    """The months something was counted in, the newest first."""
    return list(db.session().scalars(select(MONTH.c.month).distinct().order_by(MONTH.c.month.desc()).limit(24)))


@dataclass(frozen=True)
class Missed:
    """A thing or topic people got wrong in a month: the dictionary item's key ('' for a topic), and its questions."""

    item: str
    topic: str
    asked: int
    wrong: int
    texts: tuple[str, ...]

    @property
    def share(self) -> float:
        return self.wrong / self.asked


def most_missed(month: str, most: int = 20) -> list[Missed]:
    """What was got wrong most in a month: items of the dictionary, or topics where no one item is asked about."""
    rows = db.session().execute(
        select(Question.item, Question.topic, QuestionVersion.text, MONTH.c.asked, MONTH.c.wrong)
        .join(Question, Question.id == MONTH.c.question_id)
        .join(
            QuestionVersion, (QuestionVersion.question_id == Question.id) & (QuestionVersion.number == Question.number)
        )
        .where(MONTH.c.month == month)
        .order_by(MONTH.c.wrong.desc(), Question.id)
    )
    gathered: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in rows:
        gathered[row.item, "" if row.item else row.topic].append(row)
    found = [
        Missed(
            item, own[0].topic, sum(row.asked for row in own), sum(row.wrong for row in own),
            tuple(row.text for row in own if row.wrong)[:3],
        )
        for (item, _), own in gathered.items()
    ]  # fmt: skip
    wrong = [one for one in found if one.wrong and one.asked >= ENOUGH]
    return sorted(wrong, key=lambda one: (-one.share, -one.wrong, one.item, one.topic))[:most]
