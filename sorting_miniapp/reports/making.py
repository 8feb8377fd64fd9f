"""Asking for a report, making it in the worker, and the reports made so far."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from typing import IO, Any

from sqlalchemy import Row, delete, select, update

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role, Staff
from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.errors import Conflict, NotFound
from sorting_miniapp.events.models_planning import Campaign
from sorting_miniapp.figures import periods
from sorting_miniapp.figures.periods import Period, PeriodKind
from sorting_miniapp.imports.workbook import XLSX
from sorting_miniapp.jobs import kinds
from sorting_miniapp.jobs import service as jobs
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import contains, within
from sorting_miniapp.reports import document, evidence, values
from sorting_miniapp.reports.models import FigureReport, FigureReportChunk, ReportKind

JOB = "figure_report"
ROLES = (Role.ANALYST, Role.ADMIN)
PARTS = {"docx": document.DOCX, "xlsx": XLSX}
CHUNK = 512 * 1024
PAGE = 20
SUBJECT = "生活垃圾分类工作情况"


def register() -> None:
    """Make the kind of job known (create_app)."""
    jobs_kind = kinds.Kind(JOB, "数据报告", ROLES, make, shared=True)
    kinds.register(jobs_kind)


def ask_period(actor: StaffActor, node_id: int, code: str) -> int:
    """Ask for a year's, quarter's or month's report, or one of a span of days (a publicity week).

    Returns the report's id. Raises NotFound, Forbidden, Invalid, Conflict.
    """
    period = periods.parse(code)
    kind = ReportKind.WEEK if period.kind is PeriodKind.SPAN else ReportKind.PERIOD
    return _ask(actor, node_id, kind, period, None, f"{period.label}{SUBJECT}")


def ask_campaign(actor: StaffActor, node_id: int, campaign_id: int) -> int:
    """Ask for a campaign's report, its parts included. Raises as ask_period."""
    campaign = db.session().get(Campaign, campaign_id)
    owner = db.session().get(Node, campaign.node_id) if campaign else None
    seen = owner and any(contains(owner.path, b) or contains(b, owner.path) for b in actor.branches(*ROLES))
    if campaign is None or not seen:
        raise NotFound("campaign_not_found", "没有找到这个主题活动")
    period = periods.span(campaign.starts_on, min(campaign.ends_on, campaign.starts_on + timedelta(days=366)))
    return _ask(actor, node_id, ReportKind.CAMPAIGN, period, campaign_id, f"“{campaign.title}”主题活动情况")


def _ask(actor: StaffActor, node_id: int, kind: ReportKind, period: Period, campaign_id: int | None, title: str) -> int:
    if period.first > clock.today():
        raise Conflict("period_ahead", "期间还没有开始")
    with transaction() as session:
        node = orgs.get(node_id, actor.branches(*ROLES))
        title = f"{node.name}{title}"[:120]
        waiting = select(FigureReport.id).where(
            FigureReport.asked_by == actor.id,
            FigureReport.node_id == node_id,
            FigureReport.title == title,
            FigureReport.made_at.is_(None),
        )
        report = FigureReport(public_id=new_public_id(), kind=kind, title=title, period=period.code, node_id=node_id)
        report.campaign_id, report.asked_by, report.asked_at = campaign_id, actor.id, clock.now()
        found = session.scalar(waiting.order_by(FigureReport.id.desc()).limit(1))
        if found is None:
            session.add(report)
            session.flush()
            found = report.id
        jobs.ask(actor, JOB, node, {"report": found}, title)
        return found


def make(asked: kinds.Asked, progress: kinds.Progress) -> kinds.File:
    """Make the documents and keep them; gives both in one zip. Made again, it replaces what an earlier try left."""
    report = db.session().get_one(FigureReport, int(asked.parameters["report"]))
    node, period = db.session().get_one(Node, report.node_id), periods.parse(report.period)
    campaigns = _with_parts(report.campaign_id)

    def counting(done: int, total: int) -> None:
        progress(done, total * 2, "正在统计")

    def writing(done: int, total: int) -> None:
        progress(total + done, total * 2, "正在整理佐证")

    figures = values.of(node, period, campaigns, counting)
    sheet = tempfile.TemporaryFile()  # noqa: SIM115  closed by the last who reads it
    evidence.write(sheet, figures, campaigns, writing)
    text = document.make(report.title, figures)
    _keep(report.id, figures, text, sheet)
    return kinds.File(f"{report.title}.zip", "application/zip", kinds.pieces(_zipped(report.title, text, sheet)))


