"""The questions and quizzes as each process holds them, read anew when their shared version moves."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from sorting_miniapp import state
from sorting_miniapp.db import after_commit, db
from sorting_miniapp.engines import ASIDE
from sorting_miniapp.errors import NotFound, Unavailable
from sorting_miniapp.media import drawings
from sorting_miniapp.quiz import marking
from sorting_miniapp.quiz.marking import Version
from sorting_miniapp.quiz.models import Question, QuestionVersion, Quiz
from sorting_miniapp.quiz.models_desk import Correction
from sorting_miniapp.quiz.models_sets import QuestionSetMember
from sorting_miniapp.teaching import sources

VERSION = "quiz_version"
MOST_VERSIONS = 20_000


@dataclass(frozen=True)
class Rules:
    """A quiz as plain values."""

    id: int
    slug: str
    title: str
    intro: str
    kind: str
    pool: str
    topics: tuple[str, ...]
    audience: str
    count: int
    minutes: int
    opens_at: datetime | None
    closes_at: datetime | None
    freezes_at: datetime | None = None
    revealed_at: datetime | None = None
    pass_percent: int | None = None
    per_day: int | None = None
    question_seconds: int | None = None
    series: str = ""
    stage: int = 0
    stars: tuple[int, ...] = ()
    untimed_allowed: bool = False
    entry: str = "person"
    prizes: str = ""
    chosen: frozenset[int] | None = None  # the questions of its set; None: all that fit

    def asks(self, question_id: int, pool: str, topic: str, audience: str) -> bool:
        """Whether a question may be drawn."""
        if self.chosen is not None:
            return pool == self.pool and question_id in self.chosen
        return pool == self.pool and audience == self.audience and (not self.topics or topic in self.topics)


@dataclass
class _Bank:
    number: int = -1
    quizzes: dict[str, Rules] = field(default_factory=dict)
    questions: list[tuple[int, str, str, str, int]] = field(default_factory=list)  # id, pool, topic, audience, version
    correction: int = 0  # the newest correction's number
    rulings: dict[int, list[tuple[int, str, Any]]] = field(default_factory=dict)  # by version: number, action, options
    drawable: dict[str, list[int]] = field(default_factory=dict)  # by slug

    def ruled(self, version: Version, until: int) -> Version:
        """The version as corrections up to a number leave it."""
        found = [one for one in self.rulings.get(version.id, ()) if one[0] <= until]
        return marking.ruled(version, found[-1][1], found[-1][2]) if found else version


_lock = threading.Lock()
_bank = _Bank()
_versions: dict[int, Version] = {}


def changed() -> None:
    """Let every process read anew, from the caller's transaction on."""
    state.bump(VERSION)
    after_commit(forget)


def forget() -> None:
    _bank.number = -1


def _current() -> _Bank:
    global _bank
    number = state.get(VERSION)
    if _bank.number != number:
        # A connection of its own: the request's may stand at a moment before the change (SQLite's snapshots).
        with _lock, Session(db.engines[ASIDE]) as session:
            if _bank.number == number:
                return _bank
            fresh = _Bank(number, _read_quizzes(session), _read_questions(session), *_read_corrections(session))
            _bank = fresh
            _versions.clear()  # titles of sources and addresses of drawings may have changed
        return fresh
    return _bank


def _read_quizzes(session: Session, slug: str = "") -> dict[str, Rules]:
    wanted = Quiz.slug == slug if slug else Quiz.active.is_(True)
    rows = session.scalars(select(Quiz).where(wanted).order_by(Quiz.position, Quiz.id)).all()
    chosen: dict[int, set[int]] = {row.set_id: set() for row in rows if row.set_id}
    for member in session.scalars(select(QuestionSetMember).where(QuestionSetMember.set_id.in_(chosen))):
        chosen[member.set_id].add(member.question_id)
    return {
        row.slug: Rules(
            row.id, row.slug, row.title, row.intro, row.kind.value, row.pool.value, tuple(row.topics), row.audience,
            row.count, row.minutes, row.opens_at, row.closes_at, row.freezes_at, row.revealed_at, row.pass_percent,
            row.per_day, row.question_seconds, row.series, row.stage, tuple(row.stars or ()), row.untimed_allowed,
            row.entry.value, row.prizes, frozenset(chosen[row.set_id]) if row.set_id else None,
        )
        for row in rows
    }  # fmt: skip


def _read_questions(session: Session) -> list[tuple[int, str, str, str, int]]:
    rows = session.execute(
        select(Question.id, Question.pool, Question.topic, Question.audience, QuestionVersion.id)
        .join(
            QuestionVersion,
            (QuestionVersion.question_id == Question.id) & (QuestionVersion.number == Question.number),
        )
        .where(Question.active.is_(True))
        .order_by(Question.id)
    )
    return [(row[0], row[1].value, row[2], row[3], row[4]) for row in rows]


