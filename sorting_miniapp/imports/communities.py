"""Communities and villages from a sheet: town and name."""

from __future__ import annotations

from collections.abc import Sequence

from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import transaction
from sorting_miniapp.imports.sheet import Action, Outcome, Sheet, all_good
from sorting_miniapp.imports.workbook import Row
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import Node, NodeKind

COLUMNS = ("镇（乡）", "社区（村）名称")


def plan(rows: Sequence[Row], actor: StaffActor) -> list[Outcome]:
    """Each row's outcome, nothing written. Towns outside the actor's branches are not known."""
    units = orgs.visible(actor.branches(Role.ADMIN))
    names = {(unit.parent_id, unit.name) for unit in units}
    towns, seen = _towns(units), set[tuple[str, str]]()
    outcomes = []
    for row in rows:
        town = towns.get(row.cells[0])
        problem = _problem(row, town, seen)
        there = town is not None and (town.id, row.cells[1]) in names
        action = Action.WRONG if problem else Action.SAME if there else Action.ADD
        outcomes.append(Outcome(row.number, row.cells, action, problem))
        seen.add((row.cells[0], row.cells[1]))
    return outcomes


def _towns(units: Sequence[Node]) -> dict[str, Node]:
    return {unit.name: unit for unit in units if unit.kind is NodeKind.TOWN}


def _problem(row: Row, town: Node | None, seen: set[tuple[str, str]]) -> str:
    town_name, name = row.cells
    if not town_name:
        return "没有填写镇（乡）"
    if town is None:
        return f"您管理的范围内没有“{town_name[:20]}”"
    if not town.active:
        return f"“{town_name}”已停用"
    if not name or len(name) > orgs.NAME_LENGTH:
        return f"社区（村）名称须为 1 到 {orgs.NAME_LENGTH} 个字"
    return "与前面的行重复" if (town_name, name) in seen else ""


def run(rows: Sequence[Row], actor: StaffActor) -> str:
    """Add the communities, all or none. Raises Invalid when a row is wrong."""
    with transaction():
        outcomes = plan(rows, actor)
        all_good(outcomes)
        towns = _towns(orgs.visible(actor.branches(Role.ADMIN)))
        new = [row for row, outcome in zip(rows, outcomes, strict=True) if outcome.action is Action.ADD]
        for row in new:
            orgs.add(towns[row.cells[0]].id, row.cells[1], NodeKind.COMMUNITY, actor.username)
    return f"已导入 {len(new)} 个社区（村），{len(rows) - len(new)} 个已经存在"


SHEET = Sheet(
    key="communities",
    title="从表格导入社区（村）",
    columns=COLUMNS,
    most_rows=1000,
    about="已经存在的不会重复添加。",
    roles=(Role.ADMIN,),
    plan=plan,
    run=run,
)
