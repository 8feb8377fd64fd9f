"""Volunteer groups: their details, who belongs to them, who leads them, and who asks to join.

A group is a node of the kind `group`. A resident asks to join; a leader of the group or staff of its branch decides.
Leaders have rights over their own group only (design.md §6, Tree).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import GroupMember, GroupState, Resident, Role, VolunteerGroup
from sorting_miniapp.db import db, new_public_id, transaction, violated
from sorting_miniapp.errors import Conflict, Forbidden, Invalid, NotFound
from sorting_miniapp.orgs.models import Node, NodeKind
from sorting_miniapp.orgs.tree import within

PAGE = 20
MOST_GROUPS = 20
MANAGERS = (Role.ADMIN, Role.ORGANISER)


@dataclass(frozen=True)
class Member:
    """A resident's standing in a group; `id` is opaque."""

    id: str
    resident_id: int
    nickname: str
    state: GroupState
    leader: bool
    asked_at: datetime
    decided_at: datetime | None


def is_leader(resident_id: int, node_id: int) -> bool:
    """Whether the resident leads the group."""
    row = standing(resident_id, node_id)
    return row is not None and row.leader


def is_member(resident_id: int, node_id: int) -> bool:
    """Whether the resident belongs to the group (leaders do)."""
    row = standing(resident_id, node_id)
    return row is not None and row.state is GroupState.MEMBER


def standing(resident_id: int, node_id: int) -> GroupMember | None:
    """The resident's row in the group, or None for who never asked."""
    query = select(GroupMember).where(GroupMember.resident_id == resident_id, GroupMember.node_id == node_id)
    return db.session().scalar(query.execution_options(populate_existing=True))


def members(node_id: int) -> list[Member]:
    """Who belongs to the group: leaders first, then in the order of joining; one statement."""
    return _people(node_id, GroupState.MEMBER)


def names_of(residents: Sequence[int]) -> dict[int, list[str]]:
    """The names of the groups each resident belongs to; one statement."""
    rows = db.session().execute(
        select(GroupMember.resident_id, Node.name)
        .join(Node, Node.id == GroupMember.node_id)
        .where(GroupMember.resident_id.in_(set(residents)), GroupMember.state == GroupState.MEMBER)
        .order_by(GroupMember.resident_id, Node.path)
    )
    found: dict[int, list[str]] = {}
    for row in rows:
        found.setdefault(row.resident_id, []).append(row.name)
    return found


def requests(node_id: int) -> list[Member]:
    """Who asks to join, the longest waiting first; one statement."""
    return _people(node_id, GroupState.REQUESTED)


def _people(node_id: int, state: GroupState) -> list[Member]:
    rows = db.session().execute(
        select(GroupMember, Resident.nickname)
        .join(Resident, Resident.id == GroupMember.resident_id)
        .where(GroupMember.node_id == node_id, GroupMember.state == state)
        .order_by(GroupMember.leader.desc(), GroupMember.decided_at, GroupMember.asked_at, GroupMember.id)
    )
    return [
        Member(row.public_id, row.resident_id, nickname, row.state, row.leader, row.asked_at, row.decided_at)
        for row, nickname in rows
    ]


def of_resident(resident_id: int) -> list[Row[*tuple[Any, ...]]]:
    """The groups a resident belongs to or has asked: rows (id, name, state, leader, asked_at), by name."""
    query = (
        select(Node.id, Node.name, GroupMember.state, GroupMember.leader, GroupMember.asked_at)
        .join(GroupMember, GroupMember.node_id == Node.id)
        .where(
            GroupMember.resident_id == resident_id,
            GroupMember.state.in_((GroupState.MEMBER, GroupState.REQUESTED)),
            Node.active,
        )
        .order_by(Node.name, Node.id)
    )
    return list(db.session().execute(query))


