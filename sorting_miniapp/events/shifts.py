"""Shifts of an event: add, move, resize, cancel one; and taking one person off a shift. Everything is audited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.db import after_commit, new_public_id, transaction
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.events import listing, requirements, tokens
from sorting_miniapp.events.models import EventState, Shift, ShiftState, SignUp, SignUpState
from sorting_miniapp.events.people import end_shift, live_of, tell_all
from sorting_miniapp.events.places import lock_resident, lock_shift, pass_on, release, tell
from sorting_miniapp.events.planning import close_change, get
from sorting_miniapp.events.requirements import Requirements

LONGEST = timedelta(hours=24)
MOST = 100_000


@dataclass(frozen=True)
class Post:
    """What is done on the shift, for whom, and who may take it."""

    tasks: str = ""
    served: str = ""
    requirements: Requirements = Requirements()

    def columns(self) -> dict[str, Any]:
        return {"tasks": self.tasks, "served": self.served, "requirements": requirements.kept(self.requirements)}


NOTHING_ASKED = Post()


def add(
    actor: StaffActor,
    event_id: int,
    starts_at: datetime,
    ends_at: datetime,
    capacity: int,
    title: str = "",
    post: Post = NOTHING_ASKED,
) -> int:
    """A shift of a draft or published event; returns its id. Raises Invalid, NotFound, Forbidden, Conflict."""
    _check_shift(starts_at, ends_at, capacity, title, post)
    with transaction() as session:
        event, node = get(actor, event_id, change=True)
        if event.state not in (EventState.DRAFT, EventState.PUBLISHED):
            raise Conflict("event_over", "活动已结束或取消，不能添加场次")
        shift = Shift(
            public_id=new_public_id(),
            event_id=event_id,
            title=title,
            starts_at=starts_at,
            ends_at=ends_at,
            capacity=capacity,
            places_taken=0,
            waiting=0,
            next_queue_number=1,
            state=ShiftState.OPEN,
            secret=tokens.new_secret(),
            created_at=clock.now(),
            **post.columns(),
        )
        session.add(shift)
        session.flush()
        close_change(event)
        after = {"starts_at": str(clock.local(starts_at)), "capacity": capacity}
        audit.record(actor.username, "event.add_shift", "shift", shift.id, node_path=node.path, after=after)
        return shift.id


def _check_shift(starts_at: datetime, ends_at: datetime, capacity: int, title: str, post: Post) -> None:
    if starts_at <= clock.now():
        raise Invalid("shift_past", "开始时间须晚于现在")
    if not starts_at < ends_at <= starts_at + LONGEST:
        raise Invalid("shift_times", "结束时间须晚于开始时间，且一个场次不超过 24 小时")
    if not 1 <= capacity <= MOST:
        raise Invalid("capacity", f"名额须为 1 到 {MOST} 的整数")
    if len(title) > 80:
        raise Invalid("shift_title", "场次名称最多 80 个字")
    if len(post.tasks) > 500 or len(post.served) > 120:
        raise Invalid("post", "岗位职责最多 500 个字，服务对象最多 120 个字")
    requirements.check_wanted(post.requirements)


def change(
    actor: StaffActor,
    shift_id: int,
    starts_at: datetime,
    ends_at: datetime,
    capacity: int,
    title: str = "",
    post: Post = NOTHING_ASKED,
) -> None:
    """Move a shift or change its places before it begins; a new time is told, more places go to the waiting list.

    Raises Invalid, NotFound, Forbidden, Conflict (shift_over, too_few_places).
    """
    _check_shift(starts_at, ends_at, capacity, title, post)
    with transaction() as session:
        known = session.get(Shift, shift_id)
        if known is None:
            raise NotFound("shift_not_found", "没有找到这个场次")
        event, node = get(actor, known.event_id, change=True)
        shift = lock_shift(session, shift_id)
        if shift.state is not ShiftState.OPEN or (shift.starts_at <= clock.now() and shift.places_taken):
            raise Conflict("shift_over", "场次已开始、结束或取消，不能修改")
        if capacity < shift.places_taken:
            raise Conflict("too_few_places", f"已有 {shift.places_taken} 人占用名额，名额不能更少")
        values = {"starts_at": starts_at, "ends_at": ends_at, "capacity": capacity, "title": title} | post.columns()
        before = {name: getattr(shift, name) for name, value in values.items() if getattr(shift, name) != value}
        for name in before:
            setattr(shift, name, values[name])
        session.flush()
        close_change(event)
        if {"starts_at", "ends_at"} & set(before) and event.state is EventState.PUBLISHED:
            for one in live_of(session, shift_id):
                one.reminded = 0
            tell_all(session, event, [shift], "时间有变，请留意新的时间")
        pass_on(session, shift)
        after = {name: values[name] for name in before}
        audit.record(
            actor.username, "event.change_shift", "shift", shift_id, node_path=node.path, before=before, after=after
        )


def cancel(actor: StaffActor, shift_id: int, reason: str) -> int:
    """Cancel one shift and tell everybody on it. Returns how many were told."""
    if not reason:
        raise Invalid("reason_required", "请填写取消原因", {"fields": {"reason": ["请填写取消原因"]}})
    with transaction() as session:
        shift = session.get(Shift, shift_id)
        if shift is None:
            raise NotFound("shift_not_found", "没有找到这个场次")
        event, node = get(actor, shift.event_id, change=True)
        shift = lock_shift(session, shift_id)
        if shift.state is not ShiftState.OPEN:
            raise Conflict("shift_over", "场次已结束或取消")
        told = end_shift(session, event, shift, reason)
        close_change(event)
        after = {"reason": reason, "told": told}
        audit.record(actor.username, "event.cancel_shift", "shift", shift_id, node_path=node.path, after=after)
        return told


def remove_sign_up(actor: StaffActor, sign_up_id: int, reason: str) -> None:
    """Take one person off a shift, told with the reason; the place goes the way of a resident's own withdrawal."""
    if not reason:
        raise Invalid("reason_required", "请填写取消原因")
    with transaction() as session:
        found = session.get(SignUp, sign_up_id)
        shift = session.get(Shift, found.shift_id) if found else None
        if found is None or shift is None:
            raise NotFound("signup_not_found", "没有找到这个报名")
        event, node = get(actor, shift.event_id, change=True)
        shift = lock_shift(session, shift.id)
        lock_resident(session, found.resident_id)
        found = session.get_one(SignUp, sign_up_id, with_for_update=True, populate_existing=True)
        if not found.live or found.state in (SignUpState.ATTENDED, SignUpState.ABSENT):
            raise Conflict("signup_ended", "这个报名已结束或已签到")
        tell("event_cancelled", found.resident_id, event, shift, remark=reason)
        release(session, shift, found, SignUpState.CANCELLED, reason[:200])
        after_commit(listing.kept.forget)
        audit.record(
            actor.username, "event.remove_sign_up", "sign_up", sign_up_id, node_path=node.path, after={"reason": reason}
        )
