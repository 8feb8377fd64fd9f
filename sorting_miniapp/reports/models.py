"""Reports as they were made: the figures as they stood, and the two documents in chunks."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, Bytes, CaseString, JsonText, UTCDateTime, enum_column


class ReportKind(StrEnum):
    PERIOD = "period"
    WEEK = "week"
    CAMPAIGN = "campaign"


REPORT_KIND_NAMES = {
    ReportKind.PERIOD: "年度、季度或月度报告",
    ReportKind.WEEK: "宣传周或某段日期",
    ReportKind.CAMPAIGN: "主题活动",
}


class FigureReport(Base):
    """A report somebody asked for. `figures` and `problems` are NULL until it is made, and never change afterwards."""

    __tablename__ = "figure_report"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[str] = mapped_column(CaseString(32), unique=True)
    kind: Mapped[ReportKind] = mapped_column(enum_column(ReportKind, "kind"))
    title: Mapped[str] = mapped_column(String(120))
    period: Mapped[str] = mapped_column(CaseString(20))
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"), index=True)
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"), index=True)
    figures: Mapped[Any] = mapped_column(JsonText, nullable=True)
    problems: Mapped[Any] = mapped_column(JsonText, nullable=True)
    asked_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    made_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class FigureReportChunk(Base):
    """A piece of a report's .docx or .xlsx."""

    __tablename__ = "figure_report_chunk"
    report_id: Mapped[int] = mapped_column(ForeignKey("figure_report.id"), primary_key=True)
    part: Mapped[str] = mapped_column(CaseString(8), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[bytes] = mapped_column(Bytes)
