"""Console: writing an article, with a live preview, unsaved text that comes back, and what two people wrote at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, jsonify, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import autosave, desk, differences, render, slogans, versions, writing
from sorting_miniapp.articles.models import SloganPlace
from sorting_miniapp.articles.models_media import ORIGIN_NAMES, Origin
from sorting_miniapp.articles.models_writing import NEW
from sorting_miniapp.console import forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.errors import DomainError, Invalid
from sorting_miniapp.errors_web import takes
from sorting_miniapp.media import service as media
from sorting_miniapp.orgs import service as orgs

Page = Response | str | tuple[str, int]
MOST_UPLOAD = 12 * 1024 * 1024
TEXTS = ("title", "markdown", "author", "digest", "source", "source_name", "source_url", "video_url")
EMPTY = dict.fromkeys(autosave.FIELDS, "") | {"origin": Origin.OWN.value, "seen": "0"}


def uploaded(name: str) -> tuple[bytes, str]:
    """(bytes, file name) of an upload, both empty without one."""
    file = request.files.get(name)
    if not file or not file.filename:
        return b"", ""
    with file.stream as stream:
        return stream.read(), file.filename


def _uploaded_picture(name: str) -> str:
    """The public id of a picture in this request, '' without one. Raises Invalid, TooLarge."""
    data, filename = uploaded(name)
    return media.store(data, current_staff().username) if filename else ""


def _text() -> tuple[int, writing.Text]:
    """(column, text) of the form; an uploaded cover is stored first. Raises Invalid, TooLarge."""
    form = request.form
    cover = _uploaded_picture("cover_file") or ("" if form.get("no_cover") else form.get("cover", "")[:32])
    fields = {key: form.get(key, "").replace("\r\n", "\n") for key in TEXTS}
    origin = forms.choice(form.get("origin", Origin.OWN.value), Origin, "origin", "自采自编或转载")
    if form.get("source_on") and forms.day(form["source_on"]) is None:
        raise Invalid("source_on", "请填写原文日期，写作 2026-05-18")
    day = forms.day(form.get("source_on", ""))
    column_id = forms.number(form.get("column_id", ""), "column", "栏目")
    return column_id, writing.Text(cover=cover, origin=origin, source_on=day, **fields)


def form_page(values: Mapping[str, Any], article: Any = None, problem: DomainError | None = None, **more: Any) -> str:
    """The form with these values; `more` is what the page says above it."""
    units = orgs.in_use(current_staff().branches(Role.EDITOR))
    errors = {problem.code: problem.message} if problem else {}
    return render_template(
        "console/articles/form.html",
        values=values,
        article=article,
        errors=errors,
        problem="" if not problem or problem.code in values else problem.message,
        columns=[(str(one.id), one.name) for one in writing.columns()],
        units=[(str(unit.id), unit.name) for unit in units],
        origins=list(ORIGIN_NAMES.items()),
        most=writing.LENGTHS,
        phone=_phone(values),
        **more,
    )


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the form holds, on top of these values: nothing that was typed is lost."""
    return dict(values) | request.form.to_dict()


