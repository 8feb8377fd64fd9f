"""Taking away what nobody but staff has seen: a draft, and a shift of one. What people signed up for is cancelled."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.db import transaction
from sorting_miniapp.errors import Conflict, NotFound
from sorting_miniapp.events.models import Event, EventState, EventTag, Shift
from sorting_miniapp.events.models_counts import HeadCount
from sorting_miniapp.events.models_day import EventPhoto, PrintedCode, ShiftLeader
from sorting_miniapp.events.models_planning import EventCohost
from sorting_miniapp.events.planning import close_change, get

PARTS = (EventTag, EventCohost, HeadCount, PrintedCode, EventPhoto)


def delete_draft(actor: StaffActor, event_id: int) -> None:
    """Delete a draft with its shifts; audited. Raises NotFound, Forbidden, Conflict not_a_draft, in_use."""
    with transaction() as session:
        event, node = get(actor, event_id, change=True)
        _require_draft(event)
        shifts = session.scalars(select(Shift.id).where(Shift.event_id == event_id)).all()
        try:
            for part in PARTS:
                session.execute(delete(part).where(part.event_id == event_id))
            _delete_shifts(session, shifts)
            session.execute(delete(Event).where(Event.id == event_id))
        except IntegrityError as error:
            raise Conflict("in_use", "这个活动已有报名、记录或媒体登记，不能删除") from error
        before = {"title": event.title, "shifts": len(shifts)}
        audit.record(actor.username, "event.delete", "event", event_id, node_path=node.path, before=before)


def delete_shift(actor: StaffActor, shift_id: int) -> int:
    """Delete a shift of a draft; audited. Returns the event. Raises NotFound, Forbidden, Conflict."""
    with transaction() as session:
        shift = session.get(Shift, shift_id)
        if shift is None:
            raise NotFound("shift_not_found", "没有找到这个场次")
        event, node = get(actor, shift.event_id, change=True)
        _require_draft(event)
        before = {"starts_at": str(clock.local(shift.starts_at)), "capacity": shift.capacity}
        try:
            _delete_shifts(session, [shift_id])
        except IntegrityError as error:
            raise Conflict("in_use", "这个场次已有报名或记录，不能删除") from error
        session.expunge(shift)
        event.starts_at = event.ends_at = None  # for the last one; else they are those of the shifts left
        close_change(event)
        audit.record(actor.username, "event.delete_shift", "shift", shift_id, node_path=node.path, before=before)
        return event.id


def _require_draft(event: Event) -> None:
    if event.state is not EventState.DRAFT:
        raise Conflict("not_a_draft", "只有草稿可以删除，已发布的请取消")


def _delete_shifts(session: Session, shifts: Sequence[int]) -> None:
    session.execute(delete(ShiftLeader).where(ShiftLeader.shift_id.in_(shifts)))
    session.execute(delete(Shift).where(Shift.id.in_(shifts)))
