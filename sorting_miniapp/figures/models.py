"""Figures as defined in content/figures.yaml, their owners and checks, and the append-only ledger of entries.

Values are whole hundredths of the unit, so that 31.5 万元 is exact on every database.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, CaseString, JsonText, UTCDateTime, enum_column
from sorting_miniapp.figures.periods import PeriodKind
from sorting_miniapp.figures.styles import Bound, Style


class Source(StrEnum):
    """Where a figure comes from: our records, an organiser's count, another system, a document."""

    AUTO = "auto"
    COUNTED = "counted"
    IMPORTED = "imported"
    TYPED = "typed"


SOURCE_NAMES = {
    Source.AUTO: "系统自动统计",
    Source.COUNTED: "组织者现场统计",
    Source.IMPORTED: "其他系统导入",
    Source.TYPED: "单位填报",
}


class OverTime(StrEnum):
    """How the parts of a period make the whole: added up (场, 人次), or the newest counts (登记在册)."""

    SUM = "sum"
    LAST = "last"


class CheckKind(StrEnum):
    SUM = "sum"  # the parts add up to the whole
    AT_MOST = "at_most"  # each part is a subset of the whole; parts overlap and are not added


class EntryHow(StrEnum):
    FORM = "form"
    SHEET = "sheet"


HOW_NAMES = {EntryHow.FORM: "页面填报", EntryHow.SHEET: "表格导入"}


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    RETURNED = "returned"


class FigureBlock(Base):
    """A part of the report, in its order. `again` names figures of other parts that are printed here once more; `says`
    is the sentence around its figures; a part of the publicity week (`week`) is in that week's report too, with the
    year's entries."""

    __tablename__ = "figure_block"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    key: Mapped[str] = mapped_column(CaseString(40), unique=True)
    name: Mapped[str] = mapped_column(String(40))
    position: Mapped[int]
    again: Mapped[Any] = mapped_column(JsonText)
    says: Mapped[str] = mapped_column(String(500), default="", server_default="")
    week: Mapped[bool] = mapped_column(default=False, server_default=false())


class Figure(Base):
    """A figure: one id however often it is printed. `auto` says what of our records is counted; `since` is the day it
    was first loaded, before which nobody owes it. A figure that left the file is kept, not `active`."""

    __tablename__ = "figure"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    key: Mapped[str] = mapped_column(CaseString(60), unique=True)
    block_id: Mapped[int] = mapped_column(ForeignKey("figure_block.id"), index=True)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(60))
    unit: Mapped[str] = mapped_column(String(8))
    source: Mapped[Source] = mapped_column(enum_column(Source, "source"))
    period: Mapped[PeriodKind] = mapped_column(enum_column(PeriodKind, "period"))
    over_time: Mapped[OverTime] = mapped_column(enum_column(OverTime, "over_time"))
    style: Mapped[Style] = mapped_column(enum_column(Style, "style"))
    step: Mapped[int] = mapped_column(default=1)
    auto: Mapped[Any] = mapped_column(JsonText, nullable=True)
    note: Mapped[str] = mapped_column(String(200), default="")
    since: Mapped[date]
    active: Mapped[bool] = mapped_column(default=True)


class FigureOwner(Base):
    """A unit that enters the figure. Several owners' entries add up for the units above them."""

    __tablename__ = "figure_owner"
    figure_id: Mapped[int] = mapped_column(ForeignKey("figure.id"), primary_key=True)
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"), primary_key=True, index=True)


class FigureCheck(Base):
    """A relation between figures: `parts` are keys."""

    __tablename__ = "figure_check"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    key: Mapped[str] = mapped_column(CaseString(60), unique=True)
    kind: Mapped[CheckKind] = mapped_column(enum_column(CheckKind, "kind"))
    parts: Mapped[Any] = mapped_column(JsonText)
    whole: Mapped[str] = mapped_column(CaseString(60))
    says: Mapped[str] = mapped_column(String(120))


class FigureEntry(Base):
    """A value a unit entered for a period. Never changed: a correction is a new row that points to the one before it.

    `first` is 1 for the first of its chain and NULL for corrections, so that there is one chain per figure, unit and
    period, and `corrects_id` is unique, so that a chain does not fork. `after_close`: the period was closed already.
    """

    __tablename__ = "figure_entry"
    __table_args__ = (
        UniqueConstraint("figure_id", "node_id", "period", "first"),
        CheckConstraint("value >= 0", name="value"),
        CheckConstraint(
            "(first = 1 AND corrects_id IS NULL) OR (first IS NULL AND corrects_id IS NOT NULL)", name="chain"
        ),
        Index("ix_figure_entry_period_node", "period", "node_id"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    figure_id: Mapped[int] = mapped_column(ForeignKey("figure.id"))
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"), index=True)
    period: Mapped[str] = mapped_column(CaseString(10))
    value: Mapped[int] = mapped_column(BigInteger)
    bound: Mapped[Bound] = mapped_column(enum_column(Bound, "bound"))
    document: Mapped[str] = mapped_column(String(200))
    note: Mapped[str] = mapped_column(String(200), default="")
    how: Mapped[EntryHow] = mapped_column(enum_column(EntryHow, "how"))
    first: Mapped[int | None] = mapped_column(SmallInteger)
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("figure_entry.id"), unique=True)
    reason: Mapped[str] = mapped_column(String(200), default="")
    after_close: Mapped[bool] = mapped_column(default=False)
    entered_by: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    entered_at: Mapped[datetime] = mapped_column(UTCDateTime)


class FigureSignOff(Base):
    """What a second person said about an entry; once, and never the person who entered it."""

    __tablename__ = "figure_sign_off"
    __table_args__ = (CheckConstraint("staff_id <> entered_by", name="two_people"),)
    entry_id: Mapped[int] = mapped_column(ForeignKey("figure_entry.id"), primary_key=True)
    entered_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    verdict: Mapped[Verdict] = mapped_column(enum_column(Verdict, "verdict"))
    remark: Mapped[str] = mapped_column(String(200), default="")
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class FigurePeriod(Base):
    """A period the lead department closed."""

    __tablename__ = "figure_period"
    code: Mapped[str] = mapped_column(CaseString(10), primary_key=True)
    closed_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    closed_at: Mapped[datetime] = mapped_column(UTCDateTime)
