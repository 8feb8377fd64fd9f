"""What verifiers decide: settle a record's minutes, void it, answer a dispute; a late entry needs two of them.

Two-person rules compare persons: nobody verifies hours of an event they organised or typed in themselves, and a
disputed record is decided by somebody other than who settled it before (rules.md; design.md §6, Roles).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role, Staff
from sorting_miniapp.db import db, transaction, violated
from sorting_miniapp.deliveries import service as deliveries
from sorting_miniapp.errors import Conflict, DomainError, Forbidden, Invalid
from sorting_miniapp.events.places import lock_resident
from sorting_miniapp.hours import ledger, records, tiers
from sorting_miniapp.hours.models import (
    TIER_NAMES,
    Decision,
    RecordDispute,
    RecordReview,
    RecordState,
    ServiceRecord,
    Source,
)

CLAIM_CONFIRMATIONS = 2
MOST_BULK = 100


def settle(actor: StaffActor, record_id: int, minutes: int, reason: str) -> RecordState:
    """Settle the minutes, at most `longest`; returns the state that follows.

    A late entry takes effect when two different people have settled it on the same minutes. On a record in force it is
    a correction. Raises NotFound, Forbidden, Invalid, Conflict.
    """
    return _decide(actor, record_id, Decision.CONFIRM, minutes, reason)


def void(actor: StaffActor, record_id: int, reason: str) -> RecordState:
    """Take a record out of force; its minutes leave the ledger by a correction. Raises as `settle`."""
    return _decide(actor, record_id, Decision.VOID, 0, reason)


@dataclass(frozen=True)
class Bulk:
    """What a bulk action did: how many took effect, how many wait for a second person, what was refused and why."""

    in_force: int
    waiting: int
    refused: tuple[tuple[str, str], ...]


def bulk(actor: StaffActor, record_ids: Sequence[int], decision: Decision, reason: str) -> Bulk:
    """Decide many records, each for itself: confirmed with the minutes asked for, or voided.

    Raises Invalid for no or too many records, or a missing reason; what one record refuses stops no other.
    """
    if not 1 <= len(record_ids) <= MOST_BULK:
        raise Invalid("bulk", f"请选择 1 到 {MOST_BULK} 条记录")
    if not reason or len(reason) > 200:
        raise Invalid("reason_required", "请填写理由（200 字内）")
    done, waits, refused = 0, 0, []
    for record_id in dict.fromkeys(record_ids):
        title = f"第 {record_id} 条"
        try:
            record = records.in_branch(record_id, actor.branches()).ServiceRecord
            title = f"{record.served_on} {record.title}"
            minutes = record.minutes if decision is Decision.CONFIRM else 0
            state = _decide(actor, record_id, decision, minutes, reason)
            done, waits = done + (state is not RecordState.PENDING), waits + (state is RecordState.PENDING)
        except DomainError as error:
            refused.append((title, error.message))
    return Bulk(done, waits, tuple(refused))


def _decide(actor: StaffActor, record_id: int, decision: Decision, minutes: int, reason: str) -> RecordState:
    if not reason or len(reason) > 200:
        raise Invalid("reason_required", "请填写理由（200 字内）")
    try:
        with transaction() as session:
            record, path = _locked(session, actor, record_id)
            _check_person(actor, record)
            if decision is Decision.CONFIRM:
                _check_minutes(actor, record, minutes, path)
            before = {"state": record.state.value, "minutes": record.minutes}
            _note(session, actor, record, decision, minutes, reason)
            if decision is Decision.VOID or _agreed(session, record, minutes):
                _put_in_force(session, actor, record, minutes, reason)
            after = {"state": record.state.value, "minutes": minutes, "reason": reason}
            audit.record(
                actor.username,
                f"hours.{decision.value}",
                "service_record",
                record_id,
                node_path=path,
                before=before,
                after=after,
            )
            return record.state
    except IntegrityError as error:
        if violated(error) != "uq_record_review_record_id_round_staff_id":
            raise
        raise Conflict("decided_already", "您已核验过这条记录，须由另一位核验员核验") from error


def _locked(session: Session, actor: StaffActor, record_id: int) -> tuple[ServiceRecord, str]:
    """The record under its resident's lock, so that the day's sum cannot change meanwhile."""
    row = records.in_branch(record_id, actor.branches())
    actor.require(Role.VERIFIER, row.path)
    lock_resident(session, row.ServiceRecord.resident_id)
    record = session.get_one(ServiceRecord, record_id, with_for_update=True, populate_existing=True)
    if record.state is RecordState.VOID:
        raise Conflict("record_void", "这条记录已作废")
    return record, row.path


def _check_person(actor: StaffActor, record: ServiceRecord) -> None:
    if actor.id in (record.organiser_id, record.entered_by):
        raise Forbidden("own_event", "不能核验自己组织或登记的活动的时长，请由另一位核验员核验")
    if record.state is RecordState.DISPUTED and actor.id == record.settled_by:
        raise Forbidden("own_decision", "有异议的记录须由另一位核验员复核")


def _check_minutes(actor: StaffActor, record: ServiceRecord, minutes: int, path: str) -> None:
    if not 1 <= minutes <= record.longest:
        raise Invalid("minutes", f"时长须为 1 到 {record.longest} 分钟")
    day = ledger.asked_on(record.resident_id, record.served_on, without=record.id)
    record.tier = records.needed(day + minutes, path)
    if not actor.may(Role.VERIFIER, tiers.path_for(record.tier, path)):
        raise Forbidden("higher_unit_needed", f"当日时长超出限额，须由{TIER_NAMES[record.tier]}的核验员核验")


def _note(
    session: Session, actor: StaffActor, record: ServiceRecord, decision: Decision, minutes: int, reason: str
) -> None:
    if record.state is RecordState.EFFECTIVE:
        record.round += 1  # a correction of what is in force is a matter of its own
        session.flush()
    session.execute(
        insert(RecordReview).values(
            record_id=record.id,
            round=record.round,
            staff_id=actor.id,
            decision=decision,
            minutes=minutes,
            reason=reason,
            at=clock.now(),
        )
    )


def _agreed(session: Session, record: ServiceRecord, minutes: int) -> bool:
    """Whether as many people as needed stand for these minutes in this round."""
    if record.source is not Source.CLAIM or record.state is not RecordState.PENDING or record.entered_by is not None:
        return True  # who entered it for the volunteer is the first of the two people
    people = session.scalar(
        select(func.count(RecordReview.id)).where(
            RecordReview.record_id == record.id,
            RecordReview.round == record.round,
            RecordReview.decision == Decision.CONFIRM,
            RecordReview.minutes == minutes,
        )
    )
    return int(people or 0) >= CLAIM_CONFIRMATIONS


def _put_in_force(session: Session, actor: StaffActor, record: ServiceRecord, minutes: int, reason: str) -> None:
    disputed = record.state is RecordState.DISPUTED
    ledger.bring_to(record, minutes, reason, actor.username)
    record.state = RecordState.EFFECTIVE if minutes else RecordState.VOID
    record.minutes, record.settled_by, record.settled_at = minutes, actor.id, clock.now()
    session.flush()
    if disputed:
        _answer_dispute(session, actor, record.id, reason)
    deliveries.notify(
        "result_ready",
        record.resident_id,
        {
            "title": record.title,
            "time": clock.local_text(clock.now()),
            "place": record.place,
            "remark": reason,
            "status": "已生效" if minutes else "已作废",
            "deadline": "",
        },
        object_type="service_record",
        object_id=record.id,
        page_id=record.public_id,
    )


def _answer_dispute(session: Session, actor: StaffActor, record_id: int, answer: str) -> None:
    found = session.scalar(
        select(RecordDispute).where(RecordDispute.record_id == record_id, RecordDispute.open == 1).with_for_update()
    )
    if found is not None:
        found.open, found.answer, found.answered_by, found.answered_at = None, answer, actor.id, clock.now()
        session.flush()


def reviews(record_id: int) -> list[Row[*tuple[Any, ...]]]:
    """Who decided what, in order: rows (RecordReview, staff_name)."""
    query = (
        select(RecordReview, Staff.name.label("staff_name"))
        .join(Staff, Staff.id == RecordReview.staff_id)
        .where(RecordReview.record_id == record_id)
        .order_by(RecordReview.id)
    )
    return list(db.session().execute(query))


def disputes(record_id: int) -> list[Row[*tuple[Any, ...]]]:
    """The record's disputes with their answers, in order: rows (RecordDispute, staff_name or None)."""
    query = (
        select(RecordDispute, Staff.name.label("staff_name"))
        .outerjoin(Staff, Staff.id == RecordDispute.answered_by)
        .where(RecordDispute.record_id == record_id)
        .order_by(RecordDispute.id)
    )
    return list(db.session().execute(query))
