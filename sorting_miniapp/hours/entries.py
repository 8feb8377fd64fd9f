"""Trainings, awards and evaluations of volunteers, by staff or from a training's check-out; they give no hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, insert, select

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.errors import Conflict, Forbidden, Invalid, NotFound
from sorting_miniapp.events.models import Event
from sorting_miniapp.events.signals import CheckOut
from sorting_miniapp.hours import volunteers
from sorting_miniapp.hours.models import Volunteer
from sorting_miniapp.hours.models_entries import EntryKind, VolunteerEntry
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within

PAGE = 20
TRAINING = "training"  # the kind of event whose check-outs are trainings
KEEPERS = (Role.VERIFIER, Role.ADMIN)


@dataclass(frozen=True)
class Draft:
    """A training, an award or an evaluation. `giver` is who trained, awarded or evaluated."""

    kind: EntryKind
    title: str
    giver: str
    day: date
    note: str = ""


def on_check_out(check_out: CheckOut) -> None:
    """Write a training down, once for a sign-up, in the check-out's transaction."""
    if db.session().scalar(select(Event.kind).where(Event.id == check_out.event_id)) != TRAINING:
        return
    known = select(VolunteerEntry.id).where(VolunteerEntry.sign_up_id == check_out.sign_up_id)
    with transaction() as session:
        if session.scalar(known):
            return
        session.execute(
            insert(VolunteerEntry).values(
                public_id=new_public_id(),
                resident_id=check_out.resident_id,
                node_id=check_out.node_id,
                kind=EntryKind.TRAINING,
                title=check_out.event_title,
                giver=session.scalar(select(Node.name).where(Node.id == check_out.node_id)),
                note="",
                day=check_out.day,
                sign_up_id=check_out.sign_up_id,
                created_at=clock.now(),
                withdraw_reason="",
            )
        )


def add(actor: StaffActor, volunteer_id: int, draft: Draft) -> int:
    """Enter one for a volunteer of the branch; audited. Returns its key. Raises NotFound, Forbidden, Invalid."""
    row = volunteers.in_branch(volunteer_id, actor.branches())
    if not any(actor.may(role, row.path) for role in KEEPERS):
        raise Forbidden()
    problem = problem_of(draft)
    if problem:
        raise Invalid("entry", problem)
    with transaction() as session:
        entry = VolunteerEntry(
            public_id=new_public_id(),
            resident_id=row.Volunteer.resident_id,
            node_id=row.Volunteer.node_id,
            kind=draft.kind,
            title=draft.title,
            giver=draft.giver,
            note=draft.note,
            day=draft.day,
            entered_by=actor.id,
            created_at=clock.now(),
            withdraw_reason="",
        )
        session.add(entry)
        session.flush()
        after = {"kind": draft.kind.value, "title": draft.title}
        audit.record(actor.username, "entry.add", "volunteer_entry", entry.id, node_path=row.path, after=after)
    return entry.id


def problem_of(draft: Draft) -> str:
    """What is wrong with it, in Chinese; '' for nothing."""
    if not 1 <= len(draft.title) <= 80:
        return "名称须为 1 到 80 个字"
    if not 1 <= len(draft.giver) <= 80:
        return "培训、授予或评价单位须为 1 到 80 个字"
    if len(draft.note) > 200:
        return "备注不超过 200 个字"
    if not date(1990, 1, 1) <= draft.day <= clock.today():
        return "日期不能晚于今天"
    return ""


def withdraw(actor: StaffActor, entry_id: int, reason: str) -> None:
    """Take a wrong one back; audited. Raises NotFound, Forbidden, Invalid, Conflict."""
    if not reason or len(reason) > 200:
        raise Invalid("reason_required", "请填写撤回的原因（200 字内）")
    with transaction() as session:
        row = session.get(VolunteerEntry, entry_id, with_for_update=True, populate_existing=True)
        path = session.scalar(select(Node.path).where(Node.id == row.node_id)) if row else None
        if row is None or path is None:
            raise NotFound("entry_not_found", "没有找到这条记录")
        if not any(actor.may(role, path) for role in KEEPERS):
            actor.require(Role.VERIFIER, path)
        if row.withdrawn_at is not None:
            raise Conflict("entry_withdrawn", "这条记录已撤回")
        row.withdrawn_at, row.withdrawn_by, row.withdraw_reason = clock.now(), actor.id, reason
        session.flush()
        after = {"title": row.title, "reason": reason}
        audit.record(actor.username, "entry.withdraw", "volunteer_entry", entry_id, node_path=path, after=after)


def of_resident(resident_id: int) -> list[VolunteerEntry]:
    """Those in force, the latest first; one statement."""
    query = select(VolunteerEntry).where(
        VolunteerEntry.resident_id == resident_id, VolunteerEntry.withdrawn_at.is_(None)
    )
    return list(db.session().scalars(query.order_by(VolunteerEntry.day.desc(), VolunteerEntry.id.desc()).limit(200)))


def listed(branches: Sequence[str], kind: EntryKind | None = None, before: int | None = None) -> dict[str, Any]:
    """Those of the branches, the latest entered first: rows (VolunteerEntry, number, name, org_name); one statement."""
    query = (
        select(VolunteerEntry, Volunteer.number, Volunteer.name, Node.name.label("org_name"))
        .join(Node, Node.id == VolunteerEntry.node_id)
        .outerjoin(Volunteer, Volunteer.resident_id == VolunteerEntry.resident_id)
        .where(within(Node.path, branches))
        .order_by(VolunteerEntry.id.desc())
        .limit(PAGE + 1)
    )
    if kind is not None:
        query = query.where(VolunteerEntry.kind == kind)
    if before is not None:
        query = query.where(VolunteerEntry.id < before)
    rows = db.session().execute(query).all()
    return {"items": rows[:PAGE], "next": str(rows[PAGE - 1].VolunteerEntry.id) if len(rows) > PAGE else None}


def in_branch(entry_id: int, branches: Sequence[str]) -> Row[*tuple[Any, ...]]:
    """(VolunteerEntry, path) of the branches. Raises NotFound."""
    query = (
        select(VolunteerEntry, Node.path)
        .join(Node, Node.id == VolunteerEntry.node_id)
        .where(VolunteerEntry.id == entry_id, within(Node.path, branches))
    )
    row = db.session().execute(query).first()
    if row is None:
        raise NotFound("entry_not_found", "没有找到这条记录")
    return row
