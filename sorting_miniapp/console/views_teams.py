"""Console: classes and teams of the branch: who made them, their codes, what their members have done."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import StaffActor, current_staff, staff_only
from sorting_miniapp.console import forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.downloads import attachment
from sorting_miniapp.errors import DomainError
from sorting_miniapp.imports import workbook
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.quiz import team_boards, team_desk
from sorting_miniapp.quiz.models_teams import TEAM_KIND_NAMES, TeamKind


@blueprint.get("/teams")
@staff_only(*team_desk.READERS)
def team_list() -> str:
    words, before = request.args.get("q", "").strip()[:40], forms.query_number("before", 1)
    rows, following = team_desk.listed(current_staff(), words, before)
    more = url_for("console.team_list", q=words, before=following) if following else ""
    return render_template("console/teams/list.html", rows=rows, q=words, following=more, kinds=TEAM_KIND_NAMES)


@blueprint.route("/teams/new", methods=["GET", "POST"])
@staff_only(*team_desk.MANAGERS)
def team_new() -> Response | str | tuple[str, int]:
    if request.method == "GET":
        return _form(None)
    try:
        kind = forms.choice(request.form.get("kind", ""), TeamKind, "kind", "类别")
        node_id = forms.whole(request.form.get("node", ""), "单位")
        key = team_desk.make(current_staff(), node_id, kind, request.form.get("name", ""))
    except DomainError as error:
        return _form(error), 422
    flash("已新建，把班级码告诉成员就能加入", "success")
    return redirect(url_for("console.team", team_id=key))


def _form(problem: DomainError | None) -> str:
    units = orgs.in_use(current_staff().branches(*team_desk.MANAGERS))
    return render_template(
        "console/teams/form.html", typed=request.form, problem=problem, kinds=TEAM_KIND_NAMES,
        units=[(one.id, one.name) for one in units],
    )  # fmt: skip


@blueprint.get("/teams/<int:team_id>")
@staff_only(*team_desk.READERS)
def team(team_id: int) -> str:
    actor = current_staff()
    row, node = team_desk.get(actor, team_id)
    return render_template(
        "console/teams/team.html", team=row, node=node, progress=team_boards.progress(row), kinds=TEAM_KIND_NAMES,
        may_manage=team_desk.may_manage(actor, node) and row.closed_at is None,
    )  # fmt: skip


@blueprint.get("/teams/<int:team_id>/progress.xlsx")
@staff_only(*team_desk.READERS)
def team_sheet(team_id: int) -> Response:
    row, _ = team_desk.get(current_staff(), team_id)
    name, data = team_boards.sheet(row)
    return attachment(data, name, workbook.XLSX)


def _do(step: Callable[[StaffActor, int], None], team_id: int, said: str) -> Response:
    try:
        step(current_staff(), team_id)
        flash(said, "success")
    except DomainError as error:
        if error.status != 409:
            raise
        flash(error.message, "warning")
    return redirect(url_for("console.team", team_id=team_id))


@blueprint.post("/teams/<int:team_id>/code")
@staff_only(*team_desk.MANAGERS)
def team_code(team_id: int) -> Response:
    return _do(team_desk.renew_code, team_id, "已换新的班级码，旧的不能再用")


@blueprint.post("/teams/<int:team_id>/close")
@staff_only(*team_desk.MANAGERS)
def team_close(team_id: int) -> Response:
    return _do(team_desk.close, team_id, "已解散")
