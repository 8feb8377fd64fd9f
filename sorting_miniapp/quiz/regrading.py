"""The job behind a correction: what it would change, and, once it binds, marking anew attempt by attempt.

Marking anew can be broken off and begun again: an attempt that has the correction's number is done. Each batch is one
transaction in which marks, ledger, learning, standings and notices change together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Text, or_, select, type_coerce, update

from sorting_miniapp import clock, state
from sorting_miniapp.accounts.models import Resident, Role
from sorting_miniapp.db import db, transaction
from sorting_miniapp.imports import workbook
from sorting_miniapp.jobs import kinds
from sorting_miniapp.quiz import bank, boards, corrections, effects, marking, outcomes
from sorting_miniapp.quiz.attempts import COLUMNS, TABLE, Open
from sorting_miniapp.quiz.bank import Rules
from sorting_miniapp.quiz.marking import Marks, Version
from sorting_miniapp.quiz.models import QuizDay
from sorting_miniapp.quiz.models_desk import Correction
from sorting_miniapp.retries import again

AT_ONCE = 25  # attempts in one transaction, or a person's all: short, so that on SQLite submissions need not wait
PASSES = 5
HEADER = ("居民", "答题", "原得分", "新得分", "原答对", "新答对", "积分变化", "学习证明")


@dataclass(frozen=True)
class Change:
    """An attempt whose result a correction changes; `points` the difference, `certificate` a number it touches."""

    attempt: Open
    rules: Rules
    before: Marks
    after: Marks
    points: int = 0
    certificate: str = ""

    @property
    def real(self) -> bool:
        return (self.before.right, self.before.total, self.before.score) != (
            self.after.right, self.after.total, self.after.score,
        )  # fmt: skip


def register() -> None:
    """Make the kind of job known (create_app)."""
    kinds.register(kinds.Kind(corrections.JOB, "题目更正", (Role.EDITOR, Role.REVIEWER), make, shared=True))


def make(asked: kinds.Asked, progress: kinds.Progress) -> kinds.File:
    """Preview or mark anew, as asked; the file lists every attempt whose result changes."""
    correction, _ = corrections.find(int(asked.parameters["correction"]))
    apply = bool(asked.parameters["apply"])
    found = _apply(correction, progress) if apply else _preview(correction, progress)
    data = workbook.write("成绩变化", HEADER, _lines(found))
    return kinds.File("成绩变化.xlsx" if apply else "成绩变化预览.xlsx", workbook.XLSX, [data])


def _lines(changes: Sequence[Change]) -> Iterator[tuple[object, ...]]:
    people = sorted({one.attempt.resident_id for one in changes})
    names: dict[int, str] = {}
    for first in range(0, len(people), 500):
        query = select(Resident.id, Resident.public_id).where(Resident.id.in_(people[first : first + 500]))
        names |= {row.id: f"居民{row.public_id[-4:]}" for row in db.session().execute(query)}
    for one in changes:
        yield (
            names[one.attempt.resident_id], one.rules.title, one.before.score, one.after.score, one.before.right,
            one.after.right, one.points, one.certificate,
        )  # fmt: skip


def _asked_in(version_id: int) -> Any:
    """Attempts whose paper has the version; `versions` is stored as [1,2,3]."""
    text = type_coerce(TABLE.c.versions, Text)
    here = (f"[{version_id}]", f"[{version_id},%", f"%,{version_id},%", f"%,{version_id}]")
    return or_(*(text.like(one) for one in here))


def _batches(condition: Any, progress: kinds.Progress, say: str) -> Iterator[list[int]]:
    """Keys of attempts, some at a time, a person's all together: the people of the batches can be added up."""
    found = select(TABLE.c.resident_id, TABLE.c.id).where(condition).order_by(TABLE.c.resident_id, TABLE.c.id)
    rows, done, batch = db.session().execute(found).all(), 0, list[int]()
    for place, row in enumerate(rows, start=1):
        batch.append(row.id)
        whole = place == len(rows) or rows[place].resident_id != row.resident_id
        if whole and (len(batch) >= AT_ONCE or place == len(rows)):
            yield batch
            done, batch = done + len(batch), []
            progress(done, len(rows), say)


def marks(found: Open, versions: Sequence[Version]) -> Marks:
    """What the attempt's answers are worth by these versions."""
    return marking.mark(marking.paper(found.seed, versions), found.answers or {}, found.rule)