def _read_corrections(session: Session) -> tuple[int, dict[int, list[tuple[int, str, Any]]]]:
    rows = session.execute(
        select(Correction.number, Correction.version_id, Correction.action, Correction.options)
        .where(Correction.number.is_not(None))
        .order_by(Correction.number)
    ).all()
    rulings: dict[int, list[tuple[int, str, Any]]] = {}
    for row in rows:
        rulings.setdefault(row.version_id, []).append((int(row.number or 0), row.action.value, row.options))
    return max((int(row.number or 0) for row in rows), default=0), rulings


def quizzes() -> list[Rules]:
    return list(_current().quizzes.values())


def find(slug: str) -> Rules | None:
    return _current().quizzes.get(slug)


def quiz(slug: str) -> Rules:
    """Raises NotFound."""
    found = find(slug)
    if found is None:
        raise NotFound("quiz_not_found", "没有找到这个答题")
    return found


def quiz_of(slug: str) -> Rules:
    """Also one that was closed: its attempts can still be looked at. Raises NotFound."""
    found = _current().quizzes.get(slug) or _read_quizzes(db.session(), slug).get(slug)
    if found is None:
        raise NotFound("quiz_not_found", "没有找到这个答题")
    return found


def by_id(quiz_id: int) -> Rules:
    """A quiz by its key, also one that was closed. Raises NotFound."""
    for one in _current().quizzes.values():
        if one.id == quiz_id:
            return one
    return quiz_of(db.session().scalar(select(Quiz.slug).where(Quiz.id == quiz_id)) or "")


def eligible(rules: Rules) -> list[int]:
    """Version ids a quiz may draw, in the order of their questions. Raises Unavailable when there are too few."""
    here = _current()
    found = here.drawable.get(rules.slug)
    if found is None:
        found = here.drawable[rules.slug] = [
            version
            for question_id, pool, topic, audience, version in here.questions
            if rules.asks(question_id, pool, topic, audience)
        ]
    if len(found) < rules.count:
        raise Unavailable("too_few_questions", "题目还没有准备好，请稍后再来")
    return found


def of_day(rules: Rules, day: date) -> list[int]:
    """The versions of a day: the eligible ones in a scrambled circle, the next stretch each day."""
    circle = sorted(eligible(rules), key=lambda key: blake2b(f"{rules.slug}.{key}".encode(), digest_size=8).digest())
    start = day.toordinal() * rules.count
    return [circle[(start + step) % len(circle)] for step in range(rules.count)]


def versions(ids: Iterable[int]) -> list[Version]:
    """Versions by id, in the given order, as corrections leave them."""
    return corrected(ids)[1]


def corrected(ids: Iterable[int]) -> tuple[int, list[Version]]:
    """(number of the newest correction known here, the versions as corrections up to it leave them)."""
    here = _current()
    return here.correction, [here.ruled(one, here.correction) for one in _unchanged(list(ids))]


def as_of(ids: Iterable[int], correction: int) -> list[Version]:
    """The versions as corrections up to this number left them."""
    here = _current()
    return [here.ruled(one, correction) for one in _unchanged(list(ids))]


def _unchanged(wanted: list[int]) -> list[Version]:
    """Versions as they were written; they never change, so each process keeps them."""
    kept = {key: one for key in wanted if (one := _versions.get(key))}
    missing = [key for key in wanted if key not in kept]
    if missing:
        rows = db.session().scalars(select(QuestionVersion).where(QuestionVersion.id.in_(missing)))
        titles, addresses = sources.titles(), drawings.addresses()
        found = {row.id: _plain(row, titles, addresses) for row in rows}
        kept |= found
        with _lock:
            if len(_versions) > MOST_VERSIONS:
                _versions.clear()
            _versions.update(found)
    return [kept[key] for key in wanted]


def topics(questions: Iterable[int]) -> dict[int, str]:
    """The topic of each question."""
    rows = db.session().execute(select(Question.id, Question.topic).where(Question.id.in_(set(questions))))
    return {row.id: row.topic for row in rows}


def _plain(row: QuestionVersion, titles: Mapping[str, str], addresses: Mapping[str, str]) -> Version:
    options: list[dict[str, Any]] = row.options
    return Version(
        row.id, row.question_id, row.asked_as, row.text, tuple((one["text"], one["right"]) for one in options),
        row.explanation, titles.get(row.source, row.source), addresses.get(row.picture, ""),
    )  # fmt: skip


def forget_versions() -> None:
    """For tests, whose databases begin anew."""
    _versions.clear()
    forget()
