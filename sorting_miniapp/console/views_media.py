"""Console: the media register."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import media_register as register
from sorting_miniapp.articles import media_subjects
from sorting_miniapp.articles.media_subjects import Kind
from sorting_miniapp.articles.models_media import ORIGIN_NAMES, Origin
from sorting_miniapp.console import forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.downloads import attachment
from sorting_miniapp.errors import DomainError, Invalid
from sorting_miniapp.imports import workbook
from sorting_miniapp.orgs import service as orgs

Page = Response | str | tuple[str, int]
FORM, IMPORT = "console/media/form.html", "console/media/import.html"


@blueprint.get("/media")
@staff_only(*register.READERS)
def media() -> str:
    actor, this = current_staff(), clock.today().year
    year, page = forms.query_number("year", 2000, 2100), forms.query_number("page", 1, 1000) or 1
    rows = register.listed(actor.branches(*register.READERS), year=year, page=page)
    more, rows = len(rows) > register.PAGE, rows[: register.PAGE]
    articles, events = register.subjects([row.MediaItem for row in rows])
    return render_template(
        "console/media/list.html",
        rows=rows,
        articles=articles,
        events=events,
        year=year or "",
        years=[("", "全部")] + [(str(one), f"{one}年") for one in range(this, this - 5, -1)],
        following=url_for("console.media", year=year, page=page + 1) if more else "",
        origins=ORIGIN_NAMES,
        may_edit=bool(actor.branches(Role.EDITOR)),
    )


@blueprint.route("/media/new", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def media_new() -> Page:
    if request.method == "GET":
        return _form({"published_on": clock.today().isoformat(), "origin": Origin.OWN.value})
    return _save(None)


@blueprint.route("/media/<int:item_id>", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def media_item(item_id: int) -> Page:
    item = register.get(current_staff(), item_id)
    if request.method == "POST":
        return _save(item_id)
    names = ("node_id", "outlet", "title", "url", "published_on", "article_id", "event_id")
    return _form({name: getattr(item, name) or "" for name in names} | {"origin": item.origin.value}, item_id)


def _form(typed: Any, item_id: int | None = None, problem: DomainError | None = None) -> str:
    actor = current_staff()
    item = register.get(actor, item_id) if item_id else None
    return render_template(
        FORM,
        typed=typed,
        item_id=item_id,
        problem=problem,
        units=[(str(node.id), node.name) for node in orgs.visible(actor.branches(Role.EDITOR))],
        origins=ORIGIN_NAMES,
        articles=media_subjects.offered(actor.branches(), Kind.ARTICLE, item.article_id if item else None),
        events=media_subjects.offered(actor.branches(), Kind.EVENT, item.event_id if item else None),
    )


def _save(item_id: int | None) -> Page:
    form = request.form
    texts = {name: form.get(name, "").strip() for name in ("outlet", "title", "url", "article_id", "event_id")}
    try:
        origin = forms.choice(form.get("origin", ""), Origin, "origin", "自采自编或转载")
        about = [
            forms.whole(texts[name], label) if texts[name] else None
            for name, label in (("article_id", "这篇文章"), ("event_id", "这个活动"))
        ]
        piece = register.Piece(
            texts["outlet"], texts["title"], forms.day(form.get("published_on", "")), origin, texts["url"], *about
        )
        register.save(current_staff(), forms.whole(form.get("node_id", ""), "单位"), piece, item_id)
    except DomainError as error:
        if error.status == 403:
            raise
        return _form(form, item_id, error), 422
    flash("已登记" if item_id is None else "已修改", "success")
    return redirect(url_for("console.media"))


@blueprint.post("/media/<int:item_id>/remove")
@staff_only(Role.EDITOR)
def media_remove(item_id: int) -> Response:
    register.remove(current_staff(), item_id)
    flash("已删除", "success")
    return redirect(url_for("console.media"))


@blueprint.get("/media/export.xlsx")
@staff_only(*register.READERS)
def media_export() -> Response:
    year = forms.query_number("year", 2000, 2100)
    data = register.export(current_staff().branches(*register.READERS), year)
    return attachment(data, f"媒体登记{year or ''}.xlsx", workbook.XLSX)


@blueprint.get("/media/import/template.xlsx")
@staff_only(Role.EDITOR)
def media_template() -> Response:
    return attachment(register.template(), "媒体登记模板.xlsx", workbook.XLSX)


@blueprint.route("/media/import", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def media_check() -> Page:
    if request.method == "GET":
        return _import_page()
    file = request.files.get("file")
    try:
        if not file:
            raise Invalid("no_file", "请选择文件")
        rows = register.rows_of(file.stream.read())
    except DomainError as error:
        return _import_page(problem=error), 422
    return _import_page(register.plan(rows, current_staff()), forms.pack(rows))


def _import_page(
    outcomes: list[register.Outcome] | None = None, packed: str = "", problem: DomainError | None = None
) -> str:
    return render_template(IMPORT, columns=register.COLUMNS, outcomes=outcomes, packed=packed, problem=problem)


@blueprint.post("/media/import/run")
@staff_only(Role.EDITOR)
def media_run() -> Page:
    rows = forms.unpack(request.form.get("rows", ""), len(register.COLUMNS), register.MOST_ROWS)
    try:
        added, same = register.run(rows, current_staff())
    except DomainError as error:
        return _import_page(register.plan(rows, current_staff()), problem=error), 422
    flash(f"已登记 {added} 条，{same} 条已经登记过", "success")
    return redirect(url_for("console.media"))