def _phone(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the preview shows of a text as it is typed."""
    day, markdown = clock.today(), str(values.get("markdown", ""))[: writing.MARKDOWN]
    heads = {place: slogans.next_for(place, "official", day) for place in SloganPlace}
    reprinted = str(values.get("source_name", "")) if values.get("origin") == Origin.REPRINT else ""
    return {
        "title": values.get("title", ""),
        "author": values.get("author", ""),
        "cover": values.get("cover", ""),
        # Allow-listed by nh3 (articles/render.py).
        "body": Markup(render.to_html(markdown)),  # noqa: S704
        "credit": render.credit(str(values.get("source", "")), reprinted, forms.day(str(values.get("source_on", "")))),
        "head": heads[SloganPlace.HEAD],
        "foot": heads[SloganPlace.FOOT],
    }


def _restored(article_id: int, values: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """The values with what was typed and not saved on top, and when that was; None where nothing was."""
    found = autosave.of(current_staff(), article_id)
    if found is None or all(values.get(key) == value for key, value in found.values.items()):
        return values, None
    return values | found.values | {"seen": str(found.revision)}, found.at


@blueprint.route("/articles/new", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
@takes(MOST_UPLOAD)
def article_new() -> Page:
    if request.method == "GET":
        topic = request.args.get("title", "").strip()[: writing.TITLE]
        values, restored = _restored(NEW, EMPTY | {"title": topic})
        return form_page(values, restored=restored, topic=topic)
    try:
        node_id = forms.whole(request.form.get("node_id", ""), "这个单位")
        column_id, text = _text()
        article_id = writing.create(current_staff(), node_id, column_id, text)
    except DomainError as error:
        return form_page(_typed(EMPTY), problem=error), error.status
    flash("已保存草稿", "success")
    return redirect(url_for("console.article", article_id=article_id))


def values_of(found: desk.Found) -> dict[str, Any]:
    """The form's values for an article as it stands."""
    values = {key: getattr(found.version, key) for key in TEXTS} | {"cover": found.version.cover}
    day = found.version.source_on
    return values | {
        "origin": found.version.origin.value,
        "source_on": day.isoformat() if day else "",
        "column_id": str(found.article.column_id),
        "seen": str(found.article.revision),
        "base": str(found.version.number),
    }


@blueprint.route("/articles/<int:article_id>/edit", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
@takes(MOST_UPLOAD)
def article_edit(article_id: int) -> Page:
    found = desk.article(current_staff().branches(Role.EDITOR), article_id)
    values = values_of(found)
    if request.method == "GET":
        values, restored = _restored(article_id, values)
        return form_page(values, found.article, restored=restored, others=autosave.others(current_staff(), article_id))
    try:
        column_id, text = _text()
        seen = forms.number(request.form.get("seen", ""), "seen", "版本")
        writing.save(current_staff(), article_id, column_id, text, seen)
    except DomainError as error:
        if error.code == "changed_meanwhile":
            return _conflict(article_id, text), error.status
        return form_page(_typed(values), found.article, error), error.status
    flash("已保存", "success")
    return redirect(url_for("console.article", article_id=article_id))


def _conflict(article_id: int, mine: writing.Text) -> str:
    """Their text beside mine; the form goes on from theirs, with mine in it, or both where they do not touch."""
    found = desk.article(current_staff().branches(Role.EDITOR), article_id)
    theirs, values = writing.text_of(found.version), values_of(found)
    base, merged, untouched = request.form.get("base", ""), None, {}
    if base.isdigit() and int(base) < found.version.number:
        before = writing.text_of(versions.get(article_id, int(base)))
        merged = differences.merged(before.markdown, mine.markdown, theirs.markdown)
        untouched = {key: values[key] for key in versions.LABELS if getattr(mine, key) == getattr(before, key)}
    changed = {"markdown": merged or mine.markdown, "cover": mine.cover, "seen": values["seen"], "base": values["base"]}
    changed |= untouched
    return form_page(
        _typed(values) | changed,
        found.article,
        theirs=values,
        who=versions.by(found.version),
        when_saved=found.version.created_at,
        difference=versions.compare(theirs, mine),
        merged=merged,
        labels=versions.LABELS,
    )


def _key(text: str) -> int:
    return NEW if text == "new" else forms.whole(text, "这篇文章")


@blueprint.post("/articles/<string:key>/autosave")
@staff_only(Role.EDITOR)
def article_autosave(key: str) -> tuple[Response, int]:
    revision = forms.whole(request.form.get("seen", "0"), "这一稿")
    try:
        at, stale = autosave.keep(current_staff(), _key(key), revision, request.form)
    except DomainError as error:
        return jsonify(error.envelope()), error.status
    said = "文章刚被别人保存过。您的文字已经留住，保存时会请您比对" if stale else ""
    return jsonify(at=clock.local(at).strftime("%H:%M:%S"), warning=said), 200


@blueprint.post("/articles/<string:key>/discard")
@staff_only(Role.EDITOR)
def article_discard(key: str) -> Response:
    article_id = _key(key)
    autosave.drop(current_staff(), article_id)
    flash("没有保存的文字已经放弃", "success")
    if article_id == NEW:
        return redirect(url_for("console.article_new", title=request.form.get("title") or None))
    return redirect(url_for("console.article_edit", article_id=article_id))


@blueprint.post("/articles/typed")
@staff_only(Role.EDITOR)
def article_typed() -> str:
    """The preview of a text as it is typed, for the frame beside it."""
    return render_template("console/articles/_phone.html", phone=_phone(request.form))


@blueprint.post("/pictures")
@staff_only(Role.EDITOR)
@takes(MOST_UPLOAD)
def picture_upload() -> Any:
    """A page with the line to copy; for editor.js the line itself."""
    by_script = request.accept_mimetypes.best == "application/json"
    try:
        public_id = _uploaded_picture("file")
        if not public_id:
            raise Invalid("file", "请选择一张图片")
    except DomainError as error:
        if by_script:
            return jsonify(error.envelope()), error.status
        raise
    if by_script:
        return jsonify(markdown=f"![图片说明]({url_for('media.picture', public_id=public_id)})")
    return render_template("console/articles/picture.html", public_id=public_id)
