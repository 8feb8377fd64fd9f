"""What staff do with events: write, publish, change, cancel; every step audited and inside the own branch.

"Withdraw publication" only with no sign-ups, else "cancel", which tells everybody (rules.md, Events).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from sorting_miniapp import audit, clock, state
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Resident, Role
from sorting_miniapp.db import after_commit, db, new_public_id, transaction
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.events import listing
from sorting_miniapp.events.models import (
    KIND_NAMES,
    Event,
    EventState,
    EventTag,
    Shift,
    ShiftState,
    SignUp,
    SignUpState,
    Tag,
)
from sorting_miniapp.events.places import release, tell
from sorting_miniapp.orgs.models import Node

LENGTHS = {
    "title": 80,
    "summary": 200,
    "place": 120,
    "contact": 80,
    "description": 20_000,
    "risks": 5_000,
    "needs": 5_000,
}
LENGTH_LABELS = {
    "title": "标题",
    "summary": "摘要",
    "place": "地点",
    "contact": "联系人",
    "description": "活动说明",
    "risks": "风险告知",
    "needs": "人员与物资",
}
NEEDED = ("title", "place", "description", "risks", "contact")


@dataclass(frozen=True)
class Draft:
    """What is written about an event. `tags` are keys; `counts_hours`: check-outs become service records."""

    title: str
    kind: str
    summary: str = ""
    description: str = ""
    risks: str = ""
    needs: str = ""
    place: str = ""
    contact: str = ""
    counts_hours: bool = True
    tags: tuple[str, ...] = ()


_FIELDS = tuple(f.name for f in fields(Draft) if f.name != "tags")


def get(actor: StaffActor, event_id: int, *, change: bool = False) -> tuple[Event, Node]:
    """An event in the actor's branches with its unit. Raises NotFound; Forbidden for a change without the role."""
    row = (
        db.session()
        .execute(
            select(Event, Node)
            .join(Node, Node.id == Event.node_id)
            .where(Event.id == event_id)
            .execution_options(populate_existing=True)
        )
        .first()
    )
    if row is None or not any(row.Node.path.startswith(path) for path in actor.branches()):
        raise NotFound("event_not_found", "没有找到这个活动")
    if change:
        actor.require(Role.ORGANISER, row.Node.path)
    return row.Event, row.Node


def close_change(event: Event) -> None:
    """Close a change: the span of the shifts, the time, the caches of every process."""
    session = db.session()
    span = (
        select(func.min(Shift.starts_at), func.max(Shift.ends_at))
        .where(Shift.event_id == event.id, Shift.state != ShiftState.CANCELLED)
        .execution_options(populate_existing=True)
    )
    starts_at, ends_at = session.execute(span).one()
    if starts_at is not None:
        event.starts_at, event.ends_at = starts_at, ends_at
    event.changed_at = clock.now()
    session.flush()
    state.bump(listing.VERSION)
    after_commit(listing.kept.forget)


def _check_draft(draft: Draft) -> None:
    if not draft.title:
        raise Invalid("title", "请填写标题", {"fields": {"title": ["请填写标题"]}})
    if draft.kind not in KIND_NAMES:
        raise Invalid("kind", "请选择活动类型", {"fields": {"kind": ["请选择活动类型"]}})
    for name, longest in LENGTHS.items():
        if len(getattr(draft, name)) > longest:
            message = f"{LENGTH_LABELS[name]}最多 {longest} 个字"
            raise Invalid(name, message, {"fields": {name: [message]}})


def _set_tags(session: Session, event_id: int, keys: Sequence[str]) -> None:
    found = session.scalars(select(Tag.id).where(Tag.key.in_(keys)).order_by(Tag.id)).all()
    session.execute(delete(EventTag).where(EventTag.event_id == event_id))
    for tag in found:
        session.execute(insert(EventTag).values(event_id=event_id, tag_id=tag))


def tags_of(event_id: int) -> list[Tag]:
    rows = db.session().scalars(
        select(Tag)
        .join(EventTag, EventTag.tag_id == Tag.id)
        .where(EventTag.event_id == event_id)
        .order_by(Tag.position, Tag.id)
    )
    return list(rows)


def create(actor: StaffActor, node_id: int, draft: Draft, template_key: str | None = None) -> int:
    """A new event in the state draft; returns its id. Raises NotFound outside the branch, Forbidden, Invalid."""
    _check_draft(draft)
    now = clock.now()
    with transaction() as session:
        node = session.get(Node, node_id)
        if node is None:
            raise NotFound("node_not_found", "没有找到这个单位")
        actor.require(Role.ORGANISER, node.path)
        event = Event(
            public_id=new_public_id(),
            node_id=node_id,
            template_key=template_key,
            state=EventState.DRAFT,
            created_by=actor.id,
            created_at=now,
            changed_at=now,
            **{name: getattr(draft, name) for name in _FIELDS},
        )
        session.add(event)
        session.flush()
        _set_tags(session, event.id, draft.tags)
        audit.record(
            actor.username, "event.create", "event", event.id, node_path=node.path, after={"title": draft.title}
        )
        return event.id


