"""Console: the quick report of an activity that was never put up for sign-up."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console import forms, forms_events
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.errors import DomainError
from sorting_miniapp.errors_web import takes
from sorting_miniapp.events import campaigns, kinds, registers, reported
from sorting_miniapp.events.models_counts import COUNT_NAMES
from sorting_miniapp.media import service as media
from sorting_miniapp.orgs import service as orgs

MOST_BYTES = 40 * 1024 * 1024  # nine photographs as telephones make them


@blueprint.route("/activities/new", methods=["GET", "POST"])
@staff_only(Role.ORGANISER)
@takes(MOST_BYTES)
def activity_new() -> Response | str | tuple[str, int]:
    if request.method == "GET":
        return _form({"day": clock.today().isoformat(), "counted_by": current_staff().name})
    try:
        node_id = forms.whole(request.form.get("node_id", ""), "单位")
        event_id = reported.report(current_staff(), node_id, _activity())
    except DomainError as error:
        if error.status == 403:
            raise
        return _form(request.form, error), 422
    flash("已填报，计入统计", "success")
    return redirect(url_for("console.event", event_id=event_id))


def _activity() -> reported.Activity:
    form = request.form
    texts = {
        name: form.get(name, "").strip()
        for name in ("title", "kind", "place", "summary", "counted_by", "how", "consent")
    }
    heads = {
        kind: forms_events.number(form.get(kind.value, "").strip() or "0", label)
        for kind, (label, _) in COUNT_NAMES.items()
    }
    files = [file for file in request.files.getlist("pictures") if file.filename][: reported.MOST_PHOTOS + 1]
    photos = [_jpeg(file) for file in files]
    day, campaign = forms.day(form.get("day", "")), form.get("campaign", "")
    joins = forms.whole(campaign, "主题活动") if campaign else None
    tags = form.getlist("tags")
    return reported.Activity(**texts, day=day, tags=tags, heads=heads, photos=photos, campaign=joins)


def _jpeg(file: FileStorage) -> bytes:
    with file.stream:  # a large one lies in a temporary file
        return media.as_jpeg(file.stream.read())[0]


def _form(typed: Any, problem: DomainError | None = None) -> str:
    units = orgs.in_use(current_staff().branches(Role.ORGANISER))
    chosen = request.form.getlist("tags")
    return render_template(
        "console/events/reported.html",
        typed=typed,
        problem=problem,
        units=[(str(unit.id), unit.name) for unit in units],
        kinds=list(kinds.names().items()),
        tags=registers.tags(),
        campaigns=[("", "不属于主题活动")]
        + [(str(row.Campaign.id), row.Campaign.title) for row in campaigns.listed(current_staff())],
        chosen=chosen,
        counts=[(kind.value, label, unit) for kind, (label, unit) in COUNT_NAMES.items()],
        today=clock.today().isoformat(),
    )
