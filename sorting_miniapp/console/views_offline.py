"""Console: the list for a site without network: printed or downloaded, filled in, uploaded, checked, entered."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console import forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.downloads import attachment
from sorting_miniapp.errors import DomainError, Invalid
from sorting_miniapp.events import offline, registers
from sorting_miniapp.imports import workbook
from sorting_miniapp.imports.sheet import Action, Outcome

Page = Response | str | tuple[str, int]
NAMES = {Action.ADD: "将登记", Action.CHANGE: "补记签退", Action.SAME: "不变", Action.WRONG: "有误"}
TONES = {Action.ADD: "success", Action.CHANGE: "info", Action.SAME: "secondary", Action.WRONG: "danger"}


def _page(shift_id: int, outcomes: list[Outcome] | None = None, packed: str = "", problem: str = "") -> str:
    shift, event, _ = registers.shift(current_staff(), shift_id, change=True)
    return render_template(
        "console/events/offline.html",
        shift=shift,
        event=event,
        columns=offline.COLUMNS,
        outcomes=sorted(outcomes or [], key=lambda one: (one.action is not Action.WRONG, one.number)),
        counts={action.value: sum(one.action is action for one in outcomes or []) for action in Action},
        packed=packed,
        problem=problem,
        names=NAMES,
        tones=TONES,
    )


@blueprint.route("/shifts/<int:shift_id>/offline", methods=["GET", "POST"])
@staff_only(Role.ORGANISER)
def offline_list(shift_id: int) -> Page:
    """The upload is only checked here; nothing is written."""
    if request.method == "GET":
        return _page(shift_id)
    file = request.files.get("file")
    try:
        if not file:
            raise Invalid("no_file", "请选择文件")
        rows = offline.read(file.stream.read())
        outcomes = offline.plan(current_staff(), shift_id, rows)
    except DomainError as error:
        return _page(shift_id, problem=error.message), 422
    return _page(shift_id, outcomes, forms.pack(rows))


@blueprint.post("/shifts/<int:shift_id>/offline/run")
@staff_only(Role.ORGANISER)
def offline_run(shift_id: int) -> Page:
    rows = forms.unpack(request.form.get("rows", ""), len(offline.COLUMNS), offline.MOST_ROWS)
    try:
        added, told, known = offline.run(current_staff(), shift_id, rows)
    except DomainError as error:
        return _page(shift_id, _checked(shift_id, rows), problem=error.message), 422
    goings = f"补记 {told} 条签退时间，" if told else ""
    flash(f"已登记 {added} 条签到签退，{goings}{known} 条已有记录没有重复登记", "success")
    return redirect(url_for("console.shift", shift_id=shift_id))


def _checked(shift_id: int, rows: list[workbook.Row]) -> list[Outcome]:
    try:
        return offline.plan(current_staff(), shift_id, rows)
    except DomainError:
        return []


@blueprint.get("/shifts/<int:shift_id>/offline.xlsx")
@staff_only(Role.ORGANISER)
def offline_sheet(shift_id: int) -> Response:
    data = offline.template(current_staff(), shift_id)
    return attachment(data, f"签到名单-{_name(shift_id)}.xlsx", workbook.XLSX)


def _name(shift_id: int) -> str:
    shift, event, _ = registers.shift(current_staff(), shift_id)
    return f"{event.title}-{clock.local(shift.starts_at):%m%d-%H%M}"


@blueprint.get("/shifts/<int:shift_id>/offline/print")
@staff_only(Role.ORGANISER)
def offline_print(shift_id: int) -> str:
    rows = offline.rows_to_fill(current_staff(), shift_id)
    shift, event, _ = registers.shift(current_staff(), shift_id)
    return render_template("console/events/offline_print.html", shift=shift, event=event, rows=rows)
