"""Console: reports asked for and kept, the rows behind a number, roll-ups, coverage."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.console import charts, forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.downloads import attachment
from sorting_miniapp.console.views_figures import chosen_period, offered
from sorting_miniapp.errors import DomainError, Invalid, NotFound
from sorting_miniapp.events import campaigns
from sorting_miniapp.events.models_counts import COUNT_NAMES
from sorting_miniapp.figures import ledger, periods, standing, styles
from sorting_miniapp.figures.periods import Period, PeriodKind
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import Node, NodeKind
from sorting_miniapp.reports import counting, coverage, making, rollup
from sorting_miniapp.reports.models import REPORT_KIND_NAMES, FigureReport, ReportKind

PAGE = 50
MOST_PAGES = 4000
UNITS = (NodeKind.CITY, NodeKind.TOWN, NodeKind.DEPARTMENT)


def chosen_node(roles: tuple[Any, ...]) -> Node:
    """The unit asked for, the person's highest where none is. Raises NotFound outside the branches."""
    branches = current_staff().branches(*roles)
    wanted = request.values.get("node", "")
    if wanted:
        return orgs.get(forms.whole(wanted, "单位"), branches)
    units = orgs.visible(branches)
    if not units:
        raise NotFound("node_not_found", "没有找到这个单位")
    return min(units, key=lambda unit: unit.path.count("/"))


def units(roles: tuple[Any, ...]) -> list[tuple[str, str]]:
    """The units a form offers: the city, towns, departments, and whatever is the person's own."""
    branches = current_staff().branches(*roles)
    found = [unit for unit in orgs.visible(branches) if unit.kind in UNITS or unit.path in branches]
    return [(str(unit.id), unit.name) for unit in found]


@blueprint.get("/reports")
@staff_only(*making.ROLES)
def reports() -> str:
    return _reports_page({})


def _reports_page(typed: Any, problem: DomainError | None = None) -> str:
    rows = making.listed(current_staff(), forms.query_number("before", 1))
    more = len(rows) > making.PAGE
    year = chosen_period("")
    week = making.week_of(clock.today().year)
    return render_template(
        "console/reports/list.html",
        rows=rows[: making.PAGE],
        following=url_for("console.reports", before=rows[making.PAGE - 1].FigureReport.id) if more else "",
        typed=typed,
        problem=problem,
        units=units(making.ROLES),
        kinds=REPORT_KIND_NAMES,
        periods=offered(year),
        year=year,
        week=[day.isoformat() for day in week],
        campaigns=[(str(row.Campaign.id), row.Campaign.title) for row in campaigns.listed(current_staff())],
    )


@blueprint.post("/reports")
@staff_only(*making.ROLES)
def report_ask() -> Response | tuple[str, int]:
    form = request.form
    try:
        node_id = forms.whole(form.get("node", ""), "单位")
        kind = forms.choice(form.get("kind", ""), ReportKind, "kind", "报告种类")
        if kind is ReportKind.CAMPAIGN:
            report = making.ask_campaign(current_staff(), node_id, _campaign())
        else:
            report = making.ask_period(current_staff(), node_id, _code(kind))
    except DomainError as error:
        return _reports_page(form, error), error.status if error.status in (403, 404) else 422
    flash("正在生成，完成后可以下载", "success")
    return redirect(url_for("console.report", report_id=report))


def _campaign() -> int:
    chosen = request.form.get("campaign", "")
    if not chosen:
        raise Invalid("campaign", "还没有主题活动，先在“主题活动”页建立并加入活动")
    return forms.whole(chosen, "主题活动")


def _code(kind: ReportKind) -> str:
    if kind is ReportKind.PERIOD:
        return request.form.get("period", "")
    first, last = (forms.day(request.form.get(name, "")) for name in ("first", "last"))
    if first is None or last is None:
        raise Invalid("period", "请填写起止日期")
    return periods.span(first, last).code


