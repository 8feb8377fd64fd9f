"""Console: appeals against recorded absences."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console import forms_events as forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.errors import DomainError, Invalid
from sorting_miniapp.events import absences
from sorting_miniapp.events.models_absences import APPEAL_STATE_NAMES, AppealState
from sorting_miniapp.hours import volunteers

Page = Response | str | tuple[str, int]
TONES = {AppealState.PENDING: "warning", AppealState.GRANTED: "success", AppealState.REFUSED: "secondary"}


@blueprint.get("/appeals")
@staff_only(Role.ORGANISER)
def appeals() -> str:
    chosen = request.args.get("state", AppealState.PENDING.value)
    state = AppealState(chosen) if chosen in set(AppealState) else None
    before = request.args.get("before", type=int)
    page = absences.listed(current_staff().branches(Role.ORGANISER), state, before)
    following = url_for("console.appeals", state=chosen, before=page["next"]) if page["next"] else ""
    names = volunteers.names([row.SignUp.resident_id for row in page["items"]])
    return render_template(
        "console/events/appeals.html", rows=page["items"], chosen=chosen, following=following, names=names,
        states=APPEAL_STATE_NAMES, tones=TONES,
    )  # fmt: skip


@blueprint.route("/appeals/<int:appeal_id>", methods=["GET", "POST"])
@staff_only(Role.ORGANISER)
def appeal_decide(appeal_id: int) -> Page:
    row = absences.one(current_staff(), appeal_id)
    if request.method == "GET":
        return _form(row, {})
    try:
        verdict = request.form.get("verdict", "")
        if verdict not in ("grant", "refuse"):
            raise Invalid("verdict", "请选择处理结果")
        absences.decide(current_staff(), appeal_id, verdict == "grant", request.form.get("answer", "").strip())
    except DomainError as error:
        return _form(row, request.form, forms.problems(error)), 422
    flash("申诉已处理，结果会通知申诉人", "success")
    return redirect(url_for("console.appeals"))


def _form(row: Any, values: Any, problems: dict[str, Any] | None = None) -> str:
    return render_template(
        "console/events/appeal.html", appeal=row.AbsenceAppeal, event=row.Event, values=values, problems=problems or {}
    )
