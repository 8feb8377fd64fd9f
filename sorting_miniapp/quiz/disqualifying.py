"""A person takes an attempt's result away, with the reason; its owner may appeal, and another person answers.

Nothing is taken away by itself: flags (honesty.py) are only shown.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.exc import IntegrityError

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Resident, Staff
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries import service as deliveries
from sorting_miniapp.errors import Conflict, Forbidden, Invalid, NotFound
from sorting_miniapp.orgs import settings
from sorting_miniapp.quiz import attempts, bank, boards, desk, effects, marking, regrading
from sorting_miniapp.quiz.attempts import COLUMNS, TABLE, Open
from sorting_miniapp.quiz.models import Attempt, Quiz, QuizDay
from sorting_miniapp.quiz.models_desk import AppealStage, Disqualification

PAGE = 20
REASON, APPEAL, ANSWER = 200, 300, 200
TOLD = {AppealStage.NONE: "成绩已取消", AppealStage.UPHELD: "维持取消", AppealStage.LIFTED: "成绩已恢复"}


def _said(text: str, most: int, label: str) -> str:
    if not 0 < len(text.strip()) <= most:
        raise Invalid("reason", f"请填写{label}（{most} 字内）")
    return text.strip()


def disqualify(actor: StaffActor, attempt_id: int, reason: str) -> None:
    """Take a submitted attempt out of standings, its points back. Raises Invalid, NotFound, Conflict, Forbidden."""
    desk.require_editor(actor)
    said = _said(reason, REASON, "理由，参赛者会看到")
    try:
        with transaction() as session:
            found = _locked(attempt_id)
            if found.submitted_at is None:
                raise Conflict("not_submitted", "还没有交卷，没有成绩可以取消")
            if found.disqualified:
                raise Conflict("already_disqualified", "这次成绩已经取消")
            row = Disqualification(
                attempt_id=attempt_id, live=1, reason=said, by=actor.id, at=clock.now(), stage=AppealStage.NONE,
                appeal="", answer="",
            )  # fmt: skip
            session.add(row)
            session.flush()
            _count(found, False, f"成绩取消：{said}")
            _tell(found, row.id, AppealStage.NONE, said)
            audit.record(actor.username, "attempt.disqualify", "attempt", attempt_id, after={"reason": said})
    except IntegrityError as error:
        raise Conflict("already_disqualified", "这次成绩已经取消") from error


def _locked(attempt_id: int) -> Open:
    """The attempt, locked in a submission's order: the day's points first. Raises NotFound."""
    session = db.session()
    known = session.execute(select(TABLE.c.resident_id, TABLE.c.started_at).where(TABLE.c.id == attempt_id)).first()
    if known is None:
        raise NotFound("attempt_not_found", "没有找到这次答题")
    mine = (QuizDay.resident_id == known.resident_id, QuizDay.day == clock.local(known.started_at).date())
    session.execute(select(QuizDay.points).where(*mine).with_for_update())
    return Open(*tuple(session.execute(select(*COLUMNS).where(TABLE.c.id == attempt_id).with_for_update()).one()))


def _count(found: Open, counts: bool, reason: str) -> None:
    """Let the attempt count or not, with its points and standings, in the caller's transaction."""
    rules = bank.by_id(found.quiz_id)
    versions = bank.as_of(found.versions, found.correction)
    asked, worth = marking.paper(found.seed, versions), regrading.marks(found, versions).worth
    kept = [place for place, one in enumerate(worth) if one is not None]
    right = [worth[place] == marking.FULL for place in kept]
    marked = effects.Marked(
        found.id, found.resident_id, found.started_at, [asked[place].version for place in kept], found.points
    )
    points = effects.correct(rules, marked, right, right, counts, reason)
    with transaction() as session:
        session.execute(update(TABLE).where(TABLE.c.id == found.id).values(disqualified=not counts, points=points))
        boards.rebuild(found.quiz_id, [found.resident_id])


def _tell(found: Open, key: int, stage: AppealStage, words: str) -> None:
    values = {
        "title": bank.by_id(found.quiz_id).title[:20], "time": clock.local_text(clock.now()), "place": "",
        "status": TOLD[stage], "remark": words[:20], "deadline": "",
    }  # fmt: skip
    deliveries.notify(
        "result_ready", found.resident_id, values, object_type="disqualification", object_id=key,
        page_id=found.public_id,
    )  # fmt: skip


def restore(actor: StaffActor, attempt_id: int, answer: str) -> None:
    """Give a result back without an appeal. Raises Invalid, NotFound, Conflict, Forbidden."""
    desk.require_editor(actor)
    said = _said(answer, ANSWER, "说明，参赛者会看到")
    with transaction():
        row = _live(attempt_id)
        _settle(actor, row, AppealStage.LIFTED, said)
        audit.record(actor.username, "attempt.restore", "attempt", attempt_id, after={"answer": said})


