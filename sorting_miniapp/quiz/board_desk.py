"""What staff do with leaderboards: look at the live one, let a contest's freeze, reveal it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.quiz import bank, boards, desk, planning
from sorting_miniapp.quiz.models import Quiz, QuizKind
from sorting_miniapp.quiz.models_learning import Pending


def listed() -> list[Quiz]:
    """The quizzes that have leaderboards, as the mini-program lists them."""
    query = select(Quiz).where(Quiz.kind.in_(boards.WITH_BOARD)).order_by(Quiz.position, Quiz.id)
    return list(db.session().scalars(query))


def get(quiz_id: int) -> Quiz:
    """Raises NotFound for a quiz without a leaderboard."""
    found = planning.quiz(quiz_id)
    if found.kind not in boards.WITH_BOARD:
        raise NotFound("no_leaderboard", "这个答题没有排行榜")
    return found


def state(quiz: Any, now: datetime) -> str:
    """A board's state in words."""
    if quiz.freezes_at is None:
        return "实时"
    if quiz.revealed_at is not None:
        return "已公布"
    return "已封榜" if now >= quiz.freezes_at else "未到封榜时间"


def not_counted(quiz_id: int) -> int:
    """How many results are still to be counted."""
    return int(db.session().scalar(select(func.count()).where(Pending.quiz_id == quiz_id)) or 0)


def freeze(actor: StaffActor, quiz_id: int, at: datetime | None) -> None:
    """Let a contest's public board stand still from `at` (None: never) until it is revealed; audited.

    Raises Forbidden, NotFound, Invalid, and Conflict once the board stands still: from then on it can be revealed only.
    """
    desk.require_editor(actor)
    with transaction() as session:
        row = session.get(Quiz, quiz_id, with_for_update=True)
        if row is None or row.kind is not QuizKind.CONTEST:
            raise NotFound("quiz_not_found", "没有找到这次竞赛")
        if row.revealed_at is not None or (row.freezes_at is not None and clock.now() >= row.freezes_at):
            raise Conflict("board_frozen", "排行榜已经封榜，只能公布，不能再改封榜时间")
        if at is not None and at <= clock.now():
            raise Invalid("freezes_at", "封榜时间须晚于现在")
        if at is not None and ((row.opens_at and at <= row.opens_at) or (row.closes_at and at > row.closes_at)):
            raise Invalid("freezes_at", "封榜时间须在竞赛开始之后、结束之前（可以是结束的时刻）")
        before, row.freezes_at = row.freezes_at, at
        session.flush()
        boards.ask_rebuild(quiz_id)
        bank.changed()
        audit.record(
            actor.username, "quiz.freeze", "quiz", quiz_id,
            before={"freezes_at": before and str(before)}, after={"freezes_at": at and str(at)},
        )  # fmt: skip


def reveal(actor: StaffActor, quiz_id: int) -> None:
    """Show everybody the contest's board as it is; audited, once. Raises Forbidden, NotFound, Conflict."""
    desk.require_editor(actor)
    get(quiz_id)
    now = clock.now()
    with transaction() as session:
        frozen = (Quiz.id == quiz_id, Quiz.freezes_at <= now, Quiz.revealed_at.is_(None))
        done = session.execute(update(Quiz).where(*frozen).values(revealed_at=now))
        if done.rowcount == 0:  # type: ignore[attr-defined]
            raise Conflict("board_not_frozen", "排行榜没有封榜，或者已经公布")
        bank.changed()
        audit.record(actor.username, "quiz.reveal_board", "quiz", quiz_id, after={"revealed_at": str(now)})
