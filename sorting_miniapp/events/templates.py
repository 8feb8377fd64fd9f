"""New events from the patterns of content/events/, and from earlier events: copied, or repeated every week."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Invalid, NotFound
from sorting_miniapp.events import planning, requirements, shifts
from sorting_miniapp.events.drafts import Draft
from sorting_miniapp.events.models import Event, EventState, EventTemplate, Shift, ShiftState
from sorting_miniapp.events.requirements import Requirements

MOST_WEEKS = 26
WEEK = timedelta(days=7)


def listed() -> list[EventTemplate]:
    return list(db.session().scalars(select(EventTemplate).order_by(EventTemplate.position, EventTemplate.id)))


def get(key: str) -> EventTemplate:
    """Raises NotFound."""
    found = db.session().scalar(select(EventTemplate).where(EventTemplate.key == key))
    if found is None:
        raise NotFound("template_not_found", "没有找到这个模板")
    return found


def create(actor: StaffActor, node_id: int, draft: Draft, key: str, starts_at: datetime | None = None) -> int:
    """A draft as written on the form, with the pattern's risk version and, where a beginning is known, its posts.

    Returns its id. Raises NotFound, Forbidden, Invalid.
    """
    pattern = get(key)
    with transaction():
        event_id = planning.create(actor, node_id, draft, key, pattern.risk_version)
        if starts_at is not None:
            for post in pattern.posts or []:
                _add_post(actor, event_id, post, starts_at)
        return event_id


def _add_post(actor: StaffActor, event_id: int, post: dict[str, Any], starts_at: datetime) -> None:
    wanted = shifts.Post(tasks=post["tasks"], requirements=Requirements(min_age=post.get("min_age")))
    ends_at = starts_at + timedelta(minutes=post["minutes"])
    shifts.add(actor, event_id, starts_at, ends_at, post["capacity"], post["title"], wanted)


def draft_of(pattern: EventTemplate, place: str = "", contact: str = "") -> Draft:
    """A template's texts, tags, checklist and report fields; times and places stay to be filled in."""
    return Draft(
        title=pattern.title,
        kind=pattern.kind,
        summary=pattern.summary,
        description=pattern.description,
        risks=pattern.risks,
        needs=pattern.needs,
        place=place,
        contact=contact,
        tags=tuple(pattern.tags),
        checklist=tuple(pattern.checklist or ()),
        report_fields=tuple(pattern.report_fields or ()),
    )


def draft_from(actor: StaffActor, node_id: int, key: str, place: str = "", contact: str = "") -> int:
    """A draft straight from a template. Returns its id."""
    return create(actor, node_id, draft_of(get(key), place, contact), key)


def written(event: Event) -> Draft:
    """What was written about an event."""
    at = None
    if event.lat_e5 is not None and event.lng_e5 is not None:
        at = (event.lat_e5 / 100_000, event.lng_e5 / 100_000)
    return Draft(
        **{name: getattr(event, name) for name in ("title", "kind", "summary", "description", "risks", "needs")},
        place=event.place,
        contact=event.contact,
        counts_hours=event.counts_hours,
        tags=tuple(tag.key for tag in planning.tags_of(event.id)),
        cohosts=tuple(node.id for node in planning.cohosts_of(event.id)),
        place_at=at,
        campaign_id=event.campaign_id,
        opens_at=event.opens_at,
        early_hours=event.early_hours,
        checklist=tuple(row["text"] for row in event.checklist or []),
        report_fields=tuple(event.report_fields or ()),
    )


def copy(actor: StaffActor, event_id: int, starts_at: datetime) -> int:
    """A draft like the event, its first shift at `starts_at` and the others as far after it as there. Returns its id.

    Raises NotFound, Forbidden, Invalid.
    """
    event, _ = planning.get(actor, event_id, change=True)
    first = min((shift.starts_at for shift in _shifts(event_id)), default=None)
    return _later(actor, event, timedelta() if first is None else starts_at - first)


def repeat_weekly(actor: StaffActor, event_id: int, weeks: int, publish: bool = False) -> list[int]:
    """`weeks` copies, a week apart, each a draft of its own or published at once. Returns their ids.

    Raises NotFound, Forbidden, Invalid. Weeks of Asia/Shanghai: there is no daylight saving to mind.
    """
    if not 1 <= weeks <= MOST_WEEKS:
        raise Invalid("weeks", f"重复周数须为 1 到 {MOST_WEEKS}")
    with transaction():
        event, _ = planning.get(actor, event_id, change=True)
        if not _shifts(event_id):
            raise Invalid("no_shift", "请先添加至少一个场次")
        if publish and event.state is not EventState.PUBLISHED:
            raise Invalid("not_published", "活动发布后，重复的活动才能一并发布")
        made = [_later(actor, event, WEEK * number) for number in range(1, weeks + 1)]
        for one in made if publish else ():
            planning.publish(actor, one)
        return made


def _later(actor: StaffActor, event: Event, by: timedelta) -> int:
    draft = written(event)
    if draft.opens_at is not None:
        draft = replace(draft, opens_at=draft.opens_at + by)
    with transaction():
        made = planning.create(actor, event.node_id, draft, event.template_key, event.risk_version)
        for shift in _shifts(event.id):
            post = shifts.Post(shift.tasks, shift.served, requirements.of(shift.requirements))
            start, end = shift.starts_at + by, shift.ends_at + by
            if start <= clock.now():
                raise Invalid("shift_past", "新的开始时间须晚于现在")
            shifts.add(actor, made, start, end, shift.capacity, shift.title, post)
        return made


def _shifts(event_id: int) -> list[Shift]:
    query = select(Shift).where(Shift.event_id == event_id, Shift.state != ShiftState.CANCELLED)
    return list(db.session().scalars(query.order_by(Shift.starts_at, Shift.id)))
