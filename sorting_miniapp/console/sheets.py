"""The pages of an import: a template to fill in, an upload that is only checked, and the run that writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.console import forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.downloads import attachment
from sorting_miniapp.errors import DomainError, Invalid
from sorting_miniapp.imports import workbook
from sorting_miniapp.imports.sheet import Action, Outcome, Sheet

TONES = {Action.ADD: "success", Action.CHANGE: "info", Action.SAME: "secondary", Action.WRONG: "danger"}
Page = Response | str | tuple[str, int]


def add_pages(sheet: Sheet, url: str, back: str) -> None:
    """The three pages of `sheet` below `url`; `back` is the endpoint to return to."""

    def page(outcomes: Sequence[Outcome] = (), packed: str = "", problem: DomainError | None = None) -> str:
        return _show(sheet, back, outcomes, packed, problem)

    def template() -> Response:
        return attachment(sheet.template(), f"{sheet.title}.xlsx", workbook.XLSX)

    def check() -> Page:
        if request.method == "GET":
            return page()
        file = request.files.get("file")
        try:
            if not file:
                raise Invalid("no_file", "请选择文件")
            rows = sheet.rows_of(file.stream.read())
        except DomainError as error:
            return page(problem=error), 422
        return page(sheet.plan(rows, current_staff()), forms.pack(rows) if sheet.run else "")

    def run() -> Page:
        rows = forms.unpack(request.form.get("rows", ""), len(sheet.columns), sheet.most_rows)
        try:
            said = sheet.run(rows, current_staff()) if sheet.run else ""
        except DomainError as error:
            return page(sheet.plan(rows, current_staff()), problem=error), 422
        flash(said, "success")
        return redirect(url_for(back))

    _route(sheet, f"{url}/template.xlsx", "template", template, ["GET"])
    _route(sheet, url, "check", check, ["GET", "POST"])
    if sheet.run:
        _route(sheet, f"{url}/run", "run", run, ["POST"])


def _show(sheet: Sheet, back: str, outcomes: Sequence[Outcome], packed: str, problem: DomainError | None) -> str:
    order = (Action.WRONG, Action.CHANGE, Action.ADD, Action.SAME)
    return render_template(
        "console/sheet.html",
        sheet=sheet,
        outcomes=sorted(outcomes, key=lambda one: (order.index(one.action), one.number)),
        packed=packed,
        problem=problem,
        back=url_for(back),
        tones=TONES,
        counts={action.value: sum(one.action is action for one in outcomes) for action in Action},
    )


def _route(sheet: Sheet, url: str, step: str, view: Callable[[], Page], methods: list[str]) -> None:
    blueprint.add_url_rule(url, f"import_{sheet.key}_{step}", staff_only(*sheet.roles)(view), methods=methods)
