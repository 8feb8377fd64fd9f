"""Console: an article's text from a Word document: a new draft, or the next version of an article that is there."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import autosave, desk, docx, versions, writing
from sorting_miniapp.articles.models import ArticleState
from sorting_miniapp.console import forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.views_writing import MOST_UPLOAD, form_page, uploaded, values_of
from sorting_miniapp.errors import Conflict, DomainError, Invalid
from sorting_miniapp.errors_web import takes
from sorting_miniapp.imports import archives
from sorting_miniapp.orgs import service as orgs

Page = Response | str | tuple[str, int]


def _upload_page(problem: DomainError | None = None, **more: Any) -> str:
    return render_template(
        "console/articles/docx.html",
        values=request.form.to_dict(),
        problem=problem,
        most=docx.MOST_BYTES // archives.MIB,
        pictures=docx.MOST_PICTURES,
        **more,
    )


def _read() -> docx.Draft:
    """The document of this request. Raises Invalid, TooLarge."""
    data, filename = uploaded("file")
    if not filename:
        raise Invalid("file", "请选择一个 .docx 文件")
    return docx.read(data, filename, current_staff().username)


@blueprint.route("/articles/docx", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
@takes(MOST_UPLOAD)
def article_docx() -> Page:
    if request.method == "GET":
        return _new_page()
    try:
        node_id = forms.whole(request.form.get("node_id", ""), "这个单位")
        column_id = forms.number(request.form.get("column_id", ""), "column", "栏目")
        found = _read()
        article_id = writing.create(current_staff(), node_id, column_id, writing.Text(found.title, found.markdown))
    except DomainError as error:
        return _new_page(error), error.status
    flash("已转成草稿，请核对文字和图片，补上作者、摘要和来源", "success")
    for remark in found.remarks:
        flash(remark, "warning")
    return redirect(url_for("console.article_edit", article_id=article_id))


def _new_page(problem: DomainError | None = None) -> str:
    units = [(str(unit.id), unit.name) for unit in orgs.in_use(current_staff().branches(Role.EDITOR))]
    columns = [(str(one.id), one.name) for one in writing.columns()]
    return _upload_page(problem, units=units, columns=columns)


@blueprint.route("/articles/<int:article_id>/docx", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
@takes(MOST_UPLOAD)
def article_replace(article_id: int) -> Page:
    """The document's text in the form of the article, beside what is there: nothing changes until it is saved."""
    found = desk.article(current_staff().branches(Role.EDITOR), article_id)
    more: dict[str, Any] = {"found": found, "unsaved": autosave.of(current_staff(), article_id)}
    if request.method == "GET":
        return _upload_page(**more)
    try:
        if found.article.state is ArticleState.IN_REVIEW:
            raise Conflict("in_review", "文章正在审核，请先撤回再修改")
        draft = _read()
    except DomainError as error:
        return _upload_page(error, **more), error.status
    values, old = values_of(found), writing.text_of(found.version)
    new = writing.Text(**vars(old) | {"markdown": draft.markdown})
    other_title = draft.title if draft.title != old.title else ""
    return form_page(
        values | {"markdown": draft.markdown},
        found.article,
        document=versions.compare(old, new),
        document_title=other_title,
        remarks=draft.remarks,
        labels=versions.LABELS,
    )
