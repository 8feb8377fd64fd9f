"""Console: trainings, awards and evaluations of volunteers, entered one by one or from a sheet."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.certificates import masking
from sorting_miniapp.console import forms, sheets
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.reasons import reason_page
from sorting_miniapp.errors import DomainError, Invalid
from sorting_miniapp.hours import entries, sheet_entries, volunteers
from sorting_miniapp.hours.models_entries import ENTRY_NAMES, EntryKind

Page = Response | str | tuple[str, int]

sheets.add_pages(sheet_entries.SHEET, "/entries/import", "console.entry_list")


@blueprint.get("/entries")
@staff_only(*entries.KEEPERS)
def entry_list() -> str:
    kind, before = request.args.get("kind", ""), request.args.get("before", type=int)
    wanted = EntryKind(kind) if kind in set(EntryKind) else None
    page = entries.listed(current_staff().branches(*entries.KEEPERS), wanted, before)
    return render_template(
        "console/hours/entries.html",
        rows=page["items"],
        kinds=ENTRY_NAMES,
        kind=kind,
        following=url_for("console.entry_list", kind=kind, before=page["next"]) if page["next"] else "",
        mask=masking.name,
    )


@blueprint.route("/entries/new", methods=["GET", "POST"])
@staff_only(*entries.KEEPERS)
def entry_new() -> Page:
    if request.method == "GET":
        typed = {"number": request.args.get("number", "")[:32]}
        return render_template("console/hours/entry_new.html", kinds=ENTRY_NAMES, typed=typed, problem="")
    try:
        number = request.form.get("number", "").strip()
        found = volunteers.by_numbers([number], current_staff().branches(*entries.KEEPERS)).get(number)
        if found is None:
            raise Invalid("volunteer", "您管理的范围内没有这个志愿者编号")
        entries.add(current_staff(), found.Volunteer.id, _draft())
    except DomainError as error:
        page = "console/hours/entry_new.html"
        return render_template(page, kinds=ENTRY_NAMES, typed=request.form, problem=error.message), 422
    flash("已添加", "success")
    return redirect(url_for("console.entry_list"))


def _draft() -> entries.Draft:
    texts = {name: request.form.get(name, "").strip() for name in ("title", "giver", "note")}
    day = forms.day(request.form.get("day", ""))
    if day is None:
        raise Invalid("day", "请填写日期")
    kind = forms.choice(request.form.get("kind", ""), EntryKind, "kind", "类别")
    return entries.Draft(kind, texts["title"], texts["giver"], day, texts["note"])


@blueprint.route("/entries/<int:entry_id>/withdraw", methods=["GET", "POST"])
@staff_only(*entries.KEEPERS)
def entry_withdraw(entry_id: int) -> Page:
    title = entries.in_branch(entry_id, current_staff().branches(*entries.KEEPERS)).VolunteerEntry.title
    back = url_for("console.entry_list")
    if request.method == "GET":
        return reason_page("撤回这条记录", title, back)
    try:
        entries.withdraw(current_staff(), entry_id, request.form.get("reason", "").strip())
    except DomainError as error:
        return reason_page("撤回这条记录", title, back, error), 422
    flash("已撤回", "success")
    return redirect(back)
