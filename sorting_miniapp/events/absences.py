"""Who signed up and did not come: counted fairly, shown to the person, and open to appeal (rules.md, Events).

An absence is recorded only where others of the shift were checked in (closing.py). `no_show_limit` of them in
`no_show_days` cost the early sign-up and nothing else; one that staff set aside on appeal does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.exc import IntegrityError

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Resident, Role, Staff
from sorting_miniapp.db import db, transaction, violated
from sorting_miniapp.deliveries import service as deliveries
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.events.models import Event, Shift, SignUp, SignUpState
from sorting_miniapp.events.models_absences import AbsenceAppeal, AppealState
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within

PAGE = 20
ANSWER_LENGTH = 200
STATUS = {AppealState.GRANTED: "已撤销", AppealState.REFUSED: "已维持"}


@dataclass(frozen=True)
class Standing:
    """A resident's absences that count now, of how many that cost the early sign-up, in how many days."""

    count: int
    limit: int
    days: int

    @property
    def early(self) -> bool:
        return self.count < self.limit


def standing(resident_id: int, path: str = "") -> Standing:
    """As the settings at the node `path` (the city's where none is given) judge it."""
    limit, days = int(settings.read("no_show_limit", path)), int(settings.read("no_show_days", path))
    set_aside = select(AbsenceAppeal.sign_up_id).where(AbsenceAppeal.state == AppealState.GRANTED)
    counted = db.session().scalar(
        select(func.count(SignUp.id))
        .join(Shift, Shift.id == SignUp.shift_id)
        .where(
            SignUp.resident_id == resident_id,
            SignUp.state == SignUpState.ABSENT,
            Shift.ends_at > clock.now() - timedelta(days=days),
            SignUp.id.not_in(set_aside),
        )
    )
    return Standing(int(counted or 0), limit, days)


def mine(resident_id: int) -> dict[str, Any]:
    """What a resident sees: the standing, and the absences of the last `no_show_days` with their appeals."""
    now = standing(resident_id)
    rows = db.session().execute(
        select(SignUp.public_id, Shift.starts_at, Event.public_id.label("event_id"), Event.title, AbsenceAppeal)
        .join(Shift, Shift.id == SignUp.shift_id)
        .join(Event, Event.id == Shift.event_id)
        .outerjoin(AbsenceAppeal, AbsenceAppeal.sign_up_id == SignUp.id)
        .where(
            SignUp.resident_id == resident_id,
            SignUp.state == SignUpState.ABSENT,
            Shift.ends_at > clock.now() - timedelta(days=now.days),
        )
        .order_by(Shift.starts_at.desc(), SignUp.id.desc())
        .limit(PAGE)
        .execution_options(populate_existing=True)
    )
    items = [
        {
            "sign_up_id": row.public_id,
            "event": {"id": row.event_id, "title": row.title},
            "starts_at": row.starts_at,
            "appeal": _as_answer(row.AbsenceAppeal) if row.AbsenceAppeal else None,
        }
        for row in rows
    ]
    return {"items": items, "count": now.count, "limit": now.limit, "days": now.days, "early_signup": now.early}


def _as_answer(appeal: AbsenceAppeal) -> dict[str, Any]:
    return {
        "state": appeal.state.value,
        "reason": appeal.reason,
        "answer": appeal.answer,
        "created_at": appeal.created_at,
        "decided_at": appeal.decided_at,
    }


def appeal(resident_id: int, sign_up: str, reason: str) -> dict[str, Any]:
    """Say why an absence should not count; once for each. Returns the appeal.

    Raises NotFound; Conflict not_absent, appeal_too_late, appeal_exists.
    """
    row = (
        db.session()
        .execute(
            select(SignUp.id, SignUp.state, Shift.ends_at, Node.path)
            .join(Shift, Shift.id == SignUp.shift_id)
            .join(Event, Event.id == Shift.event_id)
            .join(Node, Node.id == Event.node_id)
            .where(SignUp.public_id == sign_up, SignUp.resident_id == resident_id)
        )
        .first()
    )
    if row is None:
        raise NotFound("signup_not_found", "没有找到这个报名")
    if row.state is not SignUpState.ABSENT:
        raise Conflict("not_absent", "这个报名没有缺席记录")
    if clock.now() > row.ends_at + timedelta(days=int(settings.read("appeal_days", row.path))):
        raise Conflict("appeal_too_late", "申诉期限已过")
    made = AbsenceAppeal(sign_up_id=row.id, reason=reason, state=AppealState.PENDING, answer="", created_at=clock.now())
    try:
        with transaction() as session:
            session.add(made)
    except IntegrityError as error:
        if violated(error) != "uq_absence_appeal_sign_up_id":
            raise
        raise Conflict("appeal_exists", "这次缺席已经申诉过") from error
    return _as_answer(made)