def change(actor: StaffActor, event_id: int, draft: Draft) -> None:
    """Rewrite an event that is not over. A changed place of a published event is told to everybody signed up.

    A changed risk notice gets the next `risk_version`; who accepted an earlier one keeps that number.
    Raises NotFound, Forbidden, Invalid, Conflict.
    """
    _check_draft(draft)
    with transaction() as session:
        event, node = get(actor, event_id, change=True)
        if event.state not in (EventState.DRAFT, EventState.PUBLISHED):
            raise Conflict("event_over", "活动已结束或取消，不能修改")
        if event.state is EventState.PUBLISHED:
            _check_complete(draft)
        before = {name: getattr(event, name) for name in _FIELDS if getattr(event, name) != getattr(draft, name)}
        if "risks" in before and event.state is EventState.PUBLISHED:
            event.risk_version += 1
        for name in before:
            setattr(event, name, getattr(draft, name))
        _set_tags(session, event_id, draft.tags)
        close_change(event)
        if "place" in before and event.state is EventState.PUBLISHED:
            tell_all(session, event, _shifts(session, event_id), f"地点改为{event.place}")
        after = {name: getattr(event, name) for name in before}
        audit.record(actor.username, "event.change", "event", event_id, node_path=node.path, before=before, after=after)


def _check_complete(draft: Draft | Event) -> None:
    for name in NEEDED:
        if not getattr(draft, name):
            message = f"请填写{LENGTH_LABELS[name]}"
            raise Invalid(name, f"招募信息不完整：{message}", {"fields": {name: [message]}})


def _shifts(session: Session, event_id: int) -> list[Shift]:
    return list(
        session.scalars(
            select(Shift)
            .where(Shift.event_id == event_id, Shift.state == ShiftState.OPEN)
            .order_by(Shift.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def live_of(session: Session, shift_id: int) -> list[SignUp]:
    """The live sign-ups of a shift whose row is locked, theirs locked too.

    The residents' rows come first, as in a check-in: a notice refers to them, and MariaDB locks what is referred to.
    """
    people = session.scalars(select(SignUp.resident_id).where(SignUp.shift_id == shift_id, SignUp.live == 1)).all()
    if people:
        own = select(Resident.id).where(Resident.id.in_(people)).order_by(Resident.id)
        session.execute(own.with_for_update(read=True, key_share=True)).all()
    return list(
        session.scalars(
            select(SignUp)
            .where(SignUp.shift_id == shift_id, SignUp.live == 1)
            .order_by(SignUp.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def tell_all(session: Session, event: Event, shifts: Sequence[Shift], remark: str) -> None:
    for shift in shifts:
        for one in live_of(session, shift.id):
            tell("event_changed", one.resident_id, event, shift, remark=remark)


def publish(actor: StaffActor, event_id: int) -> None:
    """Open the sign-up. Recruiting states complete information and the risks (志愿服务条例 art. 12), before the event.

    Raises NotFound, Forbidden, Invalid, Conflict.
    """
    with transaction() as session:
        event, node = get(actor, event_id, change=True)
        if event.state is not EventState.DRAFT:
            raise Conflict("not_a_draft", "只有草稿可以发布")
        _check_complete(event)
        shifts = _shifts(session, event_id)
        if not shifts:
            raise Invalid("no_shift", "请先添加至少一个场次")
        if any(shift.starts_at <= clock.now() for shift in shifts):
            raise Invalid("shift_past", "场次的开始时间已过，请修改后再发布")
        event.state, event.published_at = EventState.PUBLISHED, clock.now()
        close_change(event)
        audit.record(actor.username, "event.publish", "event", event_id, node_path=node.path)


def withdraw_publication(actor: StaffActor, event_id: int) -> None:
    """Make a published event a draft again: only while nobody has ever signed up. Raises Conflict has_signups."""
    with transaction() as session:
        event, node = get(actor, event_id, change=True)
        if event.state is not EventState.PUBLISHED:
            raise Conflict("not_published", "活动不在发布状态")
        shifts = [shift.id for shift in _shifts(session, event_id)]
        if session.scalar(select(SignUp.id).where(SignUp.shift_id.in_(shifts)).limit(1)):
            raise Conflict("has_signups", "已有人报名，只能取消活动")
        event.state, event.published_at = EventState.DRAFT, None
        close_change(event)
        audit.record(actor.username, "event.withdraw", "event", event_id, node_path=node.path)


def cancel(actor: StaffActor, event_id: int, reason: str) -> int:
    """Cancel a draft or published event with all its shifts and tell everybody. Returns how many were told."""
    if not reason:
        raise Invalid("reason_required", "请填写取消原因", {"fields": {"reason": ["请填写取消原因"]}})
    with transaction() as session:
        event, node = get(actor, event_id, change=True)
        if event.state not in (EventState.DRAFT, EventState.PUBLISHED):
            raise Conflict("event_over", "活动已结束或取消")
        told = sum(end_shift(session, event, shift, reason) for shift in _shifts(session, event_id))
        event.state, event.cancel_reason = EventState.CANCELLED, reason[:200]
        close_change(event)
        after = {"reason": reason, "told": told}
        audit.record(actor.username, "event.cancel", "event", event_id, node_path=node.path, after=after)
        return told


def end_shift(session: Session, event: Event, shift: Shift, reason: str) -> int:
    """Everybody live is told before anything of theirs is passed on: nobody is offered a place on a cancelled shift."""
    people = live_of(session, shift.id)
    if any(one.state is SignUpState.ATTENDED for one in people):
        raise Conflict("event_started", "已有人签到，不能取消")
    shift.state = ShiftState.CANCELLED
    session.flush()
    for one in people:
        tell("event_cancelled", one.resident_id, event, shift, remark=reason)
        release(session, shift, one, SignUpState.CANCELLED, reason[:200])
    return len(people)
