"""Prizes of a contest: recorded by staff once the standing is public, and handed over to a person with a name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.exc import IntegrityError

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Resident, Staff
from sorting_miniapp.certificates import masking
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries import service as deliveries
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.quiz import desk, order, planning
from sorting_miniapp.quiz.models import Quiz, QuizKind, QuizTotal
from sorting_miniapp.quiz.models_desk import ContestPrize

TOP = 100
PRIZE, WINNER, NOTE = 60, 20, 100


def contest(quiz_id: int) -> Quiz:
    """Raises NotFound."""
    found = planning.quiz(quiz_id)
    if found.kind is not QuizKind.CONTEST:
        raise NotFound("quiz_not_found", "没有找到这个竞赛")
    return found


def public(quiz: Quiz) -> bool:
    """Whether the final standing is known: the contest is over and, where the board froze, it was revealed."""
    over = quiz.closes_at is not None and quiz.closes_at <= clock.now()
    return over and (quiz.freezes_at is None or quiz.revealed_at is not None)


def standing(quiz_id: int) -> list[tuple[int, QuizTotal, str]]:
    """(rank, total, resident's public id) of the first TOP of the final standing."""
    rows = (
        db.session()
        .execute(
            select(QuizTotal, Resident.public_id)
            .join(Resident, Resident.id == QuizTotal.resident_id)
            .where(QuizTotal.quiz_id == quiz_id, QuizTotal.period == order.ONCE)
            .order_by(QuizTotal.order_key, QuizTotal.finished_at, QuizTotal.resident_id)
            .limit(TOP)
            .execution_options(populate_existing=True)
        )
        .all()
    )
    places = order.ranks([(row.QuizTotal.order_key, row.QuizTotal.finished_at) for row in rows])
    return [(place, row.QuizTotal, row.public_id) for place, row in zip(places, rows, strict=True)]


def recorded(quiz_id: int) -> list[Row[*tuple[Any, ...]]]:
    """(ContestPrize, resident's public id, who handed it over) in the order of places."""
    query = (
        select(ContestPrize, Resident.public_id, Staff.name.label("giver"))
        .join(Resident, Resident.id == ContestPrize.resident_id)
        .outerjoin(Staff, Staff.id == ContestPrize.handed_by)
        .where(ContestPrize.quiz_id == quiz_id)
        .order_by(ContestPrize.place, ContestPrize.id)
        .execution_options(populate_existing=True)
    )
    return list(db.session().execute(query))


def record(actor: StaffActor, quiz_id: int, resident_id: int, prize: str) -> None:
    """Write down who won what, and tell the winner. Raises Invalid, NotFound, Conflict, Forbidden."""
    desk.require_editor(actor)
    quiz, said = contest(quiz_id), prize.strip()
    if not 0 < len(said) <= PRIZE:
        raise Invalid("prize", f"请填写奖品（{PRIZE} 字内）")
    if not public(quiz):
        raise Conflict("not_public", "竞赛结束、公布名次之后才能登记获奖")
    place = next((place for place, total, _ in standing(quiz_id) if total.resident_id == resident_id), None)
    if place is None:
        raise NotFound("not_in_standing", "这个人不在名次里")
    row = ContestPrize(
        quiz_id=quiz_id, resident_id=resident_id, place=place, prize=said, recorded_by=actor.id,
        recorded_at=clock.now(), note="",
    )  # fmt: skip
    try:
        with transaction() as session:
            session.add(row)
            session.flush()
            values = {
                "title": quiz.title[:20], "time": clock.local_text(clock.now()), "place": "", "status": "已获奖",
                "remark": f"第 {place} 名，请按竞赛页联系领取"[:20], "deadline": "",
            }  # fmt: skip
            deliveries.notify("result_ready", resident_id, values, object_type="contest_prize", object_id=row.id)
            audit.record(actor.username, "quiz.record_prize", "quiz", quiz_id, after={"value": said, "number": place})
    except IntegrityError as error:
        raise Conflict("prize_exists", "已经登记过这个人的这份奖品") from error


def hand_over(actor: StaffActor, prize_id: int, winner: str, note: str) -> int:
    """Write down that it was handed over, by this member of staff, to a person with this name; returns the quiz's key.

    Raises Invalid, NotFound, Conflict, Forbidden.
    """
    desk.require_editor(actor)
    name, remark = winner.strip(), note.strip()
    if not 0 < len(name) <= WINNER or len(remark) > NOTE:
        raise Invalid("winner", f"请填写领取人姓名（{WINNER} 字内）")
    row = _prize(prize_id)
    with transaction() as session:
        done = session.execute(
            update(ContestPrize)
            .where(ContestPrize.id == prize_id, ContestPrize.handed_at.is_(None))
            .values(winner=name, handed_by=actor.id, handed_at=clock.now(), note=remark)
        )
        if done.rowcount == 0:  # type: ignore[attr-defined]
            raise Conflict("prize_handed", "这份奖品已经领取")
        after = {"value": row.prize, "name": masking.name(name)}
        audit.record(actor.username, "quiz.hand_prize", "quiz", row.quiz_id, after=after)
    return row.quiz_id


def remove(actor: StaffActor, prize_id: int) -> int:
    """Strike out a prize written down by mistake; returns the quiz's key. Raises NotFound, Conflict, Forbidden."""
    desk.require_editor(actor)
    row = _prize(prize_id)
    with transaction() as session:
        done = session.execute(
            delete(ContestPrize).where(ContestPrize.id == prize_id, ContestPrize.handed_at.is_(None))
        )
        if done.rowcount == 0:  # type: ignore[attr-defined]
            raise Conflict("prize_handed", "这份奖品已经领取，不能删除")
        audit.record(actor.username, "quiz.remove_prize", "quiz", row.quiz_id, before={"value": row.prize})
    return row.quiz_id


def quiz_of(prize_id: int) -> int:
    """The key of the quiz a prize belongs to. Raises NotFound."""
    return _prize(prize_id).quiz_id


def _prize(prize_id: int) -> ContestPrize:
    row = db.session().get(ContestPrize, prize_id)
    if row is None:
        raise NotFound("prize_not_found", "没有找到这份奖品")
    return row