def listed(branches: Sequence[str], state: AppealState | None, before: int | None = None) -> dict[str, Any]:
    """Appeals of the branches, newest first: (AbsenceAppeal, SignUp, Shift, Event, nickname, org_name, decider)."""
    query = (
        select(
            AbsenceAppeal, SignUp, Shift, Event, Resident.nickname,
            Node.name.label("org_name"), Staff.name.label("decider"),
        )
        .join(SignUp, SignUp.id == AbsenceAppeal.sign_up_id)
        .join(Shift, Shift.id == SignUp.shift_id)
        .join(Event, Event.id == Shift.event_id)
        .join(Node, Node.id == Event.node_id)
        .join(Resident, Resident.id == SignUp.resident_id)
        .outerjoin(Staff, Staff.id == AbsenceAppeal.decided_by)
        .where(within(Node.path, branches))
        .order_by(AbsenceAppeal.id.desc())
        .limit(PAGE + 1)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    if state is not None:
        query = query.where(AbsenceAppeal.state == state)
    if before is not None:
        query = query.where(AbsenceAppeal.id < before)
    rows = db.session().execute(query).all()
    following = str(rows[PAGE - 1].AbsenceAppeal.id) if len(rows) > PAGE else None
    return {"items": rows[:PAGE], "next": following}


def one(actor: StaffActor, appeal_id: int) -> Row[*tuple[Any, ...]]:
    """(AbsenceAppeal, SignUp, Event, path) of the actor's branches. Raises NotFound, Forbidden."""
    row = (
        db.session()
        .execute(
            select(AbsenceAppeal, SignUp, Event, Node.path)
            .join(SignUp, SignUp.id == AbsenceAppeal.sign_up_id)
            .join(Shift, Shift.id == SignUp.shift_id)
            .join(Event, Event.id == Shift.event_id)
            .join(Node, Node.id == Event.node_id)
            .where(AbsenceAppeal.id == appeal_id)
            .execution_options(populate_existing=True)
        )
        .first()
    )
    if row is None:
        raise NotFound("appeal_not_found", "没有找到这个申诉")
    actor.require(Role.ORGANISER, row.path)
    return row


def decide(actor: StaffActor, appeal_id: int, grant: bool, answer: str) -> None:
    """Set the absence aside or let it stand, with the reason, which is told. Raises Invalid, NotFound, Conflict."""
    if not 0 < len(answer) <= ANSWER_LENGTH:
        message = f"请填写处理意见（{ANSWER_LENGTH} 字内）"
        raise Invalid("answer", message, {"fields": {"answer": [message]}})
    with transaction() as session:
        row = one(actor, appeal_id)
        found = session.get_one(AbsenceAppeal, appeal_id, with_for_update=True, populate_existing=True)
        if found.state is not AppealState.PENDING:
            raise Conflict("appeal_decided", "这个申诉已处理")
        found.state = AppealState.GRANTED if grant else AppealState.REFUSED
        found.answer, found.decided_by, found.decided_at = answer, actor.id, clock.now()
        session.flush()
        deliveries.notify(
            "result_ready",
            row.SignUp.resident_id,
            {
                "title": row.Event.title,
                "time": clock.local_text(clock.now()),
                "place": row.Event.place,
                "remark": answer,
                "status": STATUS[found.state],
                "deadline": "",
            },
            object_type="absence_appeal",
            object_id=appeal_id,
            page_id=row.SignUp.public_id,
        )
        after = {"state": found.state.value, "answer": answer}
        audit.record(actor.username, "appeal.decide", "appeal", appeal_id, node_path=row.path, after=after)
