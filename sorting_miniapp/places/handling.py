"""What staff do with reported troubles: take up, end with words the reporters read, in their own branches only.

Locks follow the order of reports.py (the place's row, the issue's, the caches' number last), so that a report that
comes meanwhile waits and never meets an end in a deadlock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, func, select
from sqlalchemy.orm import aliased

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Resident, Role, Staff
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries import service as deliveries
from sorting_miniapp.errors import Conflict, NotFound
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import contains, within
from sorting_miniapp.places import drafts, service
from sorting_miniapp.places.models import Place, PlaceState
from sorting_miniapp.places.models_reports import (
    ISSUE_KIND_NAMES,
    ISSUE_STATE_NAMES,
    OPEN_STATES,
    IssueKind,
    IssueState,
    PlaceIssue,
    PlaceReport,
)

READERS = (*service.WRITERS, Role.ANALYST)
PAGE = 20
ANSWER_LENGTH = 200


@dataclass(frozen=True)
class Filter:
    """What the queue is asked for: no `state` means what is open; `overdue` only what is past its time."""

    state: IssueState | None = None
    kind: IssueKind | None = None
    overdue: bool = False
    branch: str = ""
    place: int | None = None


def _rows() -> Select[*tuple[Any, ...]]:
    taker, ender = aliased(Staff), aliased(Staff)
    return (
        select(
            PlaceIssue, Place, Node.name.label("org_name"), Node.path, taker.name.label("taker"),
            ender.name.label("ender"),
        )
        .join(Node, Node.id == PlaceIssue.node_id)
        .outerjoin(Place, Place.id == PlaceIssue.place_id)
        .outerjoin(taker, taker.id == PlaceIssue.accepted_by)
        .outerjoin(ender, ender.id == PlaceIssue.ended_by)
        .execution_options(populate_existing=True)
    )  # fmt: skip


def listed(actor: StaffActor, wanted: Filter, page: int = 0) -> tuple[Sequence[Row[Any]], bool]:
    """Rows (PlaceIssue, Place or None, org_name, path, taker, ender); whether there are more.

    What is open by its time, the most urgent first; what has ended from the latest.
    """
    query = _rows().where(within(Node.path, [wanted.branch] if wanted.branch else actor.branches(*READERS)))
    if wanted.kind:
        query = query.where(PlaceIssue.kind == wanted.kind)
    if wanted.place is not None:
        query = query.where(PlaceIssue.place_id == wanted.place)
    if wanted.overdue:
        query = query.where(PlaceIssue.live == 1, PlaceIssue.due_at < clock.now())
    if wanted.state:
        query = query.where(PlaceIssue.state == wanted.state)
    elif not wanted.overdue and wanted.place is None:
        query = query.where(PlaceIssue.live == 1)
    if wanted.state in (None, *OPEN_STATES) and wanted.place is None:
        query = query.order_by(PlaceIssue.due_at, PlaceIssue.id)
    else:
        query = query.order_by(PlaceIssue.opened_at.desc(), PlaceIssue.id.desc())
    rows = db.session().execute(query.offset(page * PAGE).limit(PAGE + 1)).all()
    return rows[:PAGE], len(rows) > PAGE


def get(actor: StaffActor, issue_id: int) -> Row[Any]:
    """A row of `listed` in the actor's branches. Raises NotFound."""
    row = db.session().execute(_rows().where(PlaceIssue.id == issue_id)).first()
    if row is None or not any(contains(branch, row.path) for branch in actor.branches()):
        raise NotFound("issue_not_found", "没有找到这个问题")
    return row


def reports_of(issue_id: int) -> list[PlaceReport]:
    """The reports of an issue in the order they came, without who wrote them."""
    query = select(PlaceReport).where(PlaceReport.issue_id == issue_id).order_by(PlaceReport.id)
    return list(db.session().scalars(query))


def open_count(actor: StaffActor) -> tuple[int, int, datetime | None]:
    """How many issues wait in the branches where the actor handles them, how many are overdue, and since when."""
    mine = and_(PlaceIssue.live == 1, within(Node.path, actor.branches(*service.WRITERS)))
    query = select(func.count(PlaceIssue.id), func.min(PlaceIssue.opened_at)).join(Node, Node.id == PlaceIssue.node_id)
    count, since = db.session().execute(query.where(mine)).one()
    late, _ = db.session().execute(query.where(mine, PlaceIssue.due_at < clock.now())).one()
    return int(count), int(late), since


