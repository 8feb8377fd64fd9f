"""Console: events from draft to finish."""

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
from sorting_miniapp.events import campaigns, counts, kinds, planning, registers, removal, requirements, templates
from sorting_miniapp.events.drafts import Draft
from sorting_miniapp.events.models import EVENT_STATE_NAMES, EventState, ShiftState
from sorting_miniapp.events.models_counts import COUNT_NAMES, CountKind
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.places import service as place_service
from sorting_miniapp.places.models import PlaceState

Page = Response | str | tuple[str, int]
MOST_KNOWN = 1000
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
    return {"event_kinds": kinds.names, "EVENT_STATES": EVENT_STATE_NAMES, "EVENT_TONES": TONES}


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
    pattern = templates.draft_of(templates.get(key)) if key else Draft("", "")
    if request.method == "GET":
        return _form(None, forms.values_of(pattern), key=key)
    try:
        event_id = _create(key)
    except DomainError as error:
        return _form(None, forms.typed(request.form), forms.problems(error), key), 422
    flash("已保存草稿，请核对场次后发布", "success")
    return redirect(url_for("console.event", event_id=event_id))


def _create(key: str) -> int:
    node = forms.number(request.form.get("node_id", ""), "主办单位")
    draft = forms.draft(request.form)
    if not key:
        return planning.create(current_staff(), node, draft)
    first = request.form.get("first_at", "")
    return templates.create(current_staff(), node, draft, key, forms.moment(first, "首场开始时间") if first else None)


def known_places() -> list[tuple[str, str, str]]:
    """(what is chosen, the event's place, its coordinates) of each place in use in the branches."""
    wanted = place_service.Filter(state=PlaceState.ACTIVE)
    rows, _ = place_service.listed(current_staff(), wanted, most=MOST_KNOWN)
    spots = [(row.Place, place_service.at(row.Place)) for row in rows]
    return [(f"{one.code} {one.name}", forms.place_words(one), f"{lat:.5f},{lng:.5f}") for one, (lat, lng) in spots]


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
        others=registers.cohost_choices(current_staff()),
        campaigns=campaigns.listed(current_staff()),
        known_places=known_places(),
        count_names=COUNT_NAMES,
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
        cohosts=planning.cohosts_of(event_id),
        campaign=campaigns.get(current_staff(), found.campaign_id)[0] if found.campaign_id else None,
        shifts=registers.shifts_of(event_id),
        asked=requirements.of,
        age_words=requirements.age_words,
        counts=counts.of(event_id),
        count_names=COUNT_NAMES,
        may_change=current_staff().may(Role.ORGANISER, node.path),
        open_state=ShiftState.OPEN,
        untouched=found.state is EventState.PUBLISHED and not planning.ever_signed_up(event_id),
        problem=problem,
        typed=typed or {},
    )


@blueprint.route("/events/<int:event_id>/edit", methods=["GET", "POST"])
@staff_only(Role.ORGANISER)
def event_edit(event_id: int) -> Page:
    found, _ = planning.get(current_staff(), event_id, change=True)
    if request.method == "GET":
        return _form(event_id, forms.values_of(templates.written(found)))
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


@blueprint.post("/events/<int:event_id>/delete")
@staff_only(Role.ORGANISER)
def event_delete(event_id: int) -> Response:
    removal.delete_draft(current_staff(), event_id)
    flash("草稿已删除", "success")
    return redirect(url_for("console.events"))


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