def _live(attempt_id: int) -> Disqualification:
    row = db.session().scalar(
        select(Disqualification)
        .where(Disqualification.attempt_id == attempt_id, Disqualification.live == 1)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise Conflict("not_disqualified", "这次成绩没有被取消")
    return row


def _settle(actor: StaffActor, row: Disqualification, stage: AppealStage, answer: str) -> None:
    """Answer, in the caller's transaction; one answer wins."""
    found = _locked(row.attempt_id)
    lifted = stage is AppealStage.LIFTED
    with transaction() as session:
        values = {
            "stage": stage, "answer": answer, "answered_by": actor.id, "answered_at": clock.now(),
            "live": None if lifted else 1,
        }  # fmt: skip
        done = session.execute(
            update(Disqualification)
            .where(Disqualification.id == row.id, Disqualification.live == 1, Disqualification.stage == row.stage)
            .values(**values)
        )
        if done.rowcount == 0:  # type: ignore[attr-defined]
            raise Conflict("appeal_answered", "已经有人处理过")
        if lifted:
            _count(found, True, "成绩恢复")
        _tell(found, row.id, stage, answer)


def decide(actor: StaffActor, disqualification_id: int, lift: bool, answer: str) -> None:
    """Answer an appeal; not by whoever took the result away. Raises Invalid, NotFound, Conflict, Forbidden."""
    desk.require_editor(actor)
    said = _said(answer, ANSWER, "复核意见，参赛者会看到")
    with transaction() as session:
        row = session.get(Disqualification, disqualification_id, populate_existing=True)
        if row is None:
            raise NotFound("appeal_not_found", "没有找到这个申诉")
        if row.by == actor.id:
            raise Forbidden("another_person", "取消成绩的人不能复核，请另一名工作人员处理")
        if row.stage is not AppealStage.PENDING:
            raise Conflict("appeal_answered", "这个申诉已经处理过")
        _settle(actor, row, AppealStage.LIFTED if lift else AppealStage.UPHELD, said)
        after = {"state": row.stage.value, "answer": said}
        audit.record(actor.username, "attempt.decide", "attempt", row.attempt_id, after=after)


def appeal(resident_id: int, attempt: str, words: str) -> dict[str, Any]:
    """The owner's appeal, once, within the days that settings give. Raises NotFound, Conflict."""
    _, found = attempts.own(resident_id, attempt)
    with transaction() as session:
        row = _live(found.id)
        if clock.now() > row.at + timedelta(days=int(settings.read("contest_appeal_days"))):
            raise Conflict("appeal_too_late", "申诉期限已过")
        made = session.execute(
            update(Disqualification)
            .where(Disqualification.id == row.id, Disqualification.stage == AppealStage.NONE)
            .values(stage=AppealStage.PENDING, appeal=words, appealed_at=clock.now())
        )
        if made.rowcount == 0:  # type: ignore[attr-defined]
            raise Conflict("appeal_exists", "这次成绩已经申诉过")
    return standing(found.id)


def with_standing(resident_id: int, attempt: str) -> dict[str, Any]:
    """An own attempt as attempts.get shows it and, where its result was taken away, why and what can be done."""
    rules, found = attempts.own(resident_id, attempt)
    shown = attempts.answer(rules, found)
    return shown | {"disqualification": standing(found.id) if found.disqualified else None}


def standing(attempt_id: int) -> dict[str, Any]:
    """What the owner sees: why, until when to appeal, and how the appeal went; the newest disqualification."""
    row = latest(attempt_id)
    assert row is not None
    return {
        "reason": row.reason, "at": row.at, "stage": row.stage.value, "appeal": row.appeal,
        "appeal_until": row.at + timedelta(days=int(settings.read("contest_appeal_days"))),
        "answer": row.answer, "answered_at": row.answered_at, "contact": str(settings.read("contest_contact")),
    }  # fmt: skip


def latest(attempt_id: int) -> Disqualification | None:
    """An attempt's newest disqualification."""
    return db.session().scalar(
        select(Disqualification)
        .where(Disqualification.attempt_id == attempt_id)
        .order_by(Disqualification.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )


def appeals(actor: StaffActor, stage: AppealStage | None, before: int | None = None) -> dict[str, Any]:
    """Newest first: (Disqualification, Attempt, Quiz, resident's public id, who took it away). Raises Forbidden."""
    desk.require_editor(actor)
    query = (
        select(Disqualification, Attempt, Quiz, Resident.public_id, Staff.name)
        .join(Attempt, Attempt.id == Disqualification.attempt_id)
        .join(Quiz, Quiz.id == Attempt.quiz_id)
        .join(Resident, Resident.id == Attempt.resident_id)
        .join(Staff, Staff.id == Disqualification.by)
        .order_by(Disqualification.id.desc())
        .limit(PAGE + 1)
        .execution_options(populate_existing=True)
    )
    if stage is not None:
        query = query.where(Disqualification.stage == stage)
    if before is not None:
        query = query.where(Disqualification.id < before)
    rows = db.session().execute(query).all()
    following = str(rows[PAGE - 1].Disqualification.id) if len(rows) > PAGE else None
    return {"items": rows[:PAGE], "next": following}


def one_appeal(actor: StaffActor, disqualification_id: int) -> Row[*tuple[Any, ...]]:
    """(Disqualification, Attempt, Quiz). Raises NotFound, Forbidden."""
    desk.require_editor(actor)
    row = (
        db.session()
        .execute(
            select(Disqualification, Attempt, Quiz)
            .join(Attempt, Attempt.id == Disqualification.attempt_id)
            .join(Quiz, Quiz.id == Attempt.quiz_id)
            .where(Disqualification.id == disqualification_id)
            .execution_options(populate_existing=True)
        )
        .first()
    )
    if row is None:
        raise NotFound("appeal_not_found", "没有找到这个申诉")
    return row


def waiting(actor: StaffActor) -> list[Row[*tuple[Any, ...]]]:
    """(Disqualification, Quiz) of the appeals this person may answer, oldest first."""
    if not desk.is_editor(actor):
        return []
    query = (
        select(Disqualification, Quiz)
        .join(Attempt, Attempt.id == Disqualification.attempt_id)
        .join(Quiz, Quiz.id == Attempt.quiz_id)
        .where(Disqualification.stage == AppealStage.PENDING, Disqualification.by != actor.id)
        .order_by(Disqualification.appealed_at, Disqualification.id)
        .limit(PAGE)
    )
    return list(db.session().execute(query))
