"""Console: the dictionary of items, and what residents looked up in vain."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.errors import DomainError
from sorting_miniapp.guide import service
from sorting_miniapp.guide.models import CLASS_NAMES, REQUEST_STATE_NAMES, SUBCLASSES, RequestState

Page = Response | str | tuple[str, int]
READERS = (Role.EDITOR, Role.REVIEWER, Role.ANALYST, Role.ADMIN)
FIELDS = ("name", "waste_class", "subclass", "why", "how", "basis", "note")


@blueprint.get("/guide")
@staff_only(*READERS)
def guide() -> str:
    q, chosen = request.args.get("q", "").strip()[:40], request.args.get("waste_class", "")
    page = min(max(request.args.get("page", 0, type=int), 0), 10_000)
    rows, more = service.listed(q, chosen, page)
    following = url_for("console.guide", q=q, waste_class=chosen, page=page + 1) if more else ""
    return render_template(
        "console/guide/list.html", rows=rows, q=q, chosen=chosen, following=following, classes=CLASS_NAMES
    )


def _form(values: dict[str, Any], key: str, problem: DomainError | None = None) -> str:
    errors = {problem.code: problem.message} if problem else {}
    known = {*FIELDS, "aliases"}
    return render_template(
        "console/guide/form.html",
        values=values,
        key=key,
        errors=errors,
        problem=problem.message if problem and problem.code not in known else "",
        classes=list(CLASS_NAMES.items()),
        subclasses=[("", "无")] + [(one, one) for group in SUBCLASSES.values() for one in group],
    )


def _typed() -> service.Draft:
    form = request.form
    aliases = tuple(one.strip() for one in form.get("aliases", "").replace("；", "\n").splitlines() if one.strip())
    return service.Draft(**{key: form.get(key, "") for key in FIELDS}, aliases=aliases)


@blueprint.route("/guide/new", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def guide_new() -> Page:
    values = dict.fromkeys((*FIELDS, "aliases"), "") | {"name": request.args.get("name", "")[:40], "active": "1"}
    if request.method == "GET":
        return _form(values, "")
    try:
        key = service.save(current_staff(), "", _typed())
    except DomainError as error:
        return _form(values | request.form.to_dict(), "", error), error.status
    flash("已添加词条", "success")
    return redirect(url_for("console.guide_item", key=key))


@blueprint.route("/guide/items/<string:key>", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def guide_item(key: str) -> Page:
    item, aliases = service.item(key)
    values = {field: getattr(item, field) for field in FIELDS} | {"active": "1" if item.active else ""}
    values["aliases"] = "\n".join(aliases)
    if request.method == "GET":
        return _form(values, key)
    try:
        service.save(current_staff(), key, _typed(), active="active" in request.form)
    except DomainError as error:
        return _form(values | request.form.to_dict(), key, error), error.status
    flash("已保存，居民两秒内就能看到", "success")
    return redirect(url_for("console.guide_item", key=key))


@blueprint.get("/guide/requests")
@staff_only(*READERS)
def guide_requests() -> str:
    chosen = request.args.get("state", "")
    wanted = RequestState(chosen) if chosen in set(RequestState) else RequestState.OPEN
    rows = service.requests(wanted)
    return render_template("console/guide/requests.html", rows=rows, wanted=wanted, states=REQUEST_STATE_NAMES)


@blueprint.post("/guide/requests/<int:request_id>")
@staff_only(Role.EDITOR)
def guide_request_settle(request_id: int) -> Response:
    service.settle_request(current_staff(), request_id, request.form.get("added") == "1")
    flash("已处理", "success")
    return redirect(url_for("console.guide_requests"))
