"""Console: what is still to be entered on i志愿, flagged by the clerk; the sheet to key from; totals compared."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.certificates import masking
from sorting_miniapp.console import forms, sheets
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.errors import DomainError
from sorting_miniapp.hours import ivolunteer, rounding, sheet_ivolunteer
from sorting_miniapp.jobs import service as jobs
from sorting_miniapp.orgs import service as orgs

sheets.add_pages(sheet_ivolunteer.ENTERED, "/ivolunteer/entered", "console.ivolunteer_list")
sheets.add_pages(sheet_ivolunteer.RECONCILIATION, "/ivolunteer/totals", "console.ivolunteer_list")


@blueprint.get("/ivolunteer")
@staff_only(Role.VERIFIER)
def ivolunteer_list() -> str:
    return _page()


def _page(problem: str = "", refused: tuple[str, ...] = ()) -> str:
    entered, cursor = request.args.get("entered") == "1", request.args.get("cursor", type=int)
    branches = current_staff().branches(Role.VERIFIER)
    page = ivolunteer.listed(branches, entered, cursor)
    following = url_for("console.ivolunteer_list", entered=int(entered), cursor=page["next"])
    return render_template(
        "console/hours/ivolunteer.html",
        rows=[(row, ivolunteer.obstacle(row), ivolunteer.way(row.ServiceRecord)) for row in page["items"]],
        entered=entered,
        following=following if page["next"] else "",
        choices=[(unit.id, unit.name) for unit in orgs.in_use(branches)],
        mask=masking.name,
        words=rounding.words,
        problem=problem,
        refused=refused,
    )


@blueprint.post("/ivolunteer")
@staff_only(Role.VERIFIER)
def ivolunteer_mark() -> Response | tuple[str, int]:
    chosen = [forms.whole(text, "记录") for text in request.form.getlist("record")]
    entered = request.form.get("mark") != "not_entered"
    try:
        done, refused = ivolunteer.mark_many(current_staff(), chosen, entered)
    except DomainError as error:
        return _page(error.message), 422
    flash(f"已{'标记' if entered else '取消标记'} {done} 条", "success" if not refused else "warning")
    if refused:
        return _page(refused=refused), 200
    return redirect(url_for("console.ivolunteer_list", entered=0 if entered else 1))


@blueprint.post("/ivolunteer/sheet")
@staff_only(Role.VERIFIER)
def ivolunteer_sheet() -> Response:
    actor = current_staff()
    unit = orgs.get(forms.whole(request.form.get("unit", ""), "单位"), actor.branches(Role.VERIFIER))
    jobs.ask(actor, ivolunteer.KIND, unit, {}, f"{unit.name} i志愿录入表")
    flash("已开始生成录入表，完成后可在这里下载", "success")
    return redirect(url_for("console.jobs"))
