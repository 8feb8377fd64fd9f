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
from sorting_miniapp.guide.models import CLASS_NAMES, REQUEST_STATE_NAMES, SUBCLASSES, RequestState, WasteClass
from sorting_miniapp.guide.rows import CONFIDENCE, parts
from sorting_miniapp.teaching import sources

Page = Response | str | tuple[str, int]
READERS = (Role.EDITOR, Role.REVIEWER, Role.ANALYST, Role.ADMIN)
FIELDS = (
    "name", "waste_class", "subclass", "why", "how", "conditions", "basis", "note", "season", "confidence", "reviewer",
    "family",
)  # fmt: skip
LISTS = ("aliases", "local_names", "parts")
CODES = {name: code.value for code, name in CLASS_NAMES.items()}


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
    known = {*FIELDS, *LISTS, "low_value"}
    basis = str(values.get("basis") or "")
    titles = sources.titles()
    return render_template(
        "console/guide/form.html",
        values=values,
        key=key,
        errors=errors,
        problem=problem.message if problem and problem.code not in known else "",
        classes=list(CLASS_NAMES.items()),
        sources=[("", "请选择"), *titles.items(), *([(basis, basis)] if basis and basis not in titles else [])],
        confidence=list(CONFIDENCE.items()),
        subclasses=[("", "无")] + [(one, one) for group in SUBCLASSES.values() for one in group],
    )


def _lines(name: str) -> tuple[str, ...]:
    lines = request.form.get(name, "").replace("；", "\n").splitlines()
    return tuple(one.strip() for one in lines if one.strip())


def _part(line: str) -> tuple[str, str]:
    """A line like 蛋糕：厨余垃圾; the class's code is '' where none is meant."""
    name, _, named = line.replace("=", "：").replace(":", "：").partition("：")
    return name.strip(), CODES.get(named.strip(), "")


def _typed() -> service.Draft:
    form = request.form
    texts: dict[str, Any] = {key: form.get(key, "") for key in FIELDS}
    texts["confidence"] = texts["confidence"] or "high"
    return service.Draft(
        **texts, aliases=_lines("aliases"), local_names=_lines("local_names"),
        parts=tuple(_part(line) for line in _lines("parts")), low_value="low_value" in form,
    )  # fmt: skip


@blueprint.route("/guide/new", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def guide_new() -> Page:
    values = dict.fromkeys((*FIELDS, *LISTS), "") | {"name": request.args.get("name", "")[:40], "active": "1"}
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
    item, row = service.item(key)
    values = row | {"waste_class": row["category"], "active": "1" if item.active else ""}
    values |= {name: row[name].replace("；", "\n") for name in ("aliases", "local_names")}
    values["parts"] = "\n".join(f"{name}：{CLASS_NAMES[WasteClass(code)]}" for name, code in parts(row["parts"]))
    if request.method == "GET":
        return _form(values, key)
    try:
        service.save(current_staff(), key, _typed(), active="active" in request.form)
    except DomainError as error:
        return _form(values | {"low_value": ""} | request.form.to_dict(), key, error), error.status
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
