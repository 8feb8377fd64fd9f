"""Reported troubles as a sheet, made in the worker: one line for each report, without who wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.db import db
from sorting_miniapp.errors import Invalid
from sorting_miniapp.imports import workbook
from sorting_miniapp.jobs import kinds
from sorting_miniapp.jobs import service as jobs
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within
from sorting_miniapp.places import handling
from sorting_miniapp.places.models import PLACE_KIND_NAMES, Place
from sorting_miniapp.places.models_reports import ISSUE_KIND_NAMES, ISSUE_STATE_NAMES, PlaceIssue, PlaceReport

KIND = "place_reports_export"
BATCH = 500
MOST_DAYS = 3 * 366
COLUMNS = (
    "问题编号", "上报时间", "单位", "点位编号", "点位", "点位类别", "位置说明", "问题", "描述", "状态", "办理期限",
    "受理时间", "办结时间", "办理天数", "是否超期", "答复",
)  # fmt: skip


def ask(actor: StaffActor, node_id: int, first: date, last: date) -> str:
    """Ask for the sheet over a unit's branch and the days of the reports; returns the job's public id.

    Raises NotFound, Forbidden, Invalid, Conflict.
    """
    if not first <= last <= first + timedelta(days=MOST_DAYS):
        raise Invalid("period", "结束日期不能早于开始日期，一次最多三年")
    node = orgs.get(node_id, actor.branches(*handling.READERS))
    parameters = {"first": first.isoformat(), "last": last.isoformat()}
    return jobs.ask(actor, KIND, node, parameters, f"{node.name} {JOB.label} {first} 至 {last}")


def make(asked: kinds.Asked, progress: kinds.Progress) -> kinds.File:
    """Every report of the branch made in the days, in the order they came."""
    data = workbook.write("点位问题", COLUMNS, _lines(asked, progress))
    return kinds.File("点位问题.xlsx", workbook.XLSX, [data])


def _lines(asked: kinds.Asked, progress: kinds.Progress) -> Iterator[tuple[object, ...]]:
    first, last = (date.fromisoformat(asked.parameters[name]) for name in ("first", "last"))
    start, end = clock.local_midnight(first), clock.local_midnight(last + timedelta(days=1))
    inside = (within(Node.path, [asked.node_path]), PlaceReport.created_at >= start, PlaceReport.created_at < end)
    joined = select(func.count(PlaceReport.id)).join(PlaceIssue, PlaceIssue.id == PlaceReport.issue_id)
    total = int(db.session().scalar(joined.join(Node, Node.id == PlaceIssue.node_id).where(*inside)) or 0)
    query = (
        select(PlaceReport, PlaceIssue, Place, Node.name.label("org_name"))
        .join(PlaceIssue, PlaceIssue.id == PlaceReport.issue_id)
        .join(Node, Node.id == PlaceIssue.node_id)
        .outerjoin(Place, Place.id == PlaceIssue.place_id)
        .where(*inside)
        .order_by(PlaceReport.id)
    )
    for done, row in enumerate(db.session().execute(query.execution_options(yield_per=BATCH))):
        if done % BATCH == 0:
            progress(done, total, "正在写入")
        yield _line(row)


def _line(row: Any) -> tuple[object, ...]:
    report, issue, place = row.PlaceReport, row.PlaceIssue, row.Place
    ended = issue.ended_at
    return (
        issue.id, _when(report.created_at), row.org_name, place.code if place else "", place.name if place else "",
        PLACE_KIND_NAMES[place.kind] if place else "", issue.spot, ISSUE_KIND_NAMES[issue.kind], report.text,
        ISSUE_STATE_NAMES[issue.state], _when(issue.due_at), _when(issue.accepted_at), _when(ended),
        round((ended - issue.opened_at).total_seconds() / 86_400, 1) if ended else None,
        "是" if (ended or clock.now()) > issue.due_at else "否", issue.answer,
    )  # fmt: skip


def _when(moment: datetime | None) -> str:
    return clock.local(moment).strftime("%Y-%m-%d %H:%M") if moment else ""


JOB = kinds.Kind(KIND, "点位问题表", handling.READERS, make)
