"""Head counts: whom an event reached off the system, each figure with who counted and how (rules.md, Events)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Invalid
from sorting_miniapp.events.models import EventState
from sorting_miniapp.events.models_counts import CountKind, HeadCount
from sorting_miniapp.events.planning import get


def of(event_id: int) -> dict[CountKind, HeadCount]:
    """The figures entered so far."""
    rows = db.session().scalars(select(HeadCount).where(HeadCount.event_id == event_id))
    return {row.kind: row for row in rows}


def enter(actor: StaffActor, event_id: int, kind: CountKind, value: int, counted_by: str, how: str) -> None:
    """Enter or correct one figure with who counted and how. Raises Invalid, NotFound, Forbidden, Conflict."""
    if not 0 <= value <= 10_000_000:
        raise Invalid("head_count", "数量须为 0 到 10000000 的整数")
    if not counted_by or not how or len(counted_by) > 40 or len(how) > 200:
        raise Invalid("head_count", "请填写统计人（40 字内）与统计办法（200 字内）")
    with transaction() as session:
        event, node = get(actor, event_id, change=True)
        if event.state not in (EventState.PUBLISHED, EventState.FINISHED):
            raise Conflict("not_published", "只有已发布或已结束的活动可以登记人数")
        row = session.scalar(select(HeadCount).where(HeadCount.event_id == event_id, HeadCount.kind == kind))
        before: dict[str, Any] = (
            {} if row is None else {"value": row.value, "counted_by": row.counted_by, "how": row.how}
        )
        if row is None:
            row = HeadCount(event_id=event_id, kind=kind)
            session.add(row)
        row.value, row.counted_by, row.how = value, counted_by, how
        row.recorded_by, row.recorded_at = actor.id, clock.now()
        session.flush()
        after = {"kind": kind.value, "value": value, "counted_by": counted_by, "how": how}
        audit.record(
            actor.username, "event.head_count", "event", event_id, node_path=node.path, before=before, after=after
        )
