"""The figures of a period and a unit: what the ledger says, else what our records say, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from sorting_miniapp import clock
from sorting_miniapp.db import db
from sorting_miniapp.figures import periods, standing, styles
from sorting_miniapp.figures.models import CheckKind, Figure, FigureBlock, FigureCheck, FigureEntry, OverTime
from sorting_miniapp.figures.periods import Period, PeriodKind
from sorting_miniapp.figures.styles import Bound
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.reports import counting
from sorting_miniapp.reports.counting import Scope

Owner = tuple[Figure, str, Node]


@dataclass(frozen=True)
class Value:
    """A figure as it stands: `value` in hundredths or None where nothing is known; `counted` is what our records say,
    where an entry takes its place; `lacking` names the periods and units that did not enter theirs."""

    figure: Figure
    block: str
    value: int | None
    bound: Bound = Bound.EXACT
    counted: int | None = None
    entries: tuple[tuple[Node, FigureEntry], ...] = ()
    lacking: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """As the report prints it, with its unit."""
        if self.value is None:
            return "（暂缺）"
        shown = styles.shown(self.value, self.bound, self.figure.style, self.figure.step)
        return f"{shown}{self.figure.unit}"


@dataclass(frozen=True)
class Problem:
    """Something to settle before the report goes out; `kind` is its heading."""

    kind: str
    text: str


@dataclass(frozen=True)
class Figures:
    """A period's figures for a unit, in the order of the report."""

    period: Period
    node: Node
    values: list[Value]
    problems: list[Problem] = field(default_factory=list)

    def by_key(self) -> dict[str, Value]:
        return {value.figure.key: value for value in self.values}


def of(
    node: Node, period: Period, campaigns: tuple[int, ...] = (), said: Callable[[int, int], None] | None = None
) -> Figures:
    """Every figure of the unit's branch for the period; `said` is told how far it is (done, total)."""
    scope = Scope(period, node.path, campaigns)
    owners = _owners(node)
    accepted = standing.accepted(_codes(period))
    found = []
    for number, (figure, block) in enumerate(_figures(node, owners)):
        own = [row for row in owners if row[0].id == figure.id]
        value = _value(figure, block, own, scope, accepted)
        if value is not None:
            found.append(value)
        if said:
            said(number + 1, len(owners))
    return Figures(period, node, found, _problems(node, period, found, campaigns))


def _codes(period: Period) -> list[str]:
    """The period's own code and those of every quarter and month inside it."""
    if period.kind is PeriodKind.SPAN:
        return [_year_of(period).code]
    inner = [part.code for kind in periods.MONTHS for part in periods.parts(period, kind)]
    return sorted({period.code, *inner})


def _owners(node: Node) -> list[Owner]:
    return standing.owned([node.path])


def _figures(node: Node, owners: Sequence[Owner]) -> list[tuple[Figure, str]]:
    """The branch's own figures and every one counted from records, in the order of the report."""
    own = {figure.id for figure, _, _ in owners}
    query = (
        select(Figure, FigureBlock.name)
        .join(FigureBlock, FigureBlock.id == Figure.block_id)
        .where(Figure.active)
        .order_by(FigureBlock.position, Figure.position)
    )
    rows = db.session().execute(query)
    return [(figure, block) for figure, block in rows if figure.id in own or figure.auto]


def _value(
    figure: Figure, block: str, owners: Sequence[Owner], scope: Scope, accepted: dict[tuple[int, int, str], FigureEntry]
) -> Value | None:
    if figure.auto:
        return _from_records(figure, block, owners, scope, accepted)
    if scope.campaigns:
        return None  # nobody enters figures for a campaign
    if scope.period.kind is PeriodKind.SPAN:
        return _from_ledger(figure, block, owners, _year_of(scope.period), accepted) if _of_the_week(figure) else None
    return _from_ledger(figure, block, owners, scope.period, accepted)


def _of_the_week(figure: Figure) -> bool:
    """Whether the figure's part belongs into the publicity week's report, with the year's entry."""
    return bool(db.session().scalar(select(FigureBlock.week).where(FigureBlock.id == figure.block_id)))


def _year_of(period: Period) -> Period:
    return periods.of(PeriodKind.YEAR, period.first)


def _from_records(
    figure: Figure, block: str, owners: Sequence[Owner], scope: Scope, accepted: dict[tuple[int, int, str], FigureEntry]
) -> Value | None:
    if counting.narrowed(scope, figure.auto) is None:
        return None
    counted = counting.total(scope, figure.auto)
    instead = [(node, accepted.get((figure.id, node.id, scope.period.code))) for _, _, node in owners]
    entries = tuple((node, entry) for node, entry in instead if entry is not None)
    if entries and not scope.campaigns:
        bound = styles.worst([entry.bound for _, entry in entries])
        return Value(figure, block, sum(entry.value for _, entry in entries), bound, counted, entries)
    return Value(figure, block, counted)


