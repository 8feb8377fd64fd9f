"""Console: laying out a series of pushes (the publicity week) in one action, line by line as people want it, with what
it would bring shown first."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import accounts, calendar, series
from sorting_miniapp.articles.models import CHANNEL_NAMES, Channel
from sorting_miniapp.articles.models_planning import PushSeries
from sorting_miniapp.articles.series import Line
from sorting_miniapp.articles.series_pattern import MOST_LINES
from sorting_miniapp.console import forms, forms_events
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.errors import DomainError, Invalid
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import Node

Page = Response | str | tuple[str, int]
NOTE = 80


@blueprint.get("/series")
@staff_only(Role.EDITOR)
def series_list() -> str:
    rows = [(one, series.usual_start(one)) for one in series.known()]
    return render_template("console/calendar/series_list.html", rows=rows)


@blueprint.route("/series/<string:key>", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def series_page(key: str) -> Page:
    """The lines as the pattern proposes them, then as they were typed: looked at, one more added, or planned."""
    actor, found = current_staff(), series.get(key)
    day = forms.day(request.values.get("start", "")) or series.usual_start(found)
    near = abs((day - clock.today()).days) < 370
    monday = (day if near else series.usual_start(found)) - timedelta(days=day.weekday() if near else 0)
    if request.method == "GET":
        return _page(found, monday, _fitting(series.propose(found, monday, actor.branches(Role.EDITOR))), _first_unit())
    node_id = forms.whole(request.form["node_id"], "这个单位") if request.form.get("node_id") else None
    lines, step = _typed(), request.form.get("step")
    if step == "add" and len(lines) < MOST_LINES:
        at = forms_events.moment(f"{monday.isoformat()}T09:00", "推送时间")
        lines.append(Line(at, Channel.IN_APP, None, None, "另加"))
    if step != "plan":
        return _page(found, monday, lines, node_id)
    if request.form.get("seen") != _print(lines, node_id):
        said = "您改过安排，请看过每一条的时间、人数和次数，再确认一次"
        return _page(found, monday, lines, node_id, said), 422
    try:
        made = series.lay_out(actor, key, monday, node_id, lines)
    except DomainError as error:
        said = f"{error.message}。没有安排任何推送，请改好再确认"
        return _page(found, monday, lines, node_id, said), error.status
    flash(f"已安排 {len(made)} 次推送", "success")
    return redirect(url_for("console.calendar", at=monday.isoformat()))


def _typed() -> list[Line]:
    """The lines of the form, numbered from 1 without a gap. Raises NotFound, Invalid."""
    found = []
    for number in range(1, MOST_LINES + 1):
        if f"at-{number}" not in request.form:
            break
        name, _, account = request.form.get(f"channel-{number}", "").partition(":")
        article = request.form.get(f"article-{number}", "")
        try:
            at = forms_events.moment(request.form[f"at-{number}"], "推送时间")
        except Invalid:
            at = None
        found.append(
            Line(
                at,
                forms.choice(name, Channel, "channel", "渠道"),
                forms.whole(account, "这个公众号") if account else None,
                forms.whole(article, "这篇文章") if article else None,
                request.form.get(f"note-{number}", "")[:NOTE],
            )
        )
    return found


def _fitting(lines: Sequence[Line]) -> list[Line]:
    """The proposal to begin with: where something is in the way, no article is chosen until a person has changed it."""
    seen = series.look(current_staff(), lines, _first_unit())
    return [replace(one.line, article_id=None) if one.problem else one.line for one in seen]


def _units() -> list[Node]:
    return orgs.in_use(current_staff().branches(Role.EDITOR))


def _first_unit() -> int | None:
    """Whose residents are chosen before anybody chose."""
    return next((unit.id for unit in _units()), None)


def _print(lines: Sequence[Line], node_id: int | None) -> str:
    """What tells whether the lines were changed since somebody saw them."""
    return hashlib.sha256(repr((lines, node_id)).encode()).hexdigest()


def _channels(lines: Sequence[Line]) -> list[tuple[str, str]]:
    """What a line may go by: our channels, and each account of another office."""
    ours = [(kind.value, name) for kind, name in CHANNEL_NAMES.items() if kind is not Channel.HANDOVER]
    handed = [(f"handover:{one.id}", f"交稿：{one.name}") for one in accounts.active()]
    open_ones = any(line.channel is Channel.HANDOVER and line.account_id is None for line in lines)
    return ours + handed + ([("handover", "交稿：请选择公众号")] if open_ones or not handed else [])


def _page(found: PushSeries, monday: date, lines: Sequence[Line], node_id: int | None = None, problem: str = "") -> str:
    actor = current_staff()
    branches = actor.branches(Role.EDITOR)
    articles = [(row.Article.id, f"{row.title}（{row.column_name}）") for row in calendar.plannable(branches, "")]
    return render_template(
        "console/calendar/series.html",
        series=found,
        monday=monday,
        week=f"{monday} 至 {monday + timedelta(days=6)}",
        rows=series.look(actor, lines, node_id),
        articles=[("", "这一条不安排"), *articles],
        channels=_channels(lines),
        local_input=forms_events.local_input,
        units=[(str(unit.id), unit.name) for unit in _units()],
        node_id=node_id or "",
        seen=_print(lines, node_id),
        room=len(lines) < MOST_LINES,
        problem=problem,
    )
