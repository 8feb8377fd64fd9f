"""Console: campaigns, the themes that events belong to."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console import forms_events as forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.errors import DomainError
from sorting_miniapp.events import campaigns, registers
from sorting_miniapp.orgs import service as orgs

Page = Response | str | tuple[str, int]
READERS = (Role.ORGANISER, Role.VERIFIER, Role.ANALYST, Role.ADMIN)


@blueprint.get("/campaigns")
@staff_only(*READERS)
def campaign_list() -> str:
    actor = current_staff()
    may_create = bool(actor.branches(Role.ORGANISER))
    return render_template("console/campaigns/list.html", rows=campaigns.listed(actor), may_create=may_create)


@blueprint.route("/campaigns/new", methods=["GET", "POST"])
@staff_only(Role.ORGANISER)
def campaign_new() -> Page:
    if request.method == "GET":
        return _form(None, {})
    try:
        node = forms.number(request.form.get("node_id", ""), "主办单位")
        made = campaigns.create(current_staff(), node, forms.plan(request.form))
    except DomainError as error:
        return _form(None, request.form, forms.problems(error)), 422
    flash("已保存，新建或修改活动时可以选择它", "success")
    return redirect(url_for("console.campaign", campaign_id=made))


def _form(campaign_id: int | None, values: Any, problems: dict[str, Any] | None = None) -> str:
    actor = current_staff()
    return render_template(
        "console/campaigns/form.html",
        campaign_id=campaign_id,
        values=values,
        problems=problems or {},
        units=orgs.visible(actor.branches(Role.ORGANISER)),
        parents=[row.Campaign for row in campaigns.listed(actor) if row.Campaign.id != campaign_id],
    )


@blueprint.get("/campaigns/<int:campaign_id>")
@staff_only(*READERS)
def campaign(campaign_id: int) -> str:
    found, node = campaigns.get(current_staff(), campaign_id)
    return render_template(
        "console/campaigns/campaign.html",
        campaign=found,
        node=node,
        parent=campaigns.get(current_staff(), found.parent_id)[0] if found.parent_id else None,
        events=registers.of_campaign(current_staff(), campaign_id),
        may_change=current_staff().may(Role.ORGANISER, node.path),
    )


@blueprint.route("/campaigns/<int:campaign_id>/edit", methods=["GET", "POST"])
@staff_only(Role.ORGANISER)
def campaign_edit(campaign_id: int) -> Page:
    found, _ = campaigns.get(current_staff(), campaign_id, change=True)
    if request.method == "GET":
        return _form(campaign_id, vars(found))
    try:
        campaigns.change(current_staff(), campaign_id, forms.plan(request.form))
    except DomainError as error:
        return _form(campaign_id, request.form, forms.problems(error)), 422
    flash("已保存", "success")
    return redirect(url_for("console.campaign", campaign_id=campaign_id))


@blueprint.post("/campaigns/<int:campaign_id>/delete")
@staff_only(Role.ORGANISER)
def campaign_delete(campaign_id: int) -> Response:
    campaigns.delete(current_staff(), campaign_id)
    flash("已删除", "success")
    return redirect(url_for("console.campaign_list"))
