"""Console: events from draft to finish, and their shifts."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console import forms_events as forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.reasons import reason_page
from sorting_miniapp.errors import DomainError, Invalid
from sorting_miniapp.events import counts, planning, registers, shifts, templates
from sorting_miniapp.events.models import (
    COUNT_NAMES,
    EVENT_STATE_NAMES,
    KIND_NAMES,
    CountKind,
    EventState,
    ShiftState,
)
from sorting_miniapp.orgs import service as orgs

Page = Response | str | tuple[str, int]
READERS = (Role.ORGANISER, Role.VERIFIER, Role.ANALYST, Role.ADMIN)
TONES = {
    EventState.DRAFT: "secondary",
    EventState.PUBLISHED: "success",
    EventState.CANCELLED: "danger",
    EventState.FINISHED: "info",
}


@blueprint.app_context_processor
def event_words() -> dict[str, Any]:
    """Names of kinds and states for the pages of events."""
    return {"EVENT_KINDS": KIND_NAMES, "EVENT_STATES": EVENT_STATE_NAMES, "EVENT_TONES": TONES}


def _one_of(value: str) -> EventState | None:
    return EventState(value) if value in set(EventState) else None


@blueprint.get("/events")
@staff_only(*READERS)
def events() -> str:
    args = request.args
    chosen: dict[str, Any] = {
        "state": args.get("state", ""),
        "kind": args.get("kind", ""),
        "q": args.get("q", "").strip()[:40],
    }
    before = args.get("before", type=int)
    page = registers.listed(current_staff(), _one_of(chosen["state"]), chosen["kind"], chosen["q"], before)
    following = url_for("console.events", **chosen, before=page["next"]) if page["next"] else ""
    may_create = bool(current_staff().branches(Role.ORGANISER))
    return render_template(
        "console/events/list.html", rows=page["items"], chosen=chosen, following=following, may_create=may_create
    )


@blueprint.route("/events/new", methods=["GET", "POST"])
@staff_only(Role.ORGANISER)
def event_new() -> Page:
    key = request.args.get("template", "")
    pattern = templates.get(key) if key else None
    if request.method == "GET":
        return _form(None, forms.values_of(pattern, tuple(pattern.tags) if pattern else ()), key=key)
    try:
        node = forms.number(request.form.get("node_id", ""), "主办单位")
        event_id = planning.create(current_staff(), node, forms.draft(request.form), key or None)
    except DomainError as error:
        return _form(None, forms.typed(request.form), forms.problems(error), key), 422
    flash("已保存草稿，请添加场次后发布", "success")
    return redirect(url_for("console.event", event_id=event_id))


def _form(event_id: int | None, values: dict[str, Any], problems: dict[str, Any] | None = None, key: str = "") -> str:
    return render_template(
        "console/events/form.html",
        event_id=event_id,
        values=values,
        problems=problems or {},
        key=key,
        templates=templates.listed(),
        tags=registers.tags(),
        units=orgs.visible(current_staff().branches(Role.ORGANISER)),
    )


@blueprint.get("/events/<int:event_id>")
@staff_only(*READERS)
def event(event_id: int) -> str:
    return _event_page(event_id)


def _event_page(event_id: int, problem: str = "", typed: dict[str, str] | None = None) -> str:
    found, node = planning.get(current_staff(), event_id)
    return render_template(
        "console/events/event.html",
        event=found,
        node=node,
        tags=planning.tags_of(event_id),
        shifts=registers.shifts_of(event_id),
        counts=counts.of(event_id),
        count_names=COUNT_NAMES,
        may_change=current_staff().may(Role.ORGANISER, node.path),
        open_state=ShiftState.OPEN,
        problem=problem,
        typed=typed or {},
    )


@blueprint.route("/events/<int:event_id>/edit", methods=["GET", "POST"])
@staff_only(Role.ORGANISER)
def event_edit(event_id: int) -> Page:
    found, _ = planning.get(current_staff(), event_id, change=True)
    if request.method == "GET":
        return _form(event_id, forms.values_of(found, tuple(tag.key for tag in planning.tags_of(event_id))))
    try:
        planning.change(current_staff(), event_id, forms.draft(request.form))
    except DomainError as error:
        return _form(event_id, forms.typed(request.form), forms.problems(error)), 422
    flash("已保存", "success")
    return redirect(url_for("console.event", event_id=event_id))


@blueprint.post("/events/<int:event_id>/publish")
@staff_only(Role.ORGANISER)
def event_publish(event_id: int) -> Page:
    try:
        planning.publish(current_staff(), event_id)
    except Invalid as error:
        return _event_page(event_id, error.message), 422
    flash("已发布，居民现在可以报名", "success")
    return redirect(url_for("console.event", event_id=event_id))


@blueprint.post("/events/<int:event_id>/withdraw")
@staff_only(Role.ORGANISER)
def event_withdraw(event_id: int) -> Response:
    planning.withdraw_publication(current_staff(), event_id)
    flash("已撤回发布，活动回到草稿", "success")
    return redirect(url_for("console.event", event_id=event_id))


@blueprint.route("/events/<int:event_id>/cancel", methods=["GET", "POST"])
@staff_only(Role.ORGANISER)
def event_cancel(event_id: int) -> Page:
    found, _ = planning.get(current_staff(), event_id, change=True)
    back = url_for("console.event", event_id=event_id)
    if request.method == "GET":
        return reason_page("取消活动", found.title, back)
    try:
        told = planning.cancel(current_staff(), event_id, request.form.get("reason", "").strip()[:200])
    except DomainError as error:
        return reason_page("取消活动", found.title, back, error), 422
    flash(f"活动已取消，通知已发给 {told} 个报名", "success")
    return redirect(back)


@blueprint.post("/events/<int:event_id>/counts")
@staff_only(Role.ORGANISER)
def event_count(event_id: int) -> Page:
    form = request.form
    try:
        value = forms.number(form.get("value", ""), "数量")
        kind = form.get("kind", "")
        if kind not in set(CountKind):
            raise Invalid("kind", "请选择统计项目")
        who, how = form.get("counted_by", "").strip(), form.get("how", "").strip()
        counts.enter(current_staff(), event_id, CountKind(kind), value, who, how)
    except DomainError as error:
        return _event_page(event_id, error.message, dict(form.items())), 422
    flash("人数已登记", "success")
    return redirect(url_for("console.event", event_id=event_id))


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
    return render_template("console/events/shift_form.html", heading=title, back=back, values=values, problem=problem)


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
