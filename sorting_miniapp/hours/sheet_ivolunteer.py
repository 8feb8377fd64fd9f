"""Two sheets about i志愿: the records a clerk has entered, and i志愿's totals to be compared with ours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from sqlalchemy import func, select

from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.certificates import masking
from sorting_miniapp.db import db, transaction
from sorting_miniapp.hours import ivolunteer, rounding
from sorting_miniapp.hours.ivolunteer_numbers import number_index
from sorting_miniapp.hours.models import RecordState, ServiceRecord, Volunteer
from sorting_miniapp.imports.sheet import Action, Outcome, Sheet, all_good
from sorting_miniapp.imports.workbook import Row
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within

TOTALS = ("i志愿编号", "姓名", "累计时长（小时）")
FULL_HOURS = 100_000


def plan_entered(rows: Sequence[Row], actor: StaffActor) -> list[Outcome]:
    """Each row's outcome, nothing written: the sheet made by us may come back as it is."""
    known = _records([row.cells[0] for row in rows], actor)
    seen: set[str] = set()
    outcomes = []
    for row in rows:
        record = known.get(row.cells[0])
        problem = "您管理的范围内没有这个记录编号" if record is None else ""
        if row.cells[0] in seen:
            problem = "与前面的行重复"
        elif record is not None and record.state not in (RecordState.EFFECTIVE, RecordState.VOID):
            problem = "记录还没有生效或有异议"
        seen.add(row.cells[0])
        done = record is not None and record.ivolunteer_minutes == record.minutes
        action = Action.WRONG if problem else Action.SAME if done else Action.ADD
        outcomes.append(Outcome(row.number, row.cells, action, problem))
    return outcomes


def _records(ids: Sequence[str], actor: StaffActor) -> dict[str, ServiceRecord]:
    query = (
        select(ServiceRecord)
        .join(Node, Node.id == ServiceRecord.node_id)
        .where(ServiceRecord.public_id.in_(set(ids)), within(Node.path, actor.branches(Role.VERIFIER)))
    )
    return {record.public_id: record for record in db.session().scalars(query)}


def run_entered(rows: Sequence[Row], actor: StaffActor) -> str:
    """Flag the records, all or none. Raises Invalid, Conflict."""
    with transaction():
        outcomes = plan_entered(rows, actor)
        all_good(outcomes)
        known = _records([row.cells[0] for row in rows], actor)
        for row, outcome in zip(rows, outcomes, strict=True):
            if outcome.action is Action.ADD:
                ivolunteer.mark(actor, known[row.cells[0]].id, True)
    return f"已标记 {sum(outcome.action is Action.ADD for outcome in outcomes)} 条为已录入i志愿"


ENTERED = Sheet(
    key="ivolunteer_entered",
    title="导入已录入i志愿的记录",
    columns=ivolunteer.COLUMNS[:1],
    most_rows=1000,
    about="把下载的录入表里已经录入的行留下，原样上传即可，只看第一列。",
    roles=(Role.VERIFIER,),
    plan=plan_entered,
    run=run_entered,
)


def _minutes(text: str) -> int | None:
    """Whole minutes of an amount of hours like 12 or 12.5; None for anything else."""
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,4})?", text):
        return None
    try:
        hours = Decimal(text)
    except InvalidOperation:
        return None
    return round(hours * 60) if hours <= FULL_HOURS else None


def compare(rows: Sequence[Row], actor: StaffActor) -> list[Outcome]:
    """i志愿's totals beside what we know to be entered there; people of ours it does not name come last (row 0)."""
    ours = _entered(actor)
    indexes = {number_index(row.cells[0]): row for row in rows}
    outcomes = [_compared(row, ours.get(number_index(row.cells[0]))) for row in rows]
    for index, (name, number, minutes) in sorted(ours.items(), key=lambda one: one[1][1]):
        if minutes and index not in indexes:
            shown = (masking.document(number), masking.name(name), "")
            note = f"i志愿的表里没有这个人，我方已录入 {rounding.words(minutes)}"
            outcomes.append(Outcome(0, shown, Action.CHANGE, note))
    return outcomes


def _compared(row: Row, own: tuple[str, str, int] | None) -> Outcome:
    number, name, hours = row.cells
    shown = (masking.document(number), masking.name(name), hours)
    theirs = _minutes(hours)
    if theirs is None:
        return Outcome(row.number, shown, Action.WRONG, "累计时长须为数字，如 12 或 12.5")
    if own is None:
        return Outcome(row.number, shown, Action.CHANGE, "您管理的范围内没有登记这个i志愿编号")
    if own[0] != name:
        return Outcome(row.number, shown, Action.CHANGE, "姓名与登记的不一致")
    difference = theirs - own[2]
    if not difference:
        return Outcome(row.number, shown, Action.SAME)
    more = "多" if difference > 0 else "少"
    note = f"我方已录入 {rounding.words(own[2])}，i志愿{more} {rounding.words(abs(difference))}"
    return Outcome(row.number, shown, Action.CHANGE, note)


def _entered(actor: StaffActor) -> dict[str, tuple[str, str, int]]:
    """By the number's index: (name, number, minutes entered) of the branch's volunteers; one statement."""
    total = (
        select(func.sum(ServiceRecord.ivolunteer_minutes))
        .where(ServiceRecord.resident_id == Volunteer.resident_id)
        .scalar_subquery()
    )
    query = (
        select(Volunteer.ivolunteer_index, Volunteer.name, Volunteer.ivolunteer_number, total.label("minutes"))
        .join(Node, Node.id == Volunteer.node_id)
        .where(Volunteer.ivolunteer_index.is_not(None), within(Node.path, actor.branches(Role.VERIFIER)))
    )
    rows = db.session().execute(query)
    return {row[0]: (row.name or "", row.ivolunteer_number or "", int(row.minutes or 0)) for row in rows}


RECONCILIATION = Sheet(
    key="ivolunteer_totals",
    title="与i志愿核对累计时长",
    columns=TOTALS,
    most_rows=1000,
    about="从i志愿导出的累计时长与我方标记为已录入的时长逐人比较，只核对，不改动任何数据。",
    roles=(Role.VERIFIER,),
    plan=compare,
    run=None,
    words={Action.SAME: "一致", Action.CHANGE: "不一致", Action.ADD: "", Action.WRONG: "有误"},
)
