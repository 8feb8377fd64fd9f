"""What staff do with events: write, publish, change, cancel; every step audited and inside the own branch.

"Withdraw publication" only with no sign-ups, else "cancel", which tells everybody (rules.md, Events).
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from sorting_miniapp import audit, clock, state
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import after_commit, db, new_public_id, transaction
from sorting_miniapp.errors import Conflict, Forbidden, Invalid, NotFound
from sorting_miniapp.events import campaigns, drafts, kinds, listing, sold_out
from sorting_miniapp.events.drafts import Draft
from sorting_miniapp.events.models import EVENT_STATE_NAMES, Event, EventState, EventTag, Shift, ShiftState, SignUp, Tag
from sorting_miniapp.events.models_planning import EventCohost
from sorting_miniapp.events.people import end_shift, tell_all
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import contains


def get(actor: StaffActor, event_id: int, *, change: bool = False) -> tuple[Event, Node]:
    """An event of the actor's branches, or held together with one of their units, with its unit.

    Raises NotFound; Forbidden for a change without the role at the unit that holds it.
    """
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
    if row is None or not _sees(actor, row.Event.id, row.Node.path):
        raise NotFound("event_not_found", "没有找到这个活动")
    if change and not actor.may(Role.ORGANISER, row.Node.path):
        raise Forbidden()
    return row.Event, row.Node


def _sees(actor: StaffActor, event_id: int, path: str) -> bool:
    branches = actor.branches()
    if any(contains(branch, path) for branch in branches):
        return True
    return any(contains(branch, node.path) for node in cohosts_of(event_id) for branch in branches)


def cohosts_of(event_id: int) -> list[Node]:
    """The units that hold the event together with the organiser's."""
    own = select(Node).join(EventCohost, EventCohost.node_id == Node.id).where(EventCohost.event_id == event_id)
    return orgs.in_order(db.session().scalars(own))


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
    after_commit(sold_out.forget)


def _check(draft: Draft, old: Event | None = None) -> None:
    """A kind that was struck from the list stays good for the events that bear it."""
    known = set(kinds.names())
    drafts.check(draft, known | {old.kind} if old else known)


def _set_cohosts(session: Session, event: Event, wanted: Sequence[int]) -> None:
    others = set(wanted) - {event.node_id}
    found = session.scalars(select(Node.id).where(Node.id.in_(others), Node.active).order_by(Node.id)).all()
    if len(found) != len(others):
        raise drafts.refuse("cohosts", "协办单位有误")
    session.execute(delete(EventCohost).where(EventCohost.event_id == event.id))
    for node_id in found:
        session.execute(insert(EventCohost).values(event_id=event.id, node_id=node_id))


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


def create(
    actor: StaffActor, node_id: int, draft: Draft, template_key: str | None = None, risk_version: int = 1
) -> int:
    """A new event in the state draft; returns its id. Raises NotFound outside the branch, Forbidden, Invalid."""
    _check(draft)
    now = clock.now()
    with transaction() as session:
        node = session.get(Node, node_id)
        if node is None:
            raise NotFound("node_not_found", "没有找到这个单位")
        actor.require(Role.ORGANISER, node.path)
        campaigns.check_joins(actor, draft.campaign_id, node.path)
        event = Event(
            public_id=new_public_id(),
            node_id=node_id,
            template_key=template_key,
            risk_version=risk_version,
            checklist=drafts.ticked(draft.checklist, None),
            state=EventState.DRAFT,
            created_by=actor.id,
            created_at=now,
            changed_at=now,
            **drafts.columns(draft),
        )
        session.add(event)
        session.flush()
        _set_tags(session, event.id, draft.tags)
        _set_cohosts(session, event, draft.cohosts)
        after = {"title": draft.title}
        audit.record(actor.username, "event.create", "event", event.id, node_path=node.path, after=after)
        return event.id


