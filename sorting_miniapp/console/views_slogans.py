"""Console: the library of head and foot slogans."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import slogan_library as library
from sorting_miniapp.articles.models import SloganPlace
from sorting_miniapp.console import forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.navigation import EDITORIAL
from sorting_miniapp.errors import DomainError, Invalid

Page = Response | str | tuple[str, int]


@blueprint.get("/slogans")
@staff_only(*EDITORIAL)
def slogan_list() -> str:
    return render_template(
        "console/articles/slogans.html",
        rows=library.listed(),
        places=library.PLACE_NAMES,
        may_edit=library.may_edit(current_staff()),
    )


def _form(values: Any, slogan_id: int | None = None, problem: DomainError | None = None) -> str:
    return render_template(
        "console/articles/slogan.html",
        values=values,
        slogan_id=slogan_id,
        problem=problem,
        places=list(library.PLACE_NAMES.items()),
        uses=library.uses(slogan_id) if slogan_id else [],
        longest=library.LONGEST,
        may_edit=library.may_edit(current_staff()),
    )


def _save(slogan_id: int | None) -> Page:
    form = request.form
    try:
        place = forms.choice(form.get("place", ""), SloganPlace, "place", "版头或版尾")
        ends_on = form.get("ends_on", "").strip()
        if ends_on and forms.day(ends_on) is None:
            raise Invalid("ends_on", "结束日期写作 2026-05-18")
        wish = library.Wish(
            form.get("text", "").strip(), place, forms.day(form.get("starts_on", "")), forms.day(ends_on)
        )
        library.save(current_staff(), wish, slogan_id)
    except DomainError as error:
        if error.status in (403, 404):
            raise
        return _form(form, slogan_id, error), error.status
    flash("已保存", "success")
    return redirect(url_for("console.slogan_list"))


@blueprint.route("/slogans/new", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def slogan_new() -> Page:
    if request.method == "POST":
        return _save(None)
    return _form({"place": SloganPlace.HEAD.value, "starts_on": clock.today().isoformat()})


@blueprint.route("/slogans/<int:slogan_id>", methods=["GET", "POST"])
@staff_only(*EDITORIAL)
def slogan(slogan_id: int) -> Page:
    row = library.get(slogan_id)
    if request.method == "POST":
        return _save(slogan_id)
    values = {"text": row.text, "place": row.place.value, "starts_on": row.starts_on, "ends_on": row.ends_on or ""}
    return _form(values, slogan_id)


@blueprint.post("/slogans/<int:slogan_id>/end")
@staff_only(Role.EDITOR)
def slogan_end(slogan_id: int) -> Response:
    library.end(current_staff(), slogan_id)
    flash("已停用，以后的推送不再用它", "success")
    return redirect(url_for("console.slogan_list"))
