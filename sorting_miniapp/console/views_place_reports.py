"""Console: what residents reported about places: the queue, one issue to its end, a year's figures, the sheet."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.console import charts, forms
from sorting_miniapp.console import forms_events as event_forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.views_places import WORDS, branch, units, where
from sorting_miniapp.errors import Conflict, DomainError, Invalid
from sorting_miniapp.places import exports, handling, photo_desk, pictures, service, statistics
from sorting_miniapp.places.models_reports import IssueKind, IssueState
from sorting_miniapp.wechat.models import MediaState

Page = Response | str | tuple[str, int]
FILTERS = ("state", "kind", "org", "late")
TONES = {
    IssueState.NEW: "warning",
    IssueState.ACCEPTED: "primary",
    IssueState.DONE: "success",
    IssueState.DECLINED: "secondary",
}
PHOTO_WORDS = {
    MediaState.PENDING: "微信检查中，上报人暂时看不到",
    MediaState.PASS: "",
    MediaState.REVIEW: "微信没有给出结论，上报人暂时看不到，请看过后决定",
    MediaState.RISKY: "微信提示内容可能不适合，只有工作人员能看到",
}
VERDICTS = {
    MediaState.PASS: "已放行，上报人可以在小程序里看到这张照片",
    MediaState.RISKY: "已定为不放行，上报人看不到这张照片",
}


@blueprint.get("/place-reports")
@staff_only(*handling.READERS)
def place_reports() -> str:
    said: dict[str, Any] = {name: request.args.get(name, "") for name in FILTERS}
    page = forms.query_number("page", 0, 1000) or 0
    wanted = handling.Filter(
        state=IssueState(said["state"]) if said["state"] in set(IssueState) else None,
        kind=IssueKind(said["kind"]) if said["kind"] in set(IssueKind) else None,
        overdue=said["late"] == "1",
        branch=branch(said["org"], handling.READERS),
    )
    rows, more = handling.listed(current_staff(), wanted, page)
    return render_template(
        "console/places/reports.html",
        rows=rows,
        said=said,
        asked=any(said.values()),
        following=url_for("console.place_reports", **said, page=page + 1) if more else "",
        orgs=where(handling.READERS),
        now=clock.now(),
        issue_tones=TONES,
        **WORDS,
    )


@blueprint.get("/place-reports/<int:issue_id>")
@staff_only(*handling.READERS)
def place_issue(issue_id: int) -> str:
    return _page(issue_id)


def _page(issue_id: int, problems: dict[str, Any] | None = None) -> str:
    actor = current_staff()
    row = handling.get(actor, issue_id)
    reports = handling.reports_of(issue_id)
    others = handling.listed(actor, handling.Filter(place=row.Place.id))[0] if row.Place else []
    return render_template(
        "console/places/report.html",
        row=row,
        issue=row.PlaceIssue,
        place=row.Place,
        reports=reports,
        photos=pictures.of([report.id for report in reports]),
        photo_words=PHOTO_WORDS,
        media=MediaState,
        others=[one for one in others if one.PlaceIssue.id != issue_id],
        may_handle=any(actor.may(role, row.path) for role in service.WRITERS),
        values=request.form,
        problems=problems or {},
        now=clock.now(),
        at=service.at,
        issue_tones=TONES,
        **WORDS,
    )


@blueprint.post("/place-reports/<int:issue_id>/take-up")
@staff_only(*service.WRITERS)
def place_issue_take_up(issue_id: int) -> Response:
    handling.take_up(current_staff(), issue_id)
    flash("已受理，上报人会看到“处理中”", "success")
    return redirect(url_for("console.place_issue", issue_id=issue_id))


@blueprint.post("/place-reports/<int:issue_id>/end")
@staff_only(*service.WRITERS)
def place_issue_end(issue_id: int) -> Page:
    form = request.form
    try:
        to = forms.choice(form.get("state", ""), (IssueState.DONE, IssueState.DECLINED), "state", "处理结果")
        told = handling.end(current_staff(), issue_id, to, form.get("answer", "").strip(), "reopen" in form)
    except Invalid as error:
        return _page(issue_id, event_forms.problems(error)), 422
    flash(f"已办结，答复会通知 {told} 位上报人", "success")
    return redirect(url_for("console.place_reports"))


@blueprint.get("/place-reports/<int:issue_id>/pictures/<string:picture_id>.jpg")
@staff_only(*handling.READERS)
def place_issue_picture(issue_id: int, picture_id: str) -> Response:
    handling.get(current_staff(), issue_id)
    answer = Response(pictures.for_issue(issue_id, picture_id), mimetype="image/jpeg")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@blueprint.post("/place-reports/<int:issue_id>/pictures/<string:picture_id>/decision")
@staff_only(*service.WRITERS)
def place_issue_picture_decide(issue_id: int, picture_id: str) -> Response:
    to = forms.choice(request.form.get("state", ""), VERDICTS, "state", "结论")
    try:
        photo_desk.decide(current_staff(), issue_id, picture_id, to)
        flash(VERDICTS[to], "success")
    except Conflict as error:
        flash(error.message, "warning")
    return redirect(url_for("console.place_issue", issue_id=issue_id))


@blueprint.get("/place-reports/figures")
@staff_only(*handling.READERS)
def place_figures() -> str:
    this = clock.today().year
    year, org = forms.query_number("year", 2000, 2100) or this, request.args.get("org", "")
    branches = [branch(org, handling.READERS)] if org else current_staff().branches(*handling.READERS)
    found = statistics.of_year(year, branches)
    return render_template(
        "console/places/figures.html",
        year=year,
        years=[(str(one), f"{one}年") for one in range(this, this - 5, -1)],
        org=org,
        orgs=[("", "我的全部单位"), *where(handling.READERS)],
        found=found,
        chart=charts.bars(f"{year}年各月上报次数", [(line.label, line.reports) for line in found.months]),
    )


@blueprint.route("/place-reports/export", methods=["GET", "POST"])
@staff_only(*handling.READERS)
def place_reports_export() -> Page:
    if request.method == "GET":
        return _export_form()
    try:
        first, last = (forms.day(request.form.get(name, "")) for name in ("first", "last"))
        if first is None or last is None:
            raise Invalid("period", "请填写起止日期")
        exports.ask(current_staff(), forms.whole(request.form.get("unit", ""), "单位"), first, last)
    except DomainError as error:
        return _export_form(error.message), 422
    flash("已开始导出，完成后可在这里下载", "success")
    return redirect(url_for("console.jobs"))


def _export_form(problem: str = "") -> str:
    today = clock.today()
    typed = request.form.to_dict() or {"first": today.replace(month=1, day=1).isoformat(), "last": today.isoformat()}
    choices = [(unit.id, unit.name) for unit in units(*handling.READERS)]
    return render_template("console/places/export.html", typed=typed, choices=choices, problem=problem)