def _from_ledger(
    figure: Figure,
    block: str,
    owners: Sequence[Owner],
    period: Period,
    accepted: dict[tuple[int, int, str], FigureEntry],
) -> Value | None:
    """Each owner's entry for the whole period, else its parts': added up, or the newest of them."""
    parts = periods.parts(period, figure.period)
    if not parts and figure.period is not period.kind:
        return None
    entries: list[tuple[Node, FigureEntry]] = []
    lacking: list[str] = []
    total, bounds = 0, []
    for _, _, node in owners:
        whole = accepted.get((figure.id, node.id, period.code))
        inner = [(part, accepted.get((figure.id, node.id, part.code))) for part in parts if part.first <= clock.today()]
        there = [entry for _, entry in inner if entry is not None]
        own = [whole] if whole else there[-1:] if figure.over_time is OverTime.LAST else there
        if whole is None:
            lacking += _lacking(node, figure, inner)
        entries += [(node, entry) for entry in own]
        total += sum(entry.value for entry in own)
        bounds += [entry.bound for entry in own]
    value = total if entries else None
    return Value(figure, block, value, styles.worst(bounds), None, tuple(entries), tuple(lacking))


def _lacking(node: Node, figure: Figure, inner: Sequence[tuple[Period, FigureEntry | None]]) -> list[str]:
    """The parts without an entry; of a register only the newest matters."""
    wanted = inner[-1:] if figure.over_time is OverTime.LAST else inner
    return [f"{node.name}{part.label}" for part, entry in wanted if entry is None]


def _problems(node: Node, period: Period, values: Sequence[Value], campaigns: tuple[int, ...]) -> list[Problem]:
    """What must be settled first, the most serious first."""
    found = []
    late = period.kind is not PeriodKind.SPAN and clock.today() > standing.deadline(period)
    for value in values:
        if value.lacking:
            said = f"{value.figure.name}：{'、'.join(value.lacking)}没有经核对的数"
            found.append(Problem("逾期未报" if late else "尚缺", said))
    found += _broken_checks({value.figure.key: value for value in values})
    found += [] if campaigns else _jumps(node, period, values)
    found += [
        Problem("以填报数为准", f"{v.figure.name}：填报{styles.plain(v.value)}，系统统计{styles.plain(v.counted)}")
        for v in values
        if v.counted is not None and v.value is not None and v.counted != v.value
    ]
    found += [
        Problem("关账后更正", f"{value.figure.name}（{owner.name}）：更正为{styles.plain(entry.value)}，{entry.reason}")
        for value in values
        for owner, entry in value.entries
        if entry.after_close
    ]
    waiting = 0 if campaigns else standing.waiting_count(_codes(period))
    return found + ([Problem("待核对", f"有 {waiting} 次填报还没有第二人核对，没有计入")] if waiting else [])


def _broken_checks(values: dict[str, Value]) -> list[Problem]:
    found = []
    for check in db.session().scalars(select(FigureCheck).order_by(FigureCheck.id)):
        if check.whole not in values or any(part not in values for part in check.parts):
            continue
        whole, parts = values[check.whole], [values[part] for part in check.parts]
        if whole.value is None or any(part.value is None or part.bound is not Bound.EXACT for part in [whole, *parts]):
            continue
        numbers = [part.value or 0 for part in parts]
        broken = sum(numbers) != whole.value if check.kind is CheckKind.SUM else max(numbers) > whole.value
        if broken:
            shown = "、".join(f"{part.figure.name}{styles.plain(part.value or 0)}" for part in [*parts, whole])
            found.append(Problem("勾稽不符", f"{check.says}（{shown}）"))
    return found


def _jumps(node: Node, period: Period, values: Sequence[Value]) -> list[Problem]:
    """Figures far from the same period a year before: entered ones by the ledger, so that nothing is counted twice."""
    limit = int(settings.read("figures_jump_percent"))
    before = periods.year_before(period)
    accepted = standing.accepted(_codes(before))
    owners, found = _owners(node), []
    for value in values:
        own = [row for row in owners if row[0].id == value.figure.id]
        then = _value(value.figure, value.block, own, Scope(before, node.path), accepted)
        if not then or not then.value or value.value is None:
            continue
        change = (value.value - then.value) * 100 / then.value
        if abs(change) >= limit:
            said = f"{value.figure.name}：{then.text} → {value.text}（{change:+.0f}%）"
            found.append(Problem("同比变动大", said))
    return found


def kept(value: Value) -> dict[str, Any]:
    """A figure as a kept report stores it."""
    return {
        "key": value.figure.key,
        "block": value.block,
        "name": value.figure.name,
        "unit": value.figure.unit,
        "source": value.figure.source.value,
        "text": value.text,
        "value": None if value.value is None else styles.plain(value.value),
        "bound": value.bound.value,
        "counted": None if value.counted is None else styles.plain(value.counted),
    }
