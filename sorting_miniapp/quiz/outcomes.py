"""What a correction has led to, in figures and in words: how many, whose rank, which certificates, who is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from sorting_miniapp import clock
from sorting_miniapp.certificates.models import Certificate
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries import service as deliveries
from sorting_miniapp.deliveries.models import Delivery
from sorting_miniapp.quiz import boards, order
from sorting_miniapp.quiz.attempts import Open
from sorting_miniapp.quiz.bank import Rules
from sorting_miniapp.quiz.models import Attempt, QuizKind, QuizTotal
from sorting_miniapp.quiz.models_desk import Correction, LearningCertificate
from sorting_miniapp.quiz.order import Result

if TYPE_CHECKING:
    from sorting_miniapp.quiz.regrading import Change

OBJECT = "question_correction"
# Who practises for themselves sees the new marks when they look; the others had a result that counted.
TOLD = frozenset({QuizKind.DAILY, QuizKind.CONTEST, QuizKind.EXAM, QuizKind.LEVEL})


def certificate(rules: Rules, found: Open, before: int, after: int) -> str:
    """The number of a valid certificate that stands on the attempt, where it is no longer passed; else ''."""
    needed = rules.pass_percent
    if needed is None or not after < needed <= before:
        return ""
    query = (
        select(Certificate.number)
        .join(LearningCertificate, LearningCertificate.certificate_id == Certificate.id)
        .where(LearningCertificate.attempt_id == found.id, Certificate.revoked_at.is_(None))
    )
    return db.session().scalar(query) or ""


def summary(changes: Sequence[Change], attempts: int) -> dict[str, Any]:
    """Figures of a run: attempts looked at, attempts and people changed, points given and taken, certificates."""
    return {
        "attempts": attempts,
        "changed": len(changes),
        "people": len({one.attempt.resident_id for one in changes}),
        "up": sum(one.after.score > one.before.score for one in changes),
        "down": sum(one.after.score < one.before.score for one in changes),
        "points_given": sum(max(0, one.points) for one in changes),
        "points_taken": sum(max(0, -one.points) for one in changes),
        "certificates": sorted({one.certificate for one in changes} - {""}),
    }


def add(correction_id: int, changes: Sequence[Change], attempts: int) -> None:
    """Add a batch to the correction's outcome, in the batch's transaction."""
    with transaction() as session:
        row = session.get_one(Correction, correction_id, with_for_update=True, populate_existing=True)
        so_far, here = row.outcome or {}, summary(changes, attempts)
        row.outcome = {key: so_far.get(key, type(value)()) + value for key, value in here.items()}
        session.flush()


def ranks_changed(changes: Sequence[Change]) -> int:
    """How many people would stand at another place of a day's or a contest's board."""
    by_board: dict[tuple[int, str], list[Change]] = defaultdict(list)
    for one in changes:
        if one.rules.kind in boards.WITH_BOARD and not one.attempt.disqualified:
            daily = one.rules.kind == QuizKind.DAILY
            by_board[one.rules.id, (one.attempt.slot or "") if daily else order.ONCE].append(one)
    return sum(_moved(quiz_id, period, found) for (quiz_id, period), found in by_board.items())


def _moved(quiz_id: int, period: str, changes: list[Change]) -> int:
    rows = db.session().execute(
        select(QuizTotal.resident_id, QuizTotal.score, QuizTotal.duration_ms, QuizTotal.finished_at).where(
            QuizTotal.quiz_id == quiz_id, QuizTotal.period == period
        )
    )
    before = {row.resident_id: Result(row.score, row.duration_ms, row.finished_at) for row in rows}
    after = dict(before)
    scores = {one.attempt.id: one.after.score for one in changes}
    results: dict[int, list[Result]] = defaultdict(list)
    for row in _counting(quiz_id, {one.attempt.resident_id for one in changes}):
        if period == order.ONCE or row.slot == period:
            score = scores.get(row.id, row.score)
            results[row.resident_id].append(Result(score, row.duration_ms, row.submitted_at))
    for resident_id, found in results.items():
        top = order.best(found)
        if resident_id in before and top is not None:
            after[resident_id] = top
    old, new = _places(before), _places(after)
    return sum(old[key] != new[key] for key in old)


def _counting(quiz_id: int, people: set[int]) -> list[Any]:
    listed = sorted(people)
    found: list[Any] = []
    for first in range(0, len(listed), 500):
        here = (Attempt.quiz_id == quiz_id, Attempt.resident_id.in_(listed[first : first + 500]), boards.counts())
        query = select(
            Attempt.id, Attempt.resident_id, Attempt.slot, Attempt.score, Attempt.duration_ms, Attempt.submitted_at
        ).where(*here)
        found += db.session().execute(query).all()
    return found


def _places(results: dict[int, Result]) -> dict[int, int]:
    listed = sorted((one.order_key, one.finished_at, key) for key, one in results.items())
    places = order.ranks([(first, second) for first, second, _ in listed])
    return {key: place for (_, _, key), place in zip(listed, places, strict=True)}


def tell(correction: Correction, changes: Sequence[Change]) -> None:
    """One notice to each person whose result that counted has changed, in the batch's transaction."""
    people = {one.attempt.resident_id: one for one in changes if one.rules.kind in TOLD}
    if not people:
        return
    known = set(
        db.session().scalars(
            select(Delivery.resident_id).where(
                Delivery.object_type == OBJECT,
                Delivery.object_id == str(correction.id),
                Delivery.resident_id.in_(people),
            )
        )
    )
    for resident_id in sorted(set(people) - known):
        one = people[resident_id]
        values = {
            "title": one.rules.title[:20], "time": clock.local_text(clock.now()), "place": "", "status": "成绩已更正",
            "remark": f"题目有误，得分由 {one.before.score} 改为 {one.after.score}", "deadline": "",
        }  # fmt: skip
        deliveries.notify(
            "result_ready", resident_id, values, object_type=OBJECT, object_id=correction.id,
            page_id=one.attempt.public_id,
        )  # fmt: skip
