"""Console: registered volunteers, masked; one unmasked for a reason; their sheet; i志愿 numbers from a sheet."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts import groups
from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import GROUP_STATE_NAMES
from sorting_miniapp.console import forms, sheets
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.errors import DomainError
from sorting_miniapp.hours import exports, ivolunteer_numbers, records, rounding, volunteers
from sorting_miniapp.hours.models import RECORD_STATE_NAMES, SKILL_NAMES, Skill
from sorting_miniapp.orgs import service as orgs

sheets.add_pages(ivolunteer_numbers.SHEET, "/volunteers/numbers", "console.volunteer_list")


@blueprint.get("/volunteers")
@staff_only(*volunteers.KEEPERS)
def volunteer_list() -> str:
    words, before = request.args.get("q", "").strip()[:40], request.args.get("before", type=int)
    page = volunteers.search(words, current_staff().branches(*volunteers.KEEPERS), before)
    return render_template(
        "console/hours/volunteers.html",
        rows=[volunteers.masked(row) for row in page["items"]],
        q=words,
        following=url_for("console.volunteer_list", q=words, before=page["next"]) if page["next"] else "",
        words=rounding.words,
    )


@blueprint.route("/volunteers/export", methods=["GET", "POST"])
@staff_only(*volunteers.KEEPERS)
def volunteers_export() -> Response | str | tuple[str, int]:
    if request.method == "GET":
        return _export_form()
    try:
        exports.ask_volunteers(current_staff(), forms.whole(request.form.get("unit", ""), "单位"))
    except DomainError as error:
        return _export_form(error.message), 422
    flash("已开始导出，完成后可在这里下载", "success")
    return redirect(url_for("console.jobs"))


def _export_form(problem: str = "") -> str:
    units = orgs.in_use(current_staff().branches(*volunteers.KEEPERS))
    choices = [(unit.id, unit.name) for unit in units]
    page = "console/hours/export.html"
    return render_template(page, name="志愿者名册", choices=choices, typed=request.form, problem=problem, kind="")


@blueprint.get("/volunteers/<int:volunteer_id>")
@staff_only(*volunteers.KEEPERS)
def volunteer(volunteer_id: int) -> str:
    return _page(volunteer_id)


def _page(volunteer_id: int, revealed: dict[str, str] | None = None, problem: str = "") -> str:
    row = volunteers.in_branch(volunteer_id, current_staff().branches(*volunteers.KEEPERS))
    resident = row.Volunteer.resident_id
    skills = [SKILL_NAMES[Skill(key)] for key in row.Volunteer.skills or []]
    return render_template(
        "console/hours/volunteer.html",
        volunteer=volunteers.masked(row),
        skills=skills,
        groups=groups.of_resident(resident),
        group_states=GROUP_STATE_NAMES,
        records=records.of_resident(resident)["items"],
        states=RECORD_STATE_NAMES,
        revealed=revealed,
        problem=problem,
        reason=request.form.get("reason", ""),
        words=rounding.words,
    )


@blueprint.post("/volunteers/<int:volunteer_id>")
@staff_only(*volunteers.KEEPERS)
def volunteer_reveal(volunteer_id: int) -> str | tuple[str, int]:
    try:
        found = volunteers.reveal(current_staff(), volunteer_id, request.form.get("reason", "").strip())
    except DomainError as error:
        if error.status in (403, 404):
            raise
        return _page(volunteer_id, problem=error.message), 422
    return _page(volunteer_id, found)