@blueprint.get("/reports/<int:report_id>")
@staff_only(*making.ROLES)
def report(report_id: int) -> str:
    found, node = making.get(current_staff(), report_id)
    return render_template(
        "console/reports/report.html", report=found, node=node, kinds=REPORT_KIND_NAMES, behind=_behind(found)
    )


def _behind(found: FigureReport) -> dict[str, str]:
    """The pages with the rows behind the numbers counted from records, by the figures' keys."""
    if found.kind is ReportKind.CAMPAIGN:
        return {}  # those pages show a unit and a period, not a campaign
    return {
        figure.key: url_for("console.figure_rows", figure_id=figure.id, node=found.node_id, period=found.period)
        for figure in standing.figures()
        if figure.auto
    }


@blueprint.get("/reports/<int:report_id>/<any(docx, xlsx):part>")
@staff_only(*making.ROLES)
def report_file(report_id: int, part: str) -> Response:
    name, mimetype, pieces = making.fetch(current_staff(), report_id, part)
    return attachment(pieces, name, mimetype)


@blueprint.get("/figures/<int:figure_id>/rows")
@staff_only(*ledger.READERS)
def figure_rows(figure_id: int) -> str:
    """The rows behind a number counted from records."""
    node, period = chosen_node(ledger.READERS), chosen_period(request.args.get("period", ""))
    figure = next((one for one in standing.figures() if one.id == figure_id and one.auto), None)
    if figure is None:
        raise NotFound("figure_not_found", "这个数字不是由系统统计的")
    scope, page = counting.Scope(period, node.path), forms.query_number("page", 1, MOST_PAGES) or 1
    rows = list(counting.rows(scope, figure.auto, skip=(page - 1) * PAGE, most=PAGE + 1))
    following = url_for("console.figure_rows", figure_id=figure_id, node=node.id, period=period.code, page=page + 1)
    return render_template(
        "console/reports/rows.html",
        figure=figure,
        node=node,
        period=period,
        units=units(ledger.READERS),
        periods=offered(period),
        total=counting.total(scope, figure.auto),
        rows=[(row, _link(row)) for row in rows[:PAGE]],
        following=following if len(rows) > PAGE else "",
        plain=styles.plain,
    )


def _link(row: counting.Evidence) -> str:
    """The page of what the row counts, where there is one."""
    if row.kind == "event" and row.id:
        return url_for("console.event", event_id=row.id)
    if row.kind == "article":
        return url_for("console.article", article_id=row.id)
    return url_for("console.push", push_id=row.id) if row.kind == "push" else ""


@blueprint.get("/rollup")
@staff_only(*ledger.READERS)
def activity_rollup() -> str:
    node, period = chosen_node(ledger.READERS), chosen_period(request.args.get("period", ""))
    wanted = request.args.get("by", rollup.Dimension.UNIT.value)
    dimension = forms.choice(wanted, rollup.Dimension, "by", "分类办法")
    return render_template(
        "console/reports/rollup.html",
        node=node,
        period=period,
        units=units(ledger.READERS),
        periods=offered(period),
        dimension=dimension,
        dimensions=rollup.DIMENSION_NAMES,
        table=rollup.by(dimension, counting.Scope(period, node.path)),
        counts=COUNT_NAMES,
    )


@blueprint.get("/coverage")
@staff_only(*ledger.READERS)
def activity_coverage() -> str:
    node, period = chosen_node(ledger.READERS), _this_quarter()
    found = coverage.of(node.path, period)
    year = periods.of(PeriodKind.YEAR, period.first)
    months = coverage.of(node.path, year).months
    return render_template(
        "console/reports/coverage.html",
        node=node,
        period=period,
        year=year,
        units=units(ledger.READERS),
        periods=offered(period),
        found=found,
        months=months,
        events=charts.bars(f"{year.label}每月活动场次", [(label, events) for label, events, _ in months]),
        people=charts.bars(f"{year.label}每月直接参与人数", [(label, people) for label, _, people in months]),
    )


def _this_quarter() -> Period:
    code = request.args.get("period", "")
    return periods.parse(code) if code else periods.of(PeriodKind.QUARTER, clock.today())
