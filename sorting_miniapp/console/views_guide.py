"""Console: the dictionary of items: list, form, photo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.errors import DomainError, Invalid
from sorting_miniapp.errors_web import takes
from sorting_miniapp.guide import service, words
from sorting_miniapp.guide.models import CLASS_NAMES, SUBCLASSES, WasteClass
from sorting_miniapp.guide.rows import CONFIDENCE, parts
from sorting_miniapp.teaching import sources

Page = Response | str | tuple[str, int]
READERS = (Role.EDITOR, Role.REVIEWER, Role.ANALYST, Role.ADMIN)
FIELDS = (
    "name", "waste_class", "subclass", "why", "how", "conditions", "basis", "note", "season", "confidence", "reviewer",
    "family",
)  # fmt: skip
LISTS = ("aliases", "local_names", "parts")
FILTERS = ("q", "waste_class", "season", "confidence", "photo")
MOST_PHOTO = 10 * 1024 * 1024
CODES = {name: code.value for code, name in CLASS_NAMES.items()}


@blueprint.get("/guide")
@staff_only(*READERS)
def guide() -> str:
    wanted: dict[str, Any] = {name: request.args.get(name, "").strip()[:40] for name in FILTERS}
    page = min(max(request.args.get("page", 0, type=int), 0), 10_000)
    rows, more = service.listed(page=page, **wanted)
    return render_template(
        "console/guide/list.html",
        rows=rows,
        wanted=wanted,
        following=url_for("console.guide", page=page + 1, **wanted) if more else "",
        classes=CLASS_NAMES,
        seasons=[("", "全部"), *((one, one) for one in service.seasons())],
        confidence=CONFIDENCE,
    )


def choices(values: Mapping[str, Any], problem: DomainError | None = None) -> dict[str, Any]:
    """What the fields of an item need beside their values: choices, and what is wrong with them."""
    known = {*FIELDS, *LISTS, "low_value"}
    basis = str(values.get("basis") or "")
    titles = sources.titles()
    return {
        "errors": {problem.code: problem.message} if problem else {},
        "problem": problem.message if problem and problem.code not in known else "",
        "classes": list(CLASS_NAMES.items()),
        "sources": [("", "请选择"), *titles.items(), *([(basis, basis)] if basis and basis not in titles else [])],
        "confidence": list(CONFIDENCE.items()),
        "subclasses": [("", "无")] + [(one, one) for group in SUBCLASSES.values() for one in group],
    }


def blank(name: str = "") -> dict[str, Any]:
    """The fields of a new item."""
    return dict.fromkeys((*FIELDS, *LISTS), "") | {"name": name[: words.LONGEST], "active": "1"}


def _form(values: dict[str, Any], key: str, problem: DomainError | None = None, photo: str = "") -> str:
    return render_template("console/guide/form.html", values=values, key=key, photo=photo, **choices(values, problem))


def _lines(name: str) -> tuple[str, ...]:
    lines = request.form.get(name, "").replace("；", "\n").splitlines()
    return tuple(one.strip() for one in lines if one.strip())


def _part(line: str) -> tuple[str, str]:
    """A line like 蛋糕：厨余垃圾; the class's code is '' where none is meant."""
    name, _, named = line.replace("=", "：").replace(":", "：").partition("：")
    return name.strip(), CODES.get(named.strip(), "")


def typed() -> service.Draft:
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
    values = blank(request.args.get("name", ""))
    if request.method == "GET":
        return _form(values, "")
    try:
        key = service.save(current_staff(), "", typed())
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
        return _form(values, key, photo=item.photo)
    try:
        service.save(current_staff(), key, typed(), active="active" in request.form)
    except DomainError as error:
        return _form(values | {"low_value": ""} | request.form.to_dict(), key, error, item.photo), error.status
    flash("已保存，居民两秒内就能看到", "success")
    return redirect(url_for("console.guide_item", key=key))


@blueprint.route("/guide/items/<string:key>/photo", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
@takes(MOST_PHOTO + 64 * 1024)
def guide_photo(key: str) -> Page:
    item, _ = service.item(key)
    if request.method == "GET":
        return render_template("console/guide/photo.html", item=item, problem="")
    file = request.files.get("file")
    try:
        if not file or not file.filename:
            raise Invalid("file", "请选择一张照片")
        service.set_photo(current_staff(), key, file.stream.read())
    except DomainError as error:
        return render_template("console/guide/photo.html", item=item, problem=error.message), error.status
    flash("照片已换上", "success")
    return redirect(url_for("console.guide_photo", key=key))


@blueprint.post("/guide/items/<string:key>/photo/remove")
@staff_only(Role.EDITOR)
def guide_photo_remove(key: str) -> Response:
    service.set_photo(current_staff(), key, b"")
    flash("照片已撤下", "success")
    return redirect(url_for("console.guide_photo", key=key))