def change(actor: StaffActor, event_id: int, draft: Draft) -> None:
    """Rewrite an event that is not over. A changed place of a published event is told to everybody signed up.

    A changed risk notice gets the next `risk_version`; who accepted an earlier one keeps that number.
    Raises NotFound, Forbidden, Invalid, Conflict.
    """
    with transaction() as session:
        event, node = get(actor, event_id, change=True)
        _check(draft, event)
        if event.state not in (EventState.DRAFT, EventState.PUBLISHED):
            raise Conflict("event_over", "活动已结束或取消，不能修改")
        if event.state is EventState.PUBLISHED:
            drafts.check_complete(draft)
        if draft.campaign_id != event.campaign_id:
            campaigns.check_joins(actor, draft.campaign_id, node.path)
        values = drafts.columns(draft) | {"checklist": drafts.ticked(draft.checklist, event.checklist)}
        before = {name: getattr(event, name) for name, value in values.items() if getattr(event, name) != value}
        if "risks" in before and event.state is EventState.PUBLISHED:
            event.risk_version += 1
        for name in before:
            setattr(event, name, values[name])
        _set_tags(session, event_id, draft.tags)
        _set_cohosts(session, event, draft.cohosts)
        close_change(event)
        if "place" in before and event.state is EventState.PUBLISHED:
            tell_all(session, event, _shifts(session, event_id), f"地点改为{event.place}")
        after = {name: getattr(event, name) for name in before}
        audit.record(actor.username, "event.change", "event", event_id, node_path=node.path, before=before, after=after)


def tick(actor: StaffActor, event_id: int, done: Sequence[str]) -> None:
    """Tick off the lines `done` of the event's checklist, and no others. Raises NotFound, Forbidden."""
    with transaction():
        event, node = get(actor, event_id, change=True)
        before = [row["text"] for row in event.checklist or [] if row["done"]]
        event.checklist = [row | {"done": row["text"] in done} for row in event.checklist or []]
        after = [row["text"] for row in event.checklist if row["done"]]
        if after != before:
            audit.record(
                actor.username, "event.tick", "event", event_id, node_path=node.path,
                before={"checklist": before}, after={"checklist": after},
            )  # fmt: skip


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


def publish(actor: StaffActor, event_id: int) -> None:
    """Open the sign-up. Recruiting states complete information and the risks (志愿服务条例 art. 12), before the event.

    Raises NotFound, Forbidden, Invalid, Conflict.
    """
    with transaction() as session:
        event, node = get(actor, event_id, change=True)
        if event.state is not EventState.DRAFT:
            raise Conflict("not_a_draft", "只有草稿可以发布")
        drafts.check_complete(event)
        shifts = _shifts(session, event_id)
        if not shifts:
            raise Invalid("no_shift", "请先添加至少一个场次")
        if any(shift.starts_at <= clock.now() for shift in shifts):
            raise Invalid("shift_past", "场次的开始时间已过，请修改后再发布")
        event.state, event.published_at = EventState.PUBLISHED, clock.now()
        close_change(event)
        audit.record(actor.username, "event.publish", "event", event_id, node_path=node.path)


def ever_signed_up(event_id: int) -> bool:
    """Whether anybody has signed up for a shift of the event, be it withdrawn since."""
    query = select(SignUp.id).join(Shift, Shift.id == SignUp.shift_id).where(Shift.event_id == event_id)
    return db.session().scalar(query.limit(1)) is not None


def withdraw_publication(actor: StaffActor, event_id: int) -> None:
    """Make a published event a draft again: only while nobody has ever signed up. Raises Conflict has_signups."""
    with transaction() as session:
        event, node = get(actor, event_id, change=True)
        if event.state is not EventState.PUBLISHED:
            raise Conflict("not_published", f"这个活动的状态是“{EVENT_STATE_NAMES[event.state]}”，不能撤回发布")
        _shifts(session, event_id)  # held: nobody signs up meanwhile
        if ever_signed_up(event_id):
            raise Conflict("has_signups", "已有人报名，只能取消活动")
        event.state, event.published_at = EventState.DRAFT, None
        close_change(event)
        audit.record(actor.username, "event.withdraw", "event", event_id, node_path=node.path)


def cancel(actor: StaffActor, event_id: int, reason: str) -> int:
    """Cancel a published event with all its shifts and tell everybody. Returns how many were told."""
    if not reason:
        raise Invalid("reason_required", "请填写取消原因", {"fields": {"reason": ["请填写取消原因"]}})
    with transaction() as session:
        event, node = get(actor, event_id, change=True)
        if event.state is not EventState.PUBLISHED:
            raise Conflict("not_published", "只有已发布、尚未结束的活动可以取消")
        told = sum(end_shift(session, event, shift, reason) for shift in _shifts(session, event_id))
        event.state, event.cancel_reason = EventState.CANCELLED, reason[:200]
        close_change(event)
        after = {"reason": reason, "told": told}
        audit.record(actor.username, "event.cancel", "event", event_id, node_path=node.path, after=after)
        return told