def _with_parts(campaign_id: int | None) -> tuple[int, ...]:
    """The campaign and those below it."""
    found: list[int] = [campaign_id] if campaign_id else []
    for parent in found:
        query = select(Campaign.id).where(Campaign.parent_id == parent).order_by(Campaign.id)
        found += [one for one in db.session().scalars(query) if one not in found]
    return tuple(found)


def _zipped(title: str, text: bytes, sheet: IO[bytes]) -> IO[bytes]:
    out = tempfile.TemporaryFile()  # noqa: SIM115
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(f"{title}.docx", text)
        with archive.open(f"{title}（佐证）.xlsx", "w", force_zip64=True) as member:
            for piece in kinds.pieces(sheet):
                member.write(piece)
    return out


def _keep(report_id: int, figures: values.Figures, text: bytes, sheet: IO[bytes]) -> None:
    with transaction() as session:
        session.execute(delete(FigureReportChunk).where(FigureReportChunk.report_id == report_id))
        for number, start in enumerate(range(0, len(text), CHUNK)):
            piece = text[start : start + CHUNK]
            session.add(FigureReportChunk(report_id=report_id, part="docx", number=number, data=piece))
        sheet.seek(0)
        for number, piece in enumerate(iter(lambda: sheet.read(CHUNK), b"")):
            session.add(FigureReportChunk(report_id=report_id, part="xlsx", number=number, data=piece))
            session.flush()
        stood = [values.kept(value) for value in figures.values]
        problems = [{"kind": problem.kind, "text": problem.text} for problem in figures.problems]
        session.execute(
            update(FigureReport)
            .where(FigureReport.id == report_id)
            .values(figures=stood, problems=problems, made_at=clock.now())
        )


def listed(actor: StaffActor, before: int | None = None) -> list[Row[Any]]:
    """(FigureReport, node_name, staff_name), newest first, one more than PAGE when there are more."""
    query = (
        select(FigureReport, Node.name.label("node_name"), Staff.name.label("staff_name"))
        .join(Node, Node.id == FigureReport.node_id)
        .join(Staff, Staff.id == FigureReport.asked_by)
        .where(within(Node.path, actor.branches(*ROLES)))
        .order_by(FigureReport.id.desc())
        .limit(PAGE + 1)
    )
    if before is not None:
        query = query.where(FigureReport.id < before)
    return list(db.session().execute(query).all())  # type: ignore[arg-type]


def get(actor: StaffActor, report_id: int) -> tuple[FigureReport, Node]:
    """A report of the actor's branches. Raises NotFound."""
    query = select(FigureReport, Node).join(Node, Node.id == FigureReport.node_id)
    seen = within(Node.path, actor.branches(*ROLES))
    row = db.session().execute(query.where(FigureReport.id == report_id, seen)).first()
    if row is None:
        raise NotFound("report_not_found", "没有找到这份报告")
    return row.FigureReport, row.Node


def fetch(actor: StaffActor, report_id: int, part: str) -> tuple[str, str, Iterator[bytes]]:
    """(name, type, bytes) of a kept document; audited. Raises NotFound, Conflict."""
    with transaction():
        report, node = get(actor, report_id)
        if report.made_at is None:
            raise Conflict("report_not_made", "报告还没有生成")
        after = {"title": report.title, "part": part}
        audit.record(actor.username, "report.download", "report", report_id, node_path=node.path, after=after)
    name = f"{report.title}.docx" if part == "docx" else f"{report.title}（佐证）.xlsx"
    return name, PARTS[part], _bytes_of(report_id, part)


def _bytes_of(report_id: int, part: str) -> Iterator[bytes]:
    number = 0
    here = (FigureReportChunk.report_id == report_id, FigureReportChunk.part == part)
    while True:
        query = select(FigureReportChunk.data).where(*here, FigureReportChunk.number == number)
        data = db.session().scalar(query)
        if data is None:
            return
        yield data
        number += 1


def week_of(year: int) -> tuple[date, date]:
    """The national publicity week: the fourth week of May, Monday to Sunday (since 2023; rules.md, Waste classes)."""
    first = date(year, 5, 1)
    monday = first + timedelta(days=-first.weekday() % 7)
    start = monday + timedelta(weeks=3)
    return start, start + timedelta(days=6)