def _locked(actor: StaffActor, issue_id: int) -> tuple[PlaceIssue, Row[Any]]:
    """The issue, its row held, in a branch where the actor may handle it. Raises NotFound, Forbidden."""
    session = db.session()
    place_id = session.scalar(select(PlaceIssue.place_id).where(PlaceIssue.id == issue_id))
    session.execute(select(Place.id).where(Place.id == place_id).with_for_update())
    session.execute(select(PlaceIssue.id).where(PlaceIssue.id == issue_id).with_for_update())
    row = get(actor, issue_id)
    service.require(actor, row.path)
    return row.PlaceIssue, row


def take_up(actor: StaffActor, issue_id: int) -> None:
    """Say that it is being handled; audited. Raises NotFound, Forbidden, Conflict."""
    with transaction() as session:
        issue, row = _locked(actor, issue_id)
        if issue.state is not IssueState.NEW:
            raise Conflict("issue_taken", f"这个问题{ISSUE_STATE_NAMES[issue.state]}，不用再受理")
        issue.state, issue.accepted_at, issue.accepted_by = IssueState.ACCEPTED, clock.now(), actor.id
        session.flush()
        _record(actor, "take_up", issue, row.path, IssueState.NEW)
        service.changed()


def end(actor: StaffActor, issue_id: int, to: IssueState, answer: str, reopen: bool = False) -> int:
    """End it as done or declined with words that each reporter reads and is sent; audited. Returns how many were told.

    With `reopen` a place that is paused is taken up again. Raises Invalid, NotFound, Forbidden, Conflict.
    """
    problems = {} if to in (IssueState.DONE, IssueState.DECLINED) else {"state": "请选择处理结果"}
    if not 1 <= len(answer) <= ANSWER_LENGTH:
        problems["answer"] = f"请写给上报人的答复（{ANSWER_LENGTH} 字内）"
    if problems:
        raise drafts.refused(problems)
    with transaction() as session:
        issue, row = _locked(actor, issue_id)
        if issue.live is None:
            raise Conflict("issue_ended", "这个问题已经办结")
        before, issue.state, issue.live = issue.state, to, None
        issue.answer, issue.ended_at, issue.ended_by = answer, clock.now(), actor.id
        session.flush()
        _record(actor, "end", issue, row.path, before)
        told = _tell(issue, row.Place.name if row.Place else issue.spot)
        if reopen and row.Place is not None and row.Place.state is PlaceState.PAUSED:
            service.set_state(actor, row.Place.id, PlaceState.ACTIVE)
        service.changed()
        return told


def _record(actor: StaffActor, verb: str, issue: PlaceIssue, path: str, was: IssueState) -> None:
    before, after = ({"state": ISSUE_STATE_NAMES[one]} for one in (was, issue.state))
    after |= {"answer": issue.answer} if issue.answer else {}
    audit.record(
        actor.username, f"place_issue.{verb}", "place_issue", issue.id, node_path=path, before=before, after=after
    )


def _tell(issue: PlaceIssue, name: str) -> int:
    """A notice to everybody who reported it and is still there, in the caller's transaction."""
    people = (
        db.session()
        .execute(
            select(PlaceReport.public_id, PlaceReport.resident_id)
            .join(Resident, Resident.id == PlaceReport.resident_id)
            .where(PlaceReport.issue_id == issue.id, Resident.erased_at.is_(None))
            .order_by(PlaceReport.id)
        )
        .all()
    )
    for row in people:
        deliveries.notify(
            "result_ready",
            row.resident_id,
            {
                "title": f"{ISSUE_KIND_NAMES[issue.kind]}：{name}",
                "status": ISSUE_STATE_NAMES[issue.state],
                "time": clock.local_text(clock.now()),
                "remark": issue.answer,
            },
            object_type="place_report",
            object_id=row.public_id,
            page_id=row.public_id,
        )
    return len(people)
