"""A group's leader signs members up, each with a place of their own; for members of the own group only.

All or none: whoever cannot be signed up is named, and nobody is. Members see it among their sign-ups and may withdraw
like anybody; the leader may withdraw and confirm for them (service.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sorting_miniapp.accounts import groups
from sorting_miniapp.accounts.models import GroupMember, Resident
from sorting_miniapp.db import after_commit, db, transaction, violated
from sorting_miniapp.errors import DomainError, Invalid
from sorting_miniapp.events import conditions, listing, places, service
from sorting_miniapp.events.conditions import Wish
from sorting_miniapp.events.models import Event, Shift, SignUp, SignUpState


@dataclass(frozen=True)
class MemberWish:
    """A member by the opaque id the group's list shows, with their age when they are a minor."""

    member: str
    age: int | None = None


def sign_up(leader: int, event: str, group: int, members: Sequence[MemberWish], wish: Wish) -> list[dict[str, Any]]:
    """Sign the members up for one shift; `wish` holds for each of them. Returns a sign-up each, in their order.

    Raises NotFound not_the_leader, group_not_found; Invalid member_unknown, member_twice; and what a sign-up raises,
    with `details.member` naming the first it is about.
    """
    groups.require_leader(leader, group)
    residents = _residents(group, members)
    shift = conditions.choose(event, wish.shift)
    by_leader = {"group": group, "signed_by": leader}
    wishes = {residents[one.member]: replace(wish, age=one.age) for one in members}
    wishes = conditions.with_known_ages(shift, wishes)
    rows = []
    for one in members:
        resident = residents[one.member]
        with _about(one):
            conditions.check(resident, shift, wishes[resident])
        rows.append((one, service.row_of(resident, shift, wishes[resident]) | by_leader))
    made = []
    with transaction() as session:
        for resident in sorted(residents.values()):
            places.lock_resident(session, resident)
        for one, values in rows:  # all of them before the shift is locked, see places.py
            with _about(one):
                places.refuse_overlap(session, values)
        for one, values in rows:
            with _about(one):
                made.append(_take(session, values, one, wish.wait))
        _tell(session, shift.id, leader, [(residents[row["member"]], row["state"]) for row in made])
        after_commit(listing.kept.forget)
    return made


def _residents(group: int, members: Sequence[MemberWish]) -> dict[str, int]:
    known = {one.id: one.resident_id for one in groups.members(group)}
    if len({one.member for one in members}) < len(members):
        raise Invalid("member_twice", "同一名成员不能重复填写")
    for one in members:
        if one.member not in known:
            raise Invalid("member_unknown", "只能为本团体的成员报名", {"member": one.member})
    return {one.member: known[one.member] for one in members}


@contextmanager
def _about(one: MemberWish) -> Iterator[None]:
    """Name the member in what goes wrong."""
    try:
        yield
    except DomainError as error:
        error.details["member"] = one.member
        raise


def _take(session: Session, values: dict[str, Any], one: MemberWish, wait: bool) -> dict[str, Any]:
    try:
        position = None if places.take(session, values) else service.queue(values, wait)
    except IntegrityError as error:
        if violated(error) != places.LIVE_KEY:
            raise
        raise places.already_signed_up() from error
    state = SignUpState.CONFIRMED if position is None else SignUpState.WAITING
    return {"member": one.member, "id": values["public_id"], "state": state.value, "queue_position": position}


def _tell(session: Session, shift_id: int, leader: int, members: Sequence[tuple[int, str]]) -> None:
    """Each member but the leader learns that they were signed up, so that they can withdraw in time."""
    row = session.execute(
        select(Event, Shift).join(Shift, Shift.event_id == Event.id).where(Shift.id == shift_id)
    ).one()
    for resident, state in members:
        if resident != leader:
            status = "候补中" if state == SignUpState.WAITING else "报名成功"
            places.tell("event_signed_up", resident, row.Event, row.Shift, status=status)


def listed(leader: int, event: str, group: int) -> list[dict[str, Any]]:
    """The group's live sign-ups for the event, by shift and in the order they were made. Raises NotFound."""
    groups.require_leader(leader, group)
    rows = db.session().execute(
        select(SignUp.public_id, SignUp.state, Shift.public_id.label("shift_id"), Resident.nickname,
               GroupMember.public_id.label("member"))
        .join(Shift, Shift.id == SignUp.shift_id)
        .join(Event, Event.id == Shift.event_id)
        .join(Resident, Resident.id == SignUp.resident_id)
        .join(GroupMember, (GroupMember.resident_id == Resident.id) & (GroupMember.node_id == SignUp.group_id))
        .where(Event.public_id == event, SignUp.group_id == group, SignUp.live == 1)
        .order_by(Shift.starts_at, Shift.id, SignUp.id)
    )  # fmt: skip
    return [
        {"member": row.member, "nickname": row.nickname, "id": row.public_id, "shift_id": row.shift_id,
         "state": row.state.value}
        for row in rows
    ]  # fmt: skip
