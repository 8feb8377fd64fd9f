"""How the ledger stands: each figure's newest entry, what is owed and late, and what waits for a second person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Staff
from sorting_miniapp.db import db
from sorting_miniapp.figures import ledger, periods
from sorting_miniapp.figures.models import (
    Figure,
    FigureBlock,
    FigureEntry,
    FigureOwner,
    FigureSignOff,
    Source,
    Verdict,
)
from sorting_miniapp.figures.periods import MONTHS, Period, PeriodKind
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import order, within

ENTERED = (Source.TYPED, Source.IMPORTED)  # what a unit owes; the others come from records and need no entry


class State(StrEnum):
    ACCEPTED = "accepted"
    WAITING = "waiting"
    RETURNED = "returned"
    MISSING = "missing"
    COUNTED = "counted"


STATE_NAMES = {
    State.ACCEPTED: "已核对",
    State.WAITING: "待核对",
    State.RETURNED: "已退回",
    State.MISSING: "未填报",
    State.COUNTED: "自动统计",
}


@dataclass(frozen=True)
class Line:
    """A figure of one unit in one period. `late`: the deadline has passed and nothing accepted is there."""

    figure: Figure
    block: str
    node: Node
    entry: FigureEntry | None
    state: State
    late: bool = False


@dataclass(frozen=True)
class Duty:
    """What a unit owes for a period."""

    node: Node
    period: Period
    deadline: date
    count: int

    @property
    def late(self) -> bool:
        return clock.today() > self.deadline


def figures() -> list[Figure]:
    """The figures in use, in the order of the report."""
    query = select(Figure).join(FigureBlock).where(Figure.active).order_by(FigureBlock.position, Figure.position)
    return list(db.session().scalars(query))


def owned(branches: Sequence[str]) -> list[tuple[Figure, str, Node]]:
    """(figure, block's name, owner) of the branches, in the order of the report, then of the tree."""
    query = (
        select(Figure, FigureBlock.name, Node, FigureBlock.position)
        .join(FigureBlock, FigureBlock.id == Figure.block_id)
        .join(FigureOwner, FigureOwner.figure_id == Figure.id)
        .join(Node, Node.id == FigureOwner.node_id)
        .where(Figure.active, Node.active, within(Node.path, branches))
    )
    rows = sorted(db.session().execute(query), key=lambda row: (row[3], row[0].position, order(row[2].path)))
    return [(row[0], row[1], row[2]) for row in rows]


def accepted(codes: Iterable[str]) -> dict[tuple[int, int, str], FigureEntry]:
    """The entries that count in these periods, by figure, unit and period: the newest accepted of each chain."""
    query = (
        select(FigureEntry)
        .join(FigureSignOff, FigureSignOff.entry_id == FigureEntry.id)
        .where(FigureEntry.period.in_(list(codes)), FigureSignOff.verdict == Verdict.ACCEPTED)
        .order_by(FigureEntry.id)
    )
    return {(row.figure_id, row.node_id, row.period): row for row in db.session().scalars(query)}


def _heads(codes: Iterable[str]) -> dict[tuple[int, int, str], tuple[FigureEntry, Verdict | None]]:
    query = (
        select(FigureEntry, FigureSignOff.verdict)
        .outerjoin(FigureSignOff, FigureSignOff.entry_id == FigureEntry.id)
        .where(FigureEntry.period.in_(list(codes)))
        .order_by(FigureEntry.id)
    )
    return {(e.figure_id, e.node_id, e.period): (e, verdict) for e, verdict in db.session().execute(query)}


def deadline(period: Period) -> date:
    """The last day to enter a period's figures: a setting of days after its end."""
    return period.end + timedelta(days=int(settings.read("figures_due_days")) - 1)


def lines(branches: Sequence[str], period: Period) -> list[Line]:
    """Every figure the branches' units may enter for this period, with how it stands; none for a mere span of days."""
    if period.kind is PeriodKind.SPAN:
        return []
    heads, late = _heads([period.code]), clock.today() > deadline(period)
    found = []
    for figure, block, node in owned(branches):
        if MONTHS[figure.period] > MONTHS[period.kind]:
            continue
        entry, verdict = heads.get((figure.id, node.id, period.code), (None, None))
        state = _state(figure, entry, verdict)
        owes = figure.source in ENTERED and figure.period is period.kind and period.end > figure.since
        found.append(Line(figure, block, node, entry, state, late and owes and state is not State.ACCEPTED))
    return found


def _state(figure: Figure, entry: FigureEntry | None, verdict: Verdict | None) -> State:
    if entry is None:
        return State.MISSING if figure.source in ENTERED else State.COUNTED
    return {None: State.WAITING, Verdict.ACCEPTED: State.ACCEPTED, Verdict.RETURNED: State.RETURNED}[verdict]


def duties(branches: Sequence[str]) -> list[Duty]:
    """What the branches' units have not entered of the periods that ended last, the most urgent first.

    Nobody owes a period that was over before the figure was first asked for, one that is closed, or one for which a
    longer period's value was entered.
    """
    today = clock.today()
    ended = {kind: periods.last_ended(kind, today) for kind in MONTHS}
    longer = {
        kind: [periods.of(k, ended[kind].first).code for k in MONTHS if MONTHS[k] >= MONTHS[kind]] for kind in MONTHS
    }
    heads = _heads({code for codes in longer.values() for code in codes})
    closed = {kind: ledger.closed(period.code) for kind, period in ended.items()}
    owing: dict[tuple[int, PeriodKind], int] = {}
    nodes: dict[int, Node] = {}
    for figure, _, node in owned(branches):
        kind = figure.period
        if figure.source not in ENTERED or closed[kind] or ended[kind].end <= figure.since:
            continue
        entries = [heads.get((figure.id, node.id, code)) for code in longer[kind]]
        if all(entry is None or entry[1] is Verdict.RETURNED for entry in entries):
            owing[node.id, kind] = owing.get((node.id, kind), 0) + 1
            nodes[node.id] = node
    found = [Duty(nodes[node], ended[kind], deadline(ended[kind]), count) for (node, kind), count in owing.items()]
    return sorted(found, key=lambda duty: (duty.deadline, duty.node.path))


def to_sign(actor: StaffActor, most: int) -> list[Any]:
    """Entries that wait for a second person and that this person may sign off: (FigureEntry, Figure, Node, name)."""
    query = (
        select(FigureEntry, Figure, Node, Staff.name.label("entered_name"))
        .join(Figure, Figure.id == FigureEntry.figure_id)
        .join(Node, Node.id == FigureEntry.node_id)
        .join(Staff, Staff.id == FigureEntry.entered_by)
        .where(*_unsigned(), FigureEntry.entered_by != actor.id, within(Node.path, actor.branches(*ledger.OWNERS)))
        .order_by(FigureEntry.id)
        .limit(most)
    )
    return list(db.session().execute(query).all())


def _unsigned() -> tuple[Any, ...]:
    newer = select(FigureEntry.corrects_id).where(FigureEntry.corrects_id.is_not(None))
    signed = select(FigureSignOff.entry_id).where(FigureSignOff.entry_id == FigureEntry.id)
    return FigureEntry.id.not_in(newer), ~signed.exists()


def waiting_count(codes: Iterable[str]) -> int:
    """How many entries of these periods wait for a second person."""
    query = select(func.count()).select_from(FigureEntry).where(FigureEntry.period.in_(list(codes)), *_unsigned())
    return db.session().scalar(query) or 0
