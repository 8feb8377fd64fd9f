"""Volunteer groups from a sheet: name, i志愿 number, the unit above, contact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from sorting_miniapp.accounts import groups
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role, VolunteerGroup
from sorting_miniapp.db import db, transaction
from sorting_miniapp.imports.sheet import Action, Outcome, Sheet, all_good, summary
from sorting_miniapp.imports.workbook import Row
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import Node, NodeKind

COLUMNS = ("团体名称", "i志愿编号", "所属镇（乡）或单位", "联系人", "联系电话")


@dataclass
class _Known:
    """What is there before the sheet, and what its earlier rows have used."""

    parents: dict[str, list[Node]]
    groups: dict[tuple[int | None, str], Node]
    details: dict[int, VolunteerGroup]
    numbers: dict[str, int]
    names: set[tuple[int, str]] = field(default_factory=set)
    used: set[str] = field(default_factory=set)


def _known(actor: StaffActor) -> _Known:
    units = orgs.in_use(actor.branches(Role.ADMIN))
    parents: dict[str, list[Node]] = {}
    for unit in units:
        if unit.kind is not NodeKind.GROUP:
            parents.setdefault(unit.name, []).append(unit)
    details = {row.node_id: row for row in db.session().scalars(select(VolunteerGroup))}
    return _Known(
        parents,
        {(unit.parent_id, unit.name): unit for unit in units if unit.kind is NodeKind.GROUP},
        details,
        {row.number: row.node_id for row in details.values() if row.number},
    )


def contact_of(row: Row) -> str:
    """Name and telephone as one text."""
    return " ".join(part for part in (row.cells[3], row.cells[4]) if part)


def plan(rows: Sequence[Row], actor: StaffActor) -> list[Outcome]:
    """Each row's outcome, nothing written. Units outside the actor's branches are not known."""
    known = _known(actor)
    return [_outcome(row, known) for row in rows]


def _outcome(row: Row, known: _Known) -> Outcome:
    name, number, parent_name = row.cells[:3]
    shown = (*row.cells[:4], f"{row.cells[4][:3]}****" if row.cells[4] else "")
    problem = _problem(row, known)
    if problem:
        return Outcome(row.number, shown, Action.WRONG, problem)
    parent = known.parents[parent_name][0]
    known.names.add((parent.id, name))
    if number:
        known.used.add(number)
    there = known.groups.get((parent.id, name))
    if there is None:
        return Outcome(row.number, shown, Action.ADD)
    details = known.details.get(there.id)
    same = details is not None and (details.number or "", details.contact) == (number, contact_of(row))
    return Outcome(row.number, shown, Action.SAME if same else Action.CHANGE)


def _problem(row: Row, known: _Known) -> str:
    name, number, parent_name = row.cells[:3]
    if not name or len(name) > orgs.NAME_LENGTH:
        return f"团体名称须为 1 到 {orgs.NAME_LENGTH} 个字"
    if not parent_name:
        return "没有填写所属镇（乡）或单位"
    found = known.parents.get(parent_name, [])
    if not found:
        return f"您管理的范围内没有“{parent_name[:20]}”"
    if len(found) > 1:
        return f"有 {len(found)} 个单位都叫“{parent_name[:20]}”，请填写其上级镇（乡）"
    if (found[0].id, name) in known.names:
        return "与前面的行重复"
    if len(number) > 40 or len(contact_of(row)) > 80:
        return "i志愿编号不超过 40 个字，联系人与电话合计不超过 80 个字"
    return _number_problem(number, known, known.groups.get((found[0].id, name)))


def _number_problem(number: str, known: _Known, there: Node | None) -> str:
    if not number:
        return ""
    if number in known.used:
        return "i志愿编号与前面的行重复"
    owner = known.numbers.get(number)
    if owner is not None and (there is None or there.id != owner):
        return "这个 i志愿编号已属于另一个团体"
    return ""


def run(rows: Sequence[Row], actor: StaffActor) -> str:
    """Add and change the groups, all or none. Raises Invalid when a row is wrong."""
    with transaction():
        outcomes = plan(rows, actor)
        all_good(outcomes)
        known = _known(actor)
        for row, outcome in zip(rows, outcomes, strict=True):
            if outcome.action is Action.SAME:
                continue
            parent = known.parents[row.cells[2]][0]
            node = known.groups.get((parent.id, row.cells[0])) or orgs.add(
                parent.id, row.cells[0], NodeKind.GROUP, actor.username
            )
            details = known.details.get(node.id)
            groups.describe(actor, node.id, row.cells[1], contact_of(row), details.about if details else "")
    return f"已导入：{summary(outcomes)}"


SHEET = Sheet(
    key="groups",
    title="从表格导入志愿服务团体",
    columns=COLUMNS,
    most_rows=1000,
    about="同一单位下同名的团体会更新编号和联系人，不会重复添加。",
    roles=(Role.ADMIN,),
    plan=plan,
    run=run,
)
