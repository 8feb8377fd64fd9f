"""Console: the ledger of figures. Units enter by page or sheet, a second person signs off, the lead closes a period."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console import forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.downloads import attachment
from sorting_miniapp.errors import DomainError, Invalid
from sorting_miniapp.figures import ledger, periods, sheet, standing, styles
from sorting_miniapp.figures.definitions import DECIMAL_UNITS
from sorting_miniapp.figures.models import HOW_NAMES, SOURCE_NAMES, EntryHow, Verdict
from sorting_miniapp.figures.periods import Period, PeriodKind
from sorting_miniapp.figures.standing import STATE_NAMES, State
from sorting_miniapp.figures.styles import BOUND_NAMES, Bound
from sorting_miniapp.imports import workbook

Page = Response | str | tuple[str, int]
TONES = {State.ACCEPTED: "success", State.WAITING: "warning", State.RETURNED: "danger", State.MISSING: "danger"}
WORDS: dict[str, Any] = {
    "states": STATE_NAMES,
    "tones": TONES,
    "sources": SOURCE_NAMES,
    "bounds": BOUND_NAMES,
    "hows": HOW_NAMES,
    "plain": styles.plain,
    "shown": styles.shown,
}


def chosen_period(code: str) -> Period:
    """The period asked for, the newest year that is over where none is. Raises Invalid."""
    return periods.parse(code) if code else periods.last_ended(PeriodKind.YEAR, clock.today())


def offered(period: Period) -> list[tuple[str, str]]:
    """The periods of the form, with the one shown."""
    found = {one.code: one.label for one in [*periods.recent(clock.today()), period]}
    return list(found.items())


@blueprint.get("/figures")
@staff_only(*ledger.READERS)
def figures() -> str:
    actor, period = current_staff(), chosen_period(request.args.get("period", ""))
    lines = standing.lines(actor.branches(*ledger.READERS), period)
    wanted = request.args.get("state", "")
    return render_template(
        "console/figures/list.html",
        period=period,
        periods=offered(period),
        lines=[line for line in lines if not wanted or line.state.value == wanted or (wanted == "late" and line.late)],
        state=wanted,
        deadline=standing.deadline(period),
        closed=period.kind is not PeriodKind.SPAN and ledger.closed(period.code),
        may_close=ledger.is_lead(actor) and period.end <= clock.today(),
        may_enter=bool(actor.branches(*ledger.OWNERS)),
        **WORDS,
    )


@blueprint.route("/figures/<int:figure_id>/<int:node_id>/<string:code>", methods=["GET", "POST"])
@staff_only(*ledger.READERS)
def figure_entry(figure_id: int, node_id: int, code: str) -> Page:
    found = ledger.slot(current_staff(), figure_id, node_id, code)
    if request.method == "GET":
        return _entry_page(found)
    try:
        ledger.enter(current_staff(), figure_id, node_id, code, _values(found), EntryHow.FORM)
    except DomainError as error:
        if error.status in (403, 404):
            raise
        return _entry_page(found, error), 422
    flash("已填报，须由另一人核对后才计入", "success")
    return redirect(url_for("console.figure_entry", figure_id=figure_id, node_id=node_id, code=code))


def _values(found: ledger.Slot) -> ledger.Values:
    form = request.form
    value = styles.parse(form.get("value", ""), found.figure.unit in DECIMAL_UNITS)
    bound = forms.choice(form.get("bound", ""), Bound, "bound", "确数、余或约")
    texts = [form.get(name, "").strip() for name in ("document", "note", "reason")]
    return ledger.Values(value, bound, *texts)


def _entry_page(found: ledger.Slot, problem: DomainError | None = None) -> str:
    actor, rows = current_staff(), ledger.chain(found)
    head = rows[-1] if rows else None
    may_enter = ledger.may_enter(actor, found.node.path)
    open_head = head is not None and head.FigureSignOff is None
    return render_template(
        "console/figures/entry.html",
        slot=found,
        rows=rows,
        head=head,
        may_enter=may_enter,
        may_sign=may_enter and open_head and head.FigureEntry.entered_by != actor.id if head else False,
        own_waits=open_head and head.FigureEntry.entered_by == actor.id if head else False,
        closed=ledger.closed(found.period.code),
        accepted=Verdict.ACCEPTED,
        typed=request.form,
        problem=problem,
        **WORDS,
    )


@blueprint.post("/figures/<int:figure_id>/<int:node_id>/<string:code>/sign")
@staff_only(*ledger.OWNERS)
def figure_sign(figure_id: int, node_id: int, code: str) -> Response:
    entry_id = forms.whole(request.form.get("entry", ""), "填报")
    accept = request.form.get("verdict") == Verdict.ACCEPTED.value
    try:
        ledger.sign(current_staff(), entry_id, accept, request.form.get("remark", "").strip())
        flash("已核对通过" if accept else "已退回填报人", "success")
    except Invalid as error:
        flash(error.message, "danger")
    return redirect(url_for("console.figure_entry", figure_id=figure_id, node_id=node_id, code=code))


@blueprint.post("/figures/periods/<string:code>/close")
@staff_only(Role.ADMIN)
def figure_close(code: str) -> Response:
    ledger.close(current_staff(), code)
    flash("已关账。之后的更正会在报告里单独列出", "success")
    return redirect(url_for("console.figures", period=code))


@blueprint.get("/figures/import/template.xlsx")
@staff_only(*ledger.OWNERS)
def figures_template() -> Response:
    period = chosen_period(request.args.get("period", ""))
    return attachment(sheet.template(current_staff(), period), f"数据填报{period.label}.xlsx", workbook.XLSX)


@blueprint.route("/figures/import", methods=["GET", "POST"])
@staff_only(*ledger.OWNERS)
def figures_check() -> Page:
    period = chosen_period(request.values.get("period", ""))
    page, shown = "console/figures/import.html", {"period": period, "periods": offered(period), "plain": styles.plain}
    if request.method == "GET":
        return render_template(page, outcomes=None, packed="", problem=None, **shown)
    file = request.files.get("file")
    try:
        if not file:
            raise Invalid("no_file", "请选择文件")
        rows = sheet.rows_of(file.stream.read())
    except DomainError as error:
        return render_template(page, outcomes=None, packed="", problem=error, **shown), 422
    outcomes = sheet.plan(rows, current_staff())
    return render_template(page, outcomes=outcomes, packed=forms.pack(rows), problem=None, **shown)


@blueprint.post("/figures/import/run")
@staff_only(*ledger.OWNERS)
def figures_run() -> Page:
    rows = forms.unpack(request.form.get("rows", ""), len(sheet.COLUMNS), sheet.MOST_ROWS)
    period = chosen_period(request.form.get("period", ""))
    try:
        count = sheet.run(rows, current_staff())
    except DomainError as error:
        shown = {"period": period, "periods": offered(period), "plain": styles.plain, "packed": ""}
        outcomes = sheet.plan(rows, current_staff())
        return render_template("console/figures/import.html", outcomes=outcomes, problem=error, **shown), 422
    flash(f"已填报 {count} 个数字，须由另一人核对后才计入", "success")
    return redirect(url_for("console.figures", period=period.code))
