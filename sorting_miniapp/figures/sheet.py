"""Figures from a sheet: a template with the units' own rows, a dry run with each row's outcome, then all or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.db import transaction
from sorting_miniapp.errors import DomainError, Invalid
from sorting_miniapp.figures import ledger, standing, styles
from sorting_miniapp.figures.definitions import DECIMAL_UNITS
from sorting_miniapp.figures.ledger import Values
from sorting_miniapp.figures.models import EntryHow, Figure
from sorting_miniapp.figures.periods import Period
from sorting_miniapp.figures.styles import BOUND_NAMES, Bound
from sorting_miniapp.imports import workbook
from sorting_miniapp.orgs.models import Node

COLUMNS = ("编号", "名称", "单位", "填报单位", "期间", "数值", "确数/余/约", "来源文件", "说明", "更正原因")
MOST_ROWS = 500
BOUNDS = {"": Bound.EXACT, "确数": Bound.EXACT, "余": Bound.AT_LEAST, "约": Bound.ABOUT} | {
    name: bound for bound, name in BOUND_NAMES.items()
}


@dataclass(frozen=True)
class Outcome:
    """What a row will do: enter or correct a value; nothing, when it is left empty or as it was; or `problem`."""

    number: int
    name: str
    node: str
    period: str
    value: str
    figure_id: int = 0
    node_id: int = 0
    values: Values | None = None
    same: bool = False
    corrects: bool = False
    problem: str = ""


def template(actor: StaffActor, period: Period) -> bytes:
    """A sheet with a row for each figure the person's units enter in this period, and what stands there now."""
    rows = []
    for line in standing.lines(actor.branches(*ledger.OWNERS), period):
        entry = line.entry
        now = (styles.plain(entry.value), BOUND_NAMES[entry.bound], entry.document, entry.note) if entry else ("",) * 4
        if line.figure.source in standing.ENTERED or entry:
            rows.append((line.figure.key, line.figure.name, line.figure.unit, line.node.name, period.code, *now, ""))
    return workbook.write("填报", COLUMNS, rows)


def rows_of(data: bytes) -> list[workbook.Row]:
    """The rows of an uploaded sheet. Raises Invalid, TooLarge."""
    return workbook.read(data, COLUMNS, MOST_ROWS)


def plan(rows: Sequence[workbook.Row], actor: StaffActor) -> list[Outcome]:
    """Each row's outcome, nothing written. Units outside the actor's branches are not known."""
    own = standing.owned(actor.branches(*ledger.OWNERS))
    known = {(figure.key, node.name): (figure, node) for figure, _, node in own}
    seen: set[tuple[str, str, str]] = set()
    return [_outcome(row, known, seen, actor) for row in rows]


def _outcome(
    row: workbook.Row,
    known: dict[tuple[str, str], tuple[Figure, Node]],
    seen: set[tuple[str, str, str]],
    actor: StaffActor,
) -> Outcome:
    key, name, _, unit, code, value, *_ = row.cells
    shown = Outcome(row.number, name or key, unit, code, value)
    if not value:
        return replace(shown, same=True)
    found = known.get((key, unit))
    try:
        if found is None:
            raise Invalid("figure", f"您的单位不填报“{(name or key)[:20]}”（{unit[:20]}）")
        if (key, unit, code) in seen:
            raise Invalid("figure", "与前面的行重复")
        seen.add((key, unit, code))
        return _checked(shown, row, found[0], found[1], actor)
    except DomainError as error:
        return replace(shown, problem=error.message)


def _checked(shown: Outcome, row: workbook.Row, figure: Figure, node: Node, actor: StaffActor) -> Outcome:
    *_, value, bound, document, note, reason = row.cells
    if bound not in BOUNDS:
        raise Invalid("bound", "“确数/余/约”一列只能填确数、余或约")
    amount = styles.parse(value, figure.unit in DECIMAL_UNITS)
    values = Values(amount, BOUNDS[bound], document, note, reason)
    place = ledger.slot(actor, figure.id, node.id, shown.period)
    head = ledger.head_of(place)
    if head and (head.value, head.bound, head.document, head.note) == (amount, values.bound, document, note):
        return replace(shown, same=True)
    ledger.check(place, values, head)
    return replace(shown, figure_id=figure.id, node_id=node.id, values=values, corrects=head is not None)


def run(rows: Sequence[workbook.Row], actor: StaffActor) -> int:
    """Enter the rows, all or none; returns how many. Raises Invalid when a row has a problem."""
    with transaction():
        outcomes = plan(rows, actor)
        if any(outcome.problem for outcome in outcomes):
            raise Invalid("rows_wrong", "有几行不能导入，请改正后重新上传")
        new = [outcome for outcome in outcomes if outcome.values]
        for one in new:
            assert one.values
            ledger.enter(actor, one.figure_id, one.node_id, one.period, one.values, EntryHow.SHEET)
    return len(new)