def _preview(correction: Correction, progress: kinds.Progress) -> list[Change]:
    """What would change, written on the correction; nothing else is touched."""
    changes: list[Change] = []
    attempts = 0
    for batch in _batches(_asked_in(correction.version_id) & TABLE.c.submitted_at.is_not(None), progress, "正在试算"):
        attempts += len(batch)
        rows = db.session().execute(select(*COLUMNS).where(TABLE.c.id.in_(batch)).order_by(TABLE.c.id))
        changes += [one for row in rows if (one := _would_be(correction, Open(*tuple(row)))).real]
    summary = outcomes.summary(changes, attempts) | {"ranks": outcomes.ranks_changed(changes)}
    with transaction() as session:
        session.execute(
            update(Correction)
            .where(Correction.id == correction.id, Correction.number.is_(None))
            .values(preview=summary)
        )
    return changes


def _would_be(correction: Correction, found: Open) -> Change:
    before = bank.versions(found.versions)
    after = [
        marking.ruled(one, correction.action.value, correction.options) if one.id == correction.version_id else one
        for one in before
    ]
    rules, old, new = bank.by_id(found.quiz_id), marks(found, before), marks(found, after)
    points = 0 if found.disqualified else effects.difference(rules, found, new.right)
    return Change(found, rules, old, new, points, outcomes.certificate(rules, found, old.score, new.score))


def _apply(correction: Correction, progress: kinds.Progress) -> list[Change]:
    """Mark anew until no attempt with the version has an older number. Returns what this run changed."""
    number = int(correction.number or 0)
    clock.sleep(2 * state.MAX_AGE)  # by then every process knows the correction and marks with it
    older = _asked_in(correction.version_id) & (TABLE.c.correction < number)
    changes: list[Change] = []
    for _ in range(PASSES):
        before = len(changes)
        seen = 0
        for batch in _batches(older, progress, "正在重新计分"):
            seen += len(batch)
            changes += again(partial(_mark_anew, correction, number, batch))
        if not seen and before == len(changes):
            break
    with transaction() as session:
        session.execute(update(Correction).where(Correction.id == correction.id).values(done_at=clock.now()))
    return changes


def _mark_anew(correction: Correction, number: int, ids: Sequence[int]) -> list[Change]:
    """One batch. Locks as a submission does: the day's points, then the attempt; learners after both, in one order."""
    changes = []
    with transaction() as session:
        _lock_days(ids)
        session.execute(
            update(TABLE)
            .where(TABLE.c.id.in_(ids), TABLE.c.submitted_at.is_(None), TABLE.c.correction < number)
            .values(correction=number)
        )
        for found in _locked(ids, number):
            known, versions = bank.corrected(found.versions)
            change = _store(found, bank.as_of(found.versions, found.correction), versions, known, correction.reason)
            if change.real or change.points:
                changes.append(change)
        touched: dict[int, set[int]] = defaultdict(set)
        for change in changes:
            touched[change.rules.id].add(change.attempt.resident_id)
        for quiz_id in sorted(touched):
            boards.rebuild(quiz_id, touched[quiz_id])
        outcomes.tell(correction, changes)
        outcomes.add(correction.id, changes, len(ids))
    return changes


def _lock_days(ids: Sequence[int]) -> None:
    """Lock the days' points of the attempts' residents, before any attempt is touched."""
    session = db.session()
    people = session.execute(select(TABLE.c.resident_id, TABLE.c.started_at).where(TABLE.c.id.in_(ids))).all()
    for resident_id, day in sorted({(row.resident_id, clock.local(row.started_at).date()) for row in people}):
        mine = (QuizDay.resident_id == resident_id, QuizDay.day == day)
        session.execute(select(QuizDay.points).where(*mine).with_for_update())


def _locked(ids: Sequence[int], number: int) -> list[Open]:
    """The submitted attempts of a batch that are still to be marked, locked, in the order of their residents."""
    rows = db.session().execute(
        select(*COLUMNS)
        .where(TABLE.c.id.in_(ids), TABLE.c.submitted_at.is_not(None), TABLE.c.correction < number)
        .order_by(TABLE.c.resident_id, TABLE.c.id)
        .with_for_update()
    )
    return [Open(*tuple(row)) for row in rows]


def _store(found: Open, old: list[Version], new: list[Version], known: int, reason: str) -> Change:
    rules, before, after = bank.by_id(found.quiz_id), marks(found, old), marks(found, new)
    asked = marking.paper(found.seed, new)
    kept = [place for place, worth in enumerate(after.worth) if worth is not None]
    points = effects.correct(
        rules,
        effects.Marked(
            found.id, found.resident_id, found.started_at, [asked[place].version for place in kept], found.points
        ),
        [before.worth[place] == marking.FULL for place in kept],
        [after.worth[place] == marking.FULL for place in kept],
        not found.disqualified,
        f"题目更正：{reason}",
    )
    with transaction() as session:
        session.execute(
            update(TABLE)
            .where(TABLE.c.id == found.id)
            .values(right_count=after.right, total=after.total, score=after.score, points=points, correction=known)
        )
    certificate = outcomes.certificate(rules, found, before.score, after.score)
    return Change(found, rules, before, after, points - found.points, certificate)
