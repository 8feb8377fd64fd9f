"""Whom a notice about an event did not reach: to be phoned, one number at a time, and what came of it.

Somebody is on the list while the newest notice about their shift is known not to have arrived, or is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries.models import Delivery, DeliveryState
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.events import persons, planning
from sorting_miniapp.events.models import Shift
from sorting_miniapp.events.models_day import CallOutcome, PhoneCall

NOTICES = {"event_cancelled": "取消通知", "event_changed": "变更通知", "event_reminder": "活动提醒"}
NOT_ARRIVED = {
    DeliveryState.REFUSED: "没有订阅",
    DeliveryState.FAILED: "发送失败",
    DeliveryState.UNKNOWN: "结果不明",
}
MOST = 2_000


@dataclass(frozen=True)
class Unreached:
    """One person and notice. `name` and `phone` are masked; `call` is the last call about it."""

    delivery_id: int
    resident_id: int
    name: str
    phone: str
    notice: str
    why: str
    remark: str
    starts_at: datetime
    asked_at: datetime
    call: PhoneCall | None

    @property
    def done(self) -> bool:
        return self.call is not None and self.call.outcome is CallOutcome.REACHED


def listed(actor: StaffActor, event_id: int) -> list[Unreached]:
    """Those not yet phoned first, then the tried, then the reached. Raises NotFound outside the branch."""
    planning.get(actor, event_id)
    rows = _rows(event_id)
    calls = {
        call.delivery_id: call
        for call in db.session().scalars(select(PhoneCall).where(PhoneCall.event_id == event_id).order_by(PhoneCall.id))
    }
    known = persons.of([row.Delivery.resident_id for row in rows])
    found = [_one(row, known.get(row.Delivery.resident_id), calls.get(row.Delivery.id)) for row in rows]
    return sorted(found, key=lambda one: (one.done, one.call is not None, one.starts_at, one.delivery_id))


def _rows(event_id: int) -> Sequence[Any]:
    """The newest notice to each person about each shift, where it did not arrive: (Delivery, nickname, starts_at)."""
    query = select(Shift.id, Shift.starts_at).where(Shift.event_id == event_id)
    shifts = {row.id: row.starts_at for row in db.session().execute(query)}
    newest = db.session().execute(
        select(Delivery, Resident.nickname)
        .join(Resident, Resident.id == Delivery.resident_id)
        .where(
            Delivery.object_type == "shift",
            Delivery.object_id.in_([str(key) for key in shifts]),
            Delivery.notice_key.in_(NOTICES),
            Delivery.state != DeliveryState.CANCELLED,
            Resident.erased_at.is_(None),
        )
        .order_by(Delivery.id.desc())
        .limit(MOST)
        .execution_options(populate_existing=True)
    )
    seen: set[tuple[int, str]] = set()
    found = []
    for row in newest:
        key = (row.Delivery.resident_id, row.Delivery.object_id)
        if key not in seen and row.Delivery.state in NOT_ARRIVED:
            found.append(_Row(row.Delivery, row.nickname, shifts[int(row.Delivery.object_id)]))
        seen.add(key)
    return found


@dataclass(frozen=True)
class _Row:
    Delivery: Delivery
    nickname: str
    starts_at: datetime


def _one(row: _Row, person: persons.Person | None, call: PhoneCall | None) -> Unreached:
    return Unreached(
        delivery_id=row.Delivery.id,
        resident_id=row.Delivery.resident_id,
        name=(person.name if person else "") or row.nickname or "微信用户",
        phone=person.phone if person else "",
        notice=NOTICES[row.Delivery.notice_key],
        why=NOT_ARRIVED[row.Delivery.state],
        remark=(row.Delivery.texts or {}).get("remark", ""),
        starts_at=row.starts_at,
        asked_at=row.Delivery.created_at,
        call=call,
    )


def _of_event(actor: StaffActor, event_id: int, delivery_id: int) -> tuple[int, str]:
    """The resident behind a line of the list, and the event's path. Raises NotFound, Forbidden."""
    _, node = planning.get(actor, event_id, change=True)
    for row in _rows(event_id):
        if row.Delivery.id == delivery_id:
            return row.Delivery.resident_id, node.path
    raise NotFound("notice_not_found", "这个人已不在名单上，请刷新页面")


def reveal(actor: StaffActor, event_id: int, delivery_id: int) -> str:
    """The whole phone number of one person on the list, to call it; audited. Raises NotFound, Forbidden, Conflict."""
    resident_id, path = _of_event(actor, event_id, delivery_id)
    number = persons.phone_of(resident_id)
    if not number:
        raise Conflict("no_phone", "这个人没有登记手机号码")
    with transaction():
        after = {"event": event_id, "reason": "通知没有送达，电话通知"}
        audit.record(actor.username, "event.reveal_phone", "resident", resident_id, node_path=path, after=after)
    return number


def mark_called(actor: StaffActor, event_id: int, delivery_id: int, outcome: CallOutcome, note: str = "") -> None:
    """What came of a call; a later call replaces it, both are audited. Raises NotFound, Forbidden, Invalid."""
    if len(note) > 200:
        raise Invalid("note", "备注不超过 200 个字")
    resident_id, path = _of_event(actor, event_id, delivery_id)
    with transaction() as session:
        row = session.scalar(select(PhoneCall).where(PhoneCall.delivery_id == delivery_id))
        before = None if row is None else {"outcome": row.outcome.value, "note": row.note}
        if row is None:
            row = PhoneCall(delivery_id=delivery_id, event_id=event_id, resident_id=resident_id)
            session.add(row)
        row.outcome, row.note, row.staff_id, row.at = outcome, note, actor.id, clock.now()
        session.flush()
        after = {"outcome": outcome.value, "note": note}
        audit.record(
            actor.username, "event.phone_call", "resident", resident_id, node_path=path, before=before, after=after
        )
