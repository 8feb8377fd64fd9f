"""Console: collection points, pavilions and outlets: the list with distances, one place, sheets in and out."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console import forms, sheets
from sorting_miniapp.console import forms_events as event_forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.downloads import attachment
from sorting_miniapp.console.reasons import reason_page
from sorting_miniapp.errors import DomainError, Invalid
from sorting_miniapp.imports import workbook
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import Node, NodeKind
from sorting_miniapp.places import drafts, handling, opening, service, sheet
from sorting_miniapp.places.drafts import Draft
from sorting_miniapp.places.models import PLACE_KIND_NAMES, PLACE_STATE_NAMES, Place, PlaceKind, PlaceState
from sorting_miniapp.places.models_reports import ISSUE_KIND_NAMES, ISSUE_STATE_NAMES
from sorting_miniapp.waste import CLASS_NAMES

Page = Response | str | tuple[str, int]
TEXTS = ("code", "kind", "name", "address", "hours", "contact", "remarks", "state", "state_note", "source")
FILTERS = ("kind", "state", "org", "q", "near")
TONES = {PlaceState.ACTIVE: "success", PlaceState.PAUSED: "warning", PlaceState.CLOSED: "secondary"}
WORDS: dict[str, Any] = {
    "kinds": PLACE_KIND_NAMES,
    "states": PLACE_STATE_NAMES,
    "tones": TONES,
    "classes": CLASS_NAMES,
    "issue_kinds": ISSUE_KIND_NAMES,
    "issue_states": ISSUE_STATE_NAMES,
}

sheets.add_pages(sheet.SHEET, "/places/import", "console.places")


def units(*roles: Role) -> list[Node]:
    """Open towns and communities of the branches in which the person holds one of the roles, and what is above them."""
    return orgs.in_use(current_staff().branches(*roles))


def where(roles: tuple[Role, ...]) -> list[tuple[str, str]]:
    """Units as choices; a community names its town."""
    found = units(*roles)
    names = {unit.id: unit.name for unit in found}
    return [
        (str(unit.id), " · ".join(filter(None, (_town(unit, names), unit.name))))
        for unit in found
        if unit.kind in (NodeKind.CITY, *service.UNITS)
    ]


def _town(unit: Node, names: dict[int, str]) -> str:
    """The name of a community's town, where it is among the person's units."""
    return names.get(unit.parent_id or 0, "") if unit.kind is NodeKind.COMMUNITY else ""


def branch(text: str, roles: tuple[Role, ...]) -> str:
    """The path of the unit a filter names, '' for none. Raises NotFound outside the branches."""
    return orgs.get(forms.whole(text, "单位"), current_staff().branches(*roles)).path if text else ""


def _wanted(said: dict[str, str]) -> service.Filter:
    return service.Filter(
        kind=PlaceKind(said["kind"]) if said["kind"] in set(PlaceKind) else None,
        state=PlaceState(said["state"]) if said["state"] in set(PlaceState) else None,
        q=said["q"],
        branch=branch(said["org"], service.READERS),
        near=event_forms.coordinates(said["near"]),
    )


@blueprint.get("/places")
@staff_only(*service.READERS)
def places() -> Page:
    said = {name: request.args.get(name, "").strip()[:40] for name in FILTERS}
    page = forms.query_number("page", 0, 1000) or 0
    try:
        return _list(said, _wanted(said), page)
    except Invalid as error:
        return _list(said, _wanted(said | {"near": ""}), page, error.message), 422


def _list(said: dict[str, Any], wanted: service.Filter, page: int, problem: str = "") -> str:
    rows, more = service.listed(current_staff(), wanted, page)
    return render_template(
        "console/places/list.html",
        rows=rows,
        said=said,
        asked=any(said.values()),
        problem=problem,
        following=url_for("console.places", **said, page=page + 1) if more else "",
        distances={row.Place.id: service.distance(wanted.near, row.Place) for row in rows} if wanted.near else {},
        orgs=where(service.READERS),
        now=clock.now(),
        standing=opening.standing,
        at=service.at,
        may_change=bool(current_staff().branches(*service.WRITERS)),
        **WORDS,
    )


@blueprint.get("/places/export.xlsx")
@staff_only(*service.READERS)
def places_export() -> Response:
    said = {name: request.args.get(name, "").strip()[:40] for name in FILTERS} | {"near": ""}
    data = sheet.export(current_staff(), _wanted(said))
    return attachment(data, f"点位{clock.today()}.xlsx", workbook.XLSX)


@blueprint.route("/places/new", methods=["GET", "POST"])
@staff_only(*service.WRITERS)
def place_new() -> Page:
    if request.method == "GET":
        return _form({"checked_on": clock.today().isoformat(), "kind": "collection_point", "state": "active"})
    return _save(None)


@blueprint.route("/places/<int:place_id>", methods=["GET", "POST"])
@staff_only(*service.READERS)
def place(place_id: int) -> Page:
    found, _ = service.get(current_staff(), place_id)
    if request.method == "POST":
        return _save(found)
    return _form(_values(found), found)


def _values(found: Place) -> dict[str, Any]:
    draft = service.draft_of(found)
    return {name: getattr(draft, name) for name in TEXTS} | {
        "node_id": found.node_id,
        "at": f"{draft.lat:.5f},{draft.lng:.5f}",
        "classes": draft.classes,
        "checked_on": found.checked_on.isoformat(),
    }


def _form(values: Any, found: Place | None = None, problems: dict[str, Any] | None = None) -> str:
    actor = current_staff()
    path = service.get(actor, found.id)[1] if found else ""
    issues = handling.listed(actor, handling.Filter(place=found.id))[0] if found else []
    return render_template(
        "console/places/form.html",
        place=found,
        values=values,
        problems=problems or {},
        orgs=[one for one in where(service.WRITERS) if one[0] != str(orgs.root().id)],
        issues=issues,
        example=opening.EXAMPLE,
        may_change=found is None or any(actor.may(role, path) for role in service.WRITERS),
        **WORDS,
    )


def _save(found: Place | None) -> Page:
    form = request.form
    try:
        made = service.save(current_staff(), found.id if found else None, _draft())
    except DomainError as error:
        if error.status == 403:
            raise
        typed = form.to_dict() | {"classes": form.getlist("classes")}
        return _form(typed, found, event_forms.problems(error)), 422
    flash("已保存，居民两秒内就能看到" if found else "已添加", "success")
    return redirect(url_for("console.place", place_id=made))


def _draft() -> Draft:
    form = request.form
    lat, _, lng = form.get("at", "").replace("，", ",").partition(",")
    node = form.get("node_id", "")
    return Draft(
        **{name: form.get(name, "").strip() for name in TEXTS},
        node_id=forms.whole(node, "单位"),
        lat=drafts.degrees(lat),
        lng=drafts.degrees(lng),
        classes=tuple(form.getlist("classes")),
        checked_on=forms.day(form.get("checked_on", "")),
    )


@blueprint.route("/places/<int:place_id>/pause", methods=["GET", "POST"])
@staff_only(*service.WRITERS)
def place_pause(place_id: int) -> Page:
    """Back to the issue that led here, or to the place."""
    found, _ = service.get(current_staff(), place_id)
    issue = forms.query_number("issue", 1)
    back = url_for("console.place_issue", issue_id=issue) if issue else url_for("console.place", place_id=place_id)
    if request.method == "GET":
        return reason_page("暂停使用", f"{found.name}：原因会显示给居民", back)
    try:
        service.set_state(current_staff(), place_id, PlaceState.PAUSED, request.form.get("reason", "").strip())
    except DomainError as error:
        return reason_page("暂停使用", found.name, back, error), 422
    flash("已暂停使用，居民可以看到原因", "success")
    return redirect(back)


@blueprint.post("/places/<int:place_id>/resume")
@staff_only(*service.WRITERS)
def place_resume(place_id: int) -> Response:
    service.set_state(current_staff(), place_id, PlaceState.ACTIVE)
    flash("已恢复使用", "success")
    issue = forms.query_number("issue", 1)
    target = url_for("console.place_issue", issue_id=issue) if issue else url_for("console.place", place_id=place_id)
    return redirect(target)
