"""Communities and villages from a sheet: first a dry run with each row's outcome, then all rows or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import transaction
from sorting_miniapp.errors import Invalid
from sorting_miniapp.imports import workbook
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import Node, NodeKind

COLUMNS = ("镇（乡）", "社区（村）名称")
MOST_ROWS = 1000


@dataclass(frozen=True)
class Outcome:
    """What a row will do: add a unit below `town_id`; nothing, when it is there already; or `problem`, in Chinese."""

    number: int
    town: str
    name: str
    town_id: int = 0
    there_already: bool = False
    problem: str = ""


def template() -> bytes:
    """An empty sheet to fill in."""
    return workbook.write("社区（村）", COLUMNS, [])


def rows_of(data: bytes) -> list[workbook.Row]:
    """The rows of an uploaded sheet. Raises Invalid, TooLarge."""
    rows = workbook.read(data, COLUMNS, MOST_ROWS)
    if not rows:
        raise Invalid("workbook_empty", "表里没有内容")
    return rows


def plan(rows: Sequence[workbook.Row], actor: StaffActor) -> list[Outcome]:
    """Each row's outcome, nothing written. Towns outside the actor's branches are not known."""
    units = orgs.visible(actor.branches(Role.ADMIN))
    towns = {unit.name: unit for unit in units if unit.kind is NodeKind.TOWN}
    names = {(unit.parent_id, unit.name) for unit in units}
    seen: set[tuple[int, str]] = set()
    return [_outcome(row, towns, names, seen) for row in rows]


def _outcome(
    row: workbook.Row, towns: dict[str, Node], names: set[tuple[int | None, str]], seen: set[tuple[int, str]]
) -> Outcome:
    town_name, name = row.cells
    town = towns.get(town_name)
    problem = ""
    if not town_name:
        problem = "没有填写镇（乡）"
    elif town is None:
        problem = f"您管理的范围内没有“{town_name[:20]}”"
    elif not town.active:
        problem = f"“{town_name}”已停用"
    elif not name or len(name) > orgs.NAME_LENGTH:
        problem = f"社区（村）名称须为 1 到 {orgs.NAME_LENGTH} 个字"
    elif (town.id, name) in seen:
        problem = "与前面的行重复"
    if problem or town is None:
        return Outcome(row.number, town_name, name, problem=problem)
    seen.add((town.id, name))
    return Outcome(row.number, town_name, name, town.id, there_already=(town.id, name) in names)


def run(rows: Sequence[workbook.Row], actor: StaffActor) -> tuple[int, int]:
    """Add the communities, all or none; returns (added, there already). Raises Invalid when a row has a problem."""
    with transaction():
        outcomes = plan(rows, actor)
        if any(outcome.problem for outcome in outcomes):
            raise Invalid("rows_wrong", "有几行不能导入，请改正后重新上传")
        new = [outcome for outcome in outcomes if not outcome.there_already]
        for outcome in new:
            orgs.add(outcome.town_id, outcome.name, NodeKind.COMMUNITY, actor.username)
    return len(new), len(outcomes) - len(new)
