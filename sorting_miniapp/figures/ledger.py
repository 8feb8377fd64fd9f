"""The ledger of figures: a unit enters a value, a second person signs it off, the lead department closes the period.

Rows are only ever added. A correction points to the row before it and says why; what counts is the newest accepted row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role, Staff
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Forbidden, Invalid, NotFound
from sorting_miniapp.figures import periods, styles
from sorting_miniapp.figures.definitions import DECIMAL_UNITS
from sorting_miniapp.figures.models import (
    EntryHow,
    Figure,
    FigureEntry,
    FigureOwner,
    FigurePeriod,
    FigureSignOff,
    Verdict,
)
from sorting_miniapp.figures.periods import MONTHS, Period, PeriodKind
from sorting_miniapp.figures.styles import Bound
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import contains

OWNERS = (Role.ORGANISER, Role.VERIFIER, Role.ADMIN)  # who enters and signs off for a unit
READERS = (Role.ANALYST, *OWNERS)
LONGEST = 200


@dataclass(frozen=True)
class Values:
    """What is entered: hundredths of the unit, what is known of them, where they stand, why they are corrected."""

    value: int
    bound: Bound = Bound.EXACT
    document: str = ""
    note: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Slot:
    """One figure of one unit in one period: where entries go."""

    figure: Figure
    node: Node
    period: Period


def may_enter(actor: StaffActor, path: str) -> bool:
    return any(contains(branch, path) for branch in actor.branches(*OWNERS))


def is_lead(actor: StaffActor) -> bool:
    """Whether the person speaks for the lead department (or for a unit above it)."""
    lead = db.session().scalars(select(Node.path).where(Node.lead)).all()
    return any(contains(branch, path) for branch in actor.branches(Role.ADMIN) for path in lead)


def slot(actor: StaffActor, figure_id: int, node_id: int, code: str) -> Slot:
    """A place of the ledger that the actor may see. Raises NotFound outside the branches, Invalid."""
    query = (
        select(Figure, Node)
        .join(FigureOwner, FigureOwner.figure_id == Figure.id)
        .join(Node, Node.id == FigureOwner.node_id)
        .where(Figure.id == figure_id, Node.id == node_id, Figure.active)
    )
    row = db.session().execute(query).first()
    if row is None or not any(contains(branch, row.Node.path) for branch in actor.branches(*READERS)):
        raise NotFound("figure_not_found", "没有找到这个数字")
    period = periods.parse(code)
    if period.kind is PeriodKind.SPAN or MONTHS[period.kind] < MONTHS[row.Figure.period]:
        raise Invalid("period", f"这个数字{periods.PERIOD_KIND_NAMES[row.Figure.period]}填报，期间不能更短")
    return Slot(row.Figure, row.Node, period)


def chain(found: Slot) -> list[Row[Any]]:
    """Every entry of the slot, oldest first: (FigureEntry, FigureSignOff or None, entered_name, signed_name)."""
    signer = aliased(Staff)
    query = (
        select(FigureEntry, FigureSignOff, Staff.name.label("entered_name"), signer.name.label("signed_name"))
        .join(Staff, Staff.id == FigureEntry.entered_by)
        .outerjoin(FigureSignOff, FigureSignOff.entry_id == FigureEntry.id)
        .outerjoin(signer, signer.id == FigureSignOff.staff_id)
        .where(*_here(found))
        .order_by(FigureEntry.id)
    )
    return list(db.session().execute(query).all())  # type: ignore[arg-type]


def _here(found: Slot) -> tuple[Any, ...]:
    return (
        FigureEntry.figure_id == found.figure.id,
        FigureEntry.node_id == found.node.id,
        FigureEntry.period == found.period.code,
    )


def check(found: Slot, values: Values, head: FigureEntry | None) -> None:
    """What an entry must be before it is written. Raises Invalid, Conflict."""
    if found.period.first > clock.today():
        raise Invalid("period", "期间还没有开始")
    if not 0 <= values.value <= styles.MOST or (values.value % 100 and found.figure.unit not in DECIMAL_UNITS):
        raise Invalid("value", "数值有误")
    if not 1 <= len(values.document) <= LONGEST:
        raise Invalid("document", f"请填写来源文件（{LONGEST} 字内），例如文件名称和文号、台账名称")
    if max(len(values.note), len(values.reason)) > LONGEST:
        raise Invalid("note", f"说明和更正原因最多 {LONGEST} 字")
    if head is None:
        return
    same = (head.value, head.bound, head.document, head.note) == (
        values.value,
        values.bound,
        values.document,
        values.note,
    )
    if same:
        raise Conflict("figure_same", "与上次填报的内容相同")
    if not values.reason:
        raise Invalid("reason", "更正须填写原因")


def head_of(found: Slot) -> FigureEntry | None:
    """The newest entry of the slot."""
    return db.session().scalar(select(FigureEntry).where(*_here(found)).order_by(FigureEntry.id.desc()).limit(1))


def enter(actor: StaffActor, figure_id: int, node_id: int, code: str, values: Values, how: EntryHow) -> int:
    """Enter a value, or correct the one before it; it counts once a second person has signed it off.

    Raises NotFound, Forbidden, Invalid, Conflict.
    """
    with transaction() as session:
        found = slot(actor, figure_id, node_id, code)
        if not may_enter(actor, found.node.path):
            raise Forbidden()
        head = head_of(found)
        check(found, values, head)
        row = FigureEntry(figure_id=figure_id, node_id=node_id, period=found.period.code, how=how)
        row.value, row.bound, row.document, row.note = values.value, values.bound, values.document, values.note
        row.first, row.corrects_id = (1, None) if head is None else (None, head.id)
        row.reason = values.reason if head else ""
        row.after_close = closed(found.period.code)
        row.entered_by, row.entered_at = actor.id, clock.now()
        _add(session, row)
        _record(actor, "figure.enter", found, row, head)
        return row.id


def _add(session: Session, row: FigureEntry) -> None:
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict("figure_entered", "刚才有人填报了同一个数字，请刷新后再看") from error


def _record(actor: StaffActor, action: str, found: Slot, row: FigureEntry, before: FigureEntry | None) -> None:
    def values(entry: FigureEntry) -> dict[str, Any]:
        return {"value": styles.plain(entry.value), "document": entry.document, "reason": entry.reason}

    about = {"name": found.figure.name, "node": found.node.name, "period": found.period.code}
    audit.record(
        actor.username,
        action,
        "figure",
        found.figure.id,
        node_path=found.node.path,
        before=values(before) if before else None,
        after=about | values(row),
    )


def sign(actor: StaffActor, entry_id: int, accept: bool, remark: str = "") -> None:
    """Sign an entry off, or return it with a remark. Raises NotFound, Forbidden (own entry), Invalid, Conflict."""
    with transaction() as session:
        entry = session.get(FigureEntry, entry_id)
        if entry is None:
            raise NotFound("figure_entry_not_found", "没有找到这次填报")
        found = slot(actor, entry.figure_id, entry.node_id, entry.period)
        if not may_enter(actor, found.node.path):
            raise Forbidden()
        if entry.entered_by == actor.id:
            raise Forbidden("two_people", "须由填报人以外的另一人核对")
        if len(remark) > LONGEST or (not accept and not remark):
            raise Invalid("remark", f"退回须填写原因（{LONGEST} 字内）")
        newer = session.scalar(select(exists().where(FigureEntry.corrects_id == entry_id)))
        if newer or session.get(FigureSignOff, entry_id):
            raise Conflict("figure_signed", "这次填报已经核对过，或已有更新的填报")
        verdict = Verdict.ACCEPTED if accept else Verdict.RETURNED
        sign_off = FigureSignOff(entry_id=entry_id, entered_by=entry.entered_by, staff_id=actor.id, verdict=verdict)
        sign_off.remark, sign_off.at = remark, clock.now()
        session.add(sign_off)
        try:
            session.flush()
        except IntegrityError as error:
            raise Conflict("figure_signed", "这次填报刚才已经核对过") from error
        _record(actor, f"figure.{verdict.value}", found, entry, None)


def closed(code: str) -> bool:
    """Whether this period, or a longer one that holds it, is closed."""
    period = periods.parse(code)
    codes = [code]
    if period.kind is not PeriodKind.SPAN:
        codes += [periods.of(kind, period.first).code for kind in MONTHS if MONTHS[kind] > MONTHS[period.kind]]
    return bool(db.session().scalar(select(exists().where(FigurePeriod.code.in_(codes)))))


def close(actor: StaffActor, code: str) -> None:
    """Close a period that is over: corrections after this are shown as such. Raises Forbidden, Invalid, Conflict."""
    period = periods.parse(code)
    if period.kind is PeriodKind.SPAN or period.end > clock.today():
        raise Invalid("period", "期间结束后才能关账")
    with transaction() as session:
        if not is_lead(actor):
            raise Forbidden("lead_only", "只有牵头部门可以关账")
        if closed(code):
            raise Conflict("period_closed", "这一期间已经关账")
        session.add(FigurePeriod(code=code, closed_by=actor.id, closed_at=clock.now()))
        try:
            session.flush()
        except IntegrityError as error:
            raise Conflict("period_closed", "这一期间已经关账") from error
        audit.record(actor.username, "figure.close", "figure_period", code, after={"period": period.label})
