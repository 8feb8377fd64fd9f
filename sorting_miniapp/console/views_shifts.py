"""Console: an event's shifts, and new events from an earlier one: copied, or repeated every week."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console import forms_events as forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.reasons import reason_page
from sorting_miniapp.errors import DomainError
from sorting_miniapp.events import planning, registers, removal, requirements, shifts, templates
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import NodeKind
from sorting_miniapp.quiz import planning as quizzes

Page = Response | str | tuple[str, int]


@blueprint.route("/events/<int:event_id>/shifts/new", methods=["GET", "POST"])
@staff_only(Role.ORGANISER)
def shift_new(event_id: int) -> Page:
    found, _ = planning.get(current_staff(), event_id, change=True)
    back = url_for("console.event", event_id=event_id)
    if request.method == "GET":
        return _shift_form("添加场次", back, forms.shift_typed(None))
    try:
        shifts.add(current_staff(), found.id, **forms.shift_values(request.form))
    except DomainError as error:
        return _shift_form("添加场次", back, forms.typed(request.form), error.message), 422
    flash("已添加场次", "success")
    return redirect(back)


def _shift_form(title: str, back: str, values: dict[str, Any], problem: str = "") -> str:
    return render_template(
        "console/events/shift_form.html",
        heading=title,
        back=back,
        values=values,
        problem=problem,
        quizzes=[(one.slug, one.title) for one in quizzes.quizzes()],
        trainings=[(one.key, one.title) for one in templates.listed() if one.kind == requirements.TRAINING_KIND],
        groups=[(one.id, one.name) for one in orgs.visible(current_staff().branches()) if one.kind is NodeKind.GROUP],
    )


@blueprint.route("/shifts/<int:shift_id>/edit", methods=["GET", "POST"])
@staff_only(Role.ORGANISER)
def shift_edit(shift_id: int) -> Page:
    found, _, _ = registers.shift(current_staff(), shift_id, change=True)
    back = url_for("console.event", event_id=found.event_id)
    if request.method == "GET":
        return _shift_form("修改场次", back, forms.shift_typed(found))
    try:
        shifts.change(current_staff(), shift_id, **forms.shift_values(request.form))
    except DomainError as error:
        return _shift_form("修改场次", back, forms.typed(request.form), error.message), 422
    flash("场次已修改", "success")
    return redirect(back)


@blueprint.route("/shifts/<int:shift_id>/cancel", methods=["GET", "POST"])
@staff_only(Role.ORGANISER)
def shift_cancel(shift_id: int) -> Page:
    found, event, _ = registers.shift(current_staff(), shift_id, change=True)
    back = url_for("console.event", event_id=found.event_id)
    if request.method == "GET":
        return reason_page("取消场次", event.title, back)
    try:
        told = shifts.cancel(current_staff(), shift_id, request.form.get("reason", "").strip()[:200])
    except DomainError as error:
        return reason_page("取消场次", event.title, back, error), 422
    flash(f"场次已取消，通知已发给 {told} 个报名", "success")
    return redirect(back)


@blueprint.post("/shifts/<int:shift_id>/delete")
@staff_only(Role.ORGANISER)
def shift_delete(shift_id: int) -> Response:
    event_id = removal.delete_shift(current_staff(), shift_id)
    flash("场次已删除", "success")
    return redirect(url_for("console.event", event_id=event_id))


@blueprint.route("/events/<int:event_id>/copy", methods=["GET", "POST"])
@staff_only(Role.ORGANISER)
def event_copy(event_id: int) -> Page:
    found, _ = planning.get(current_staff(), event_id, change=True)
    if request.method == "GET":
        return render_template("console/events/copy.html", event=found, values={}, problem="")
    try:
        first = forms.moment(request.form.get("first_at", ""), "首场开始时间")
        made = templates.copy(current_staff(), event_id, first)
    except DomainError as error:
        return render_template("console/events/copy.html", event=found, values=request.form, problem=error.message), 422
    flash("已复制为草稿，请核对后发布", "success")
    return redirect(url_for("console.event", event_id=made))


@blueprint.route("/events/<int:event_id>/repeat", methods=["GET", "POST"])
@staff_only(Role.ORGANISER)
def event_repeat(event_id: int) -> Page:
    found, _ = planning.get(current_staff(), event_id, change=True)
    if request.method == "GET":
        return _repeat_form(found, {"weeks": 4})
    try:
        weeks = forms.number(request.form.get("weeks", ""), "周数")
        made = templates.repeat_weekly(current_staff(), event_id, weeks, "publish" in request.form)
    except DomainError as error:
        return _repeat_form(found, request.form, error.message), 422
    flash(f"已新建 {len(made)} 个活动", "success")
    return redirect(url_for("console.events"))


def _repeat_form(event: Any, values: Any, problem: str = "") -> str:
    return render_template(
        "console/events/repeat.html", event=event, values=values, problem=problem, most=templates.MOST_WEEKS
    )


@blueprint.post("/events/<int:event_id>/checklist")
@staff_only(Role.ORGANISER)
def event_checklist(event_id: int) -> Response:
    planning.tick(current_staff(), event_id, request.form.getlist("done"))
    flash("检查清单已保存", "success")
    return redirect(url_for("console.event", event_id=event_id))
