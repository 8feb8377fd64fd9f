"""Console: what pushes came to, over a period and for one article; the workbook is made in the worker."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import desk, push_export, push_results, writing
from sorting_miniapp.console import charts, forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.deliveries import results
from sorting_miniapp.deliveries.models import DeliveryState
from sorting_miniapp.errors import DomainError
from sorting_miniapp.orgs import service as orgs

Page = Response | str | tuple[str, int]
READERS = (Role.EDITOR, Role.REVIEWER, Role.ANALYST, Role.ADMIN)
USUAL_DAYS, CHART_DAYS = 180, 14


def _period() -> tuple[date, date]:
    last = forms.day(request.values.get("last", "")) or clock.today()
    return forms.day(request.values.get("first", "")) or last - timedelta(days=USUAL_DAYS), last


@blueprint.get("/results", endpoint="results")
@staff_only(*READERS)
def results_page() -> Page:
    first, last = _period()
    try:
        return _page(first, last)
    except DomainError as error:
        return _page(clock.today() - timedelta(days=USUAL_DAYS), clock.today(), error.message), error.status


def _page(first: date, last: date, problem: str = "") -> str:
    actor = current_staff()
    column = forms.query_number("column", 1)
    found = push_results.overview(actor.branches(*READERS), first, last, column)
    units = [(str(u.id), u.name) for u in orgs.in_use(actor.branches(*push_export.ROLES))]
    return render_template(
        "console/results/overview.html",
        found=found,
        first=first,
        last=last,
        states=[(state, results.STATE_NAMES[state]) for state in push_results.SHOWN],
        reads=charts.bars("每月小程序阅读", _by_month(found.months, lambda sums: sums.reads)),
        sent=charts.bars("每月订阅消息已发", _by_month(found.months, lambda sums: sums.messages[DeliveryState.SENT])),
        units=units,
        column=column or "",
        columns=[("", "全部")] + [(str(one.id), one.name) for one in writing.columns()],
        problem=problem,
    )


def _by_month(
    months: dict[str, push_results.Sums], number: Callable[[push_results.Sums], int]
) -> list[tuple[str, int]]:
    """Points of a chart; the months of several years name theirs."""
    several = len({month[:4] for month in months}) > 1
    return [
        (f"{month[2:4]}年{int(month[5:])}月" if several else f"{int(month[5:])}月", number(sums))
        for month, sums in months.items()
    ]


@blueprint.post("/results/export")
@staff_only(*push_export.ROLES)
def results_export() -> Page:
    first, last = _period()
    try:
        push_export.ask(current_staff(), forms.whole(request.form.get("node_id", ""), "这个单位"), first, last)
    except DomainError as error:
        return _page(clock.today() - timedelta(days=USUAL_DAYS), clock.today(), error.message), error.status
    flash("已提出，做好后在这里下载", "success")
    return redirect(url_for("console.jobs"))


@blueprint.get("/articles/<int:article_id>/results")
@staff_only(*READERS)
def article_results(article_id: int) -> str:
    found = desk.article(current_staff().branches(*READERS), article_id)
    last = clock.today()
    days = push_results.reads_by_day(article_id, last - timedelta(days=CHART_DAYS - 1), last)
    return render_template(
        "console/results/article.html",
        found=found,
        days=days,
        chart=charts.bars("每天小程序阅读", [(f"{day.day}日", number) for day, number in days.items()]),
        rows=[(push, _states(push), push_results.reads_after(push)) for push in desk.pushes_of(article_id)],
        states=[(state, results.STATE_NAMES[state]) for state in push_results.SHOWN],
    )


def _states(push: Any) -> dict[DeliveryState, int] | None:
    return results.by_fan_out([push.fan_out_id]).get(push.fan_out_id, {}) if push.fan_out_id else None
