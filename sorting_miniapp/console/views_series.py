"""Console: laying out a series of pushes (the publicity week) in one action, with what it would make shown first."""

from __future__ import annotations

from datetime import date, timedelta

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import series, slots
from sorting_miniapp.articles.models_planning import PushSeries
from sorting_miniapp.console import forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.errors import DomainError
from sorting_miniapp.orgs import service as orgs

Page = Response | str | tuple[str, int]


@blueprint.get("/series")
@staff_only(Role.EDITOR)
def series_list() -> str:
    rows = [(one, series.usual_start(one)) for one in series.known()]
    return render_template("console/calendar/series_list.html", rows=rows)


@blueprint.route("/series/<string:key>", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def series_page(key: str) -> Page:
    found = series.get(key)
    day = forms.day(request.values.get("start", "")) or series.usual_start(found)
    near = abs((day - clock.today()).days) < 370
    monday = (day if near else series.usual_start(found)) - timedelta(days=day.weekday() if near else 0)
    if request.method == "GET":
        return _preview(found, monday)
    try:
        node_id = forms.whole(request.form["node_id"], "这个单位") if request.form.get("node_id") else None
        made = series.lay_out(current_staff(), key, monday, node_id, _chosen())
    except DomainError as error:
        return _preview(found, monday, error.message), error.status
    flash(f"已安排 {len(made)} 次推送", "success")
    return redirect(url_for("console.calendar", at=monday.isoformat()))


def _chosen() -> dict[int, int]:
    """{line: article} of the selects that name one."""
    found = {}
    for name, value in request.form.items():
        line = name.removeprefix("article-")
        if line != name and line.isascii() and line.isdigit() and len(line) < 4 and value:
            found[int(line)] = forms.whole(value, "这篇文章")
    return found


def _preview(found: PushSeries, monday: date, problem: str = "") -> str:
    actor = current_staff()
    units = [u for u in orgs.visible(actor.branches(Role.EDITOR)) if u.active]
    return render_template(
        "console/calendar/series.html",
        series=found,
        monday=monday,
        week=f"{monday} 至 {monday + timedelta(days=6)}",
        weekdays=slots.WEEKDAYS,
        rows=series.propose(actor, found, monday, actor.branches(Role.EDITOR)),
        units=[(str(u.id), u.name) for u in units],
        typed=request.form,
        problem=problem,
    )