def _listed() -> Select[*tuple[Any, ...]]:
    above = aliased(Node)
    count = select(func.count(GroupMember.id)).where(GroupMember.node_id == Node.id).correlate(Node)
    return (
        select(
            Node.id,
            Node.name,
            Node.path,
            VolunteerGroup.number,
            VolunteerGroup.contact,
            VolunteerGroup.about,
            above.id.label("parent_id"),
            above.name.label("parent_name"),
            count.where(GroupMember.state == GroupState.MEMBER).scalar_subquery().label("members"),
            count.where(GroupMember.state == GroupState.REQUESTED).scalar_subquery().label("waiting"),
        )
        .join(above, above.id == Node.parent_id)
        .outerjoin(VolunteerGroup, VolunteerGroup.node_id == Node.id)
        .where(Node.kind == NodeKind.GROUP, Node.active)
    )


def search(
    words: str = "", after: int | None = None, branches: Sequence[str] | None = None, waiting: bool = False
) -> dict[str, Any]:
    """Groups whose name or number contains `words`, a page in the order of their ids; one statement.

    `branches` narrows them to an actor's, `waiting` to those somebody asks to join.
    Returns {"items": rows (id, name, path, number, contact, about, parent_id, parent_name, members, waiting), "next"}.
    """
    query = _listed()
    if words:
        named = Node.name.contains(words, autoescape=True)
        query = query.where(or_(named, VolunteerGroup.number.contains(words, autoescape=True)))
    if branches is not None:
        query = query.where(within(Node.path, branches))
    if waiting:
        asking = select(GroupMember.id).where(GroupMember.node_id == Node.id, GroupMember.state == GroupState.REQUESTED)
        query = query.where(asking.exists())
    if after is not None:
        query = query.where(Node.id > after)
    rows = db.session().execute(query.order_by(Node.id).limit(PAGE + 1)).all()
    return {"items": rows[:PAGE], "next": str(rows[PAGE - 1].id) if len(rows) > PAGE else None}


def get(node_id: int, branches: Sequence[str] | None = None) -> Row[*tuple[Any, ...]]:
    """One group as a row of `search`. Raises NotFound for what is no open group, or outside the branches."""
    query = _listed().where(Node.id == node_id)
    if branches is not None:
        query = query.where(within(Node.path, branches))
    row = db.session().execute(query).first()
    if row is None:
        raise NotFound("group_not_found", "没有找到这个团体")
    return row


def require_leader(resident_id: int, node_id: int) -> Row[*tuple[Any, ...]]:
    """The group, for its leader; to anybody else it has no members to show. Raises NotFound."""
    row = get(node_id)
    if not is_leader(resident_id, node_id):
        raise NotFound("not_the_leader", "您不是这个团体的负责人")
    return row


def require_manager(actor: StaffActor, node_id: int) -> Row[*tuple[Any, ...]]:
    """The group, for staff who manage it. Raises NotFound outside the branches, Forbidden without the role."""
    row = get(node_id, actor.branches())
    if not any(actor.may(role, row.path) for role in MANAGERS):
        raise Forbidden()
    return row


def ask(resident_id: int, node_id: int) -> GroupState:
    """Ask to join; asking again changes nothing. Raises NotFound, Conflict too_many_groups."""
    get(node_id)
    with transaction() as session:
        session.execute(select(Resident.id).where(Resident.id == resident_id).with_for_update(key_share=True))
        row = standing(resident_id, node_id)
        if row is not None and row.state in (GroupState.MEMBER, GroupState.REQUESTED):
            return row.state
        if len(of_resident(resident_id)) >= MOST_GROUPS:
            raise Conflict("too_many_groups", f"每人最多加入 {MOST_GROUPS} 个团体")
        if row is None:
            row = GroupMember(public_id=new_public_id(), node_id=node_id, resident_id=resident_id, leader=False)
            session.add(row)
        row.state, row.asked_at, row.decided_at, row.decided_by = GroupState.REQUESTED, clock.now(), None, ""
        session.flush()
    return GroupState.REQUESTED


def leave(resident_id: int, node_id: int) -> None:
    """Leave the group, or take the request back. Raises NotFound."""
    with transaction() as session:
        row = standing(resident_id, node_id)
        if row is None or row.state not in (GroupState.MEMBER, GroupState.REQUESTED):
            raise NotFound("not_a_member", "您不在这个团体里")
        row.state, row.leader, row.decided_at = GroupState.LEFT, False, clock.now()
        session.flush()


def decide(member_id: str, node_id: int, accept: bool, by: str) -> Member:
    """Answer a request; the caller has checked who may. Raises NotFound, Conflict when it was answered already."""
    with transaction() as session:
        row = _locked(member_id, node_id)
        if row.state is not GroupState.REQUESTED:
            raise Conflict("request_answered", "这个申请已经处理过了")
        row.state = GroupState.MEMBER if accept else GroupState.DECLINED
        row.decided_at, row.decided_by = clock.now(), by
        session.flush()
    return Member(row.public_id, row.resident_id, "", row.state, row.leader, row.asked_at, row.decided_at)


def _locked(member_id: str, node_id: int) -> GroupMember:
    with transaction() as session:
        query = select(GroupMember).where(GroupMember.public_id == member_id, GroupMember.node_id == node_id)
        row = session.scalar(query.with_for_update().execution_options(populate_existing=True))
        if row is None:
            raise NotFound("member_not_found", "没有找到这个人")
        return row


def remove(member_id: str, node_id: int, by: str) -> None:
    """Take a member out of the group; the caller has checked who may. Raises NotFound, Conflict for no member."""
    with transaction() as session:
        row = _locked(member_id, node_id)
        if row.state is not GroupState.MEMBER:
            raise Conflict("not_a_member", "这个人不在团体里")
        row.state, row.leader, row.decided_at, row.decided_by = GroupState.LEFT, False, clock.now(), by
        session.flush()


def appoint(actor: StaffActor, node_id: int, member_id: str, leader: bool) -> None:
    """Make a member a leader, or take it back; audited. Raises NotFound, Forbidden, Conflict for who is no member."""
    group = require_manager(actor, node_id)
    with transaction() as session:
        row = _locked(member_id, node_id)
        if row.state is not GroupState.MEMBER:
            raise Conflict("not_a_member", "这个人不在团体里")
        before, row.leader = row.leader, leader
        session.flush()
        audit.record(
            actor.username,
            "group.appoint",
            "group_member",
            member_id,
            node_path=group.path,
            before={"leader": before},
            after={"leader": leader},
        )


def describe(actor: StaffActor, node_id: int, number: str, contact: str, about: str) -> None:
    """Set a group's i志愿 number, contact and description; audited. Raises NotFound, Forbidden, Invalid, Conflict."""
    node = db.session().get(Node, node_id)
    if node is None or node.kind is not NodeKind.GROUP:
        raise NotFound("group_not_found", "没有找到这个团体")
    if not any(actor.may(role, node.path) for role in MANAGERS):
        actor.require(Role.ADMIN, node.path)
    if len(number) > 40 or len(contact) > 80 or len(about) > 200:
        raise Invalid("group_details", "i志愿编号不超过 40 个字，联系人不超过 80 个字，简介不超过 200 个字")
    try:
        with transaction() as session:
            row = session.get(VolunteerGroup, node_id)
            before = None if row is None else row.number
            if row is None:
                row = VolunteerGroup(node_id=node_id)
                session.add(row)
            row.number, row.contact, row.about = number or None, contact, about
            session.flush()
            audit.record(
                actor.username,
                "group.describe",
                "group",
                node_id,
                node_path=node.path,
                before={"number": before},
                after={"number": number or None},
            )
    except IntegrityError as error:
        if violated(error) != "uq_volunteer_group_number":
            raise
        raise Conflict("group_number", "这个 i志愿 编号已属于另一个团体") from error
