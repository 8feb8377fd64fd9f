"""Console: articles from a draft over three reviews to the mini-program."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import desk, listing, reviews, writing
from sorting_miniapp.articles.models import (
    ARTICLE_STATE_NAMES,
    AUDIENCE_NAMES,
    CHANNEL_NAMES,
    PUSH_STATE_NAMES,
    ArticleState,
    PushState,
)
from sorting_miniapp.console import forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.errors import DomainError, Invalid
from sorting_miniapp.media import service as media
from sorting_miniapp.orgs import service as orgs

Page = Response | str | tuple[str, int]
READERS = (Role.EDITOR, Role.REVIEWER, Role.ANALYST, Role.ADMIN)
TONES = {
    ArticleState.DRAFT: "secondary",
    ArticleState.IN_REVIEW: "warning",
    ArticleState.RETURNED: "danger",
    ArticleState.APPROVED: "success",
}
PUSH_TONES = {
    PushState.SENT: "success",
    PushState.READY: "info",
    PushState.SENDING: "primary",
    PushState.HELD: "danger",
    PushState.PARTLY_FAILED: "danger",
    PushState.PAUSED: "warning",
    PushState.AWAITING_ADMIN: "warning",
    PushState.MANUAL: "warning",
}


@blueprint.app_context_processor
def article_words() -> dict[str, Any]:
    """Names of states and channels for the pages of articles and pushes."""
    return {
        "ARTICLE_STATES": ARTICLE_STATE_NAMES,
        "ARTICLE_TONES": TONES,
        "PUSH_STATES": PUSH_STATE_NAMES,
        "PUSH_TONES": PUSH_TONES,
        "CHANNELS": CHANNEL_NAMES,
        "AUDIENCES": AUDIENCE_NAMES,
        "REVIEW_LEVELS": reviews.LEVEL_NAMES,
    }


@blueprint.get("/articles")
@staff_only(*READERS)
def articles() -> str:
    chosen = {key: request.args.get(key, "").strip()[:40] for key in ("state", "column", "q")}
    rows, following = desk.listed(current_staff().branches(*READERS), chosen, request.args.get("before", type=int))
    more = url_for("console.articles", before=following, **_kept(chosen)) if following else ""
    return render_template(
        "console/articles/list.html",
        rows=rows,
        chosen=chosen,
        columns=writing.columns(),
        more=more,
        may_write=bool(current_staff().branches(Role.EDITOR)),
    )


def _kept(chosen: dict[str, str]) -> dict[str, Any]:
    return {key: value for key, value in chosen.items() if value}


def _text() -> tuple[int, writing.Text]:
    """(column, text) of the form; an uploaded cover is stored first. Raises Invalid, TooLarge."""
    form, cover = request.form, request.form.get("cover", "")[:32]
    if form.get("no_cover"):
        cover = ""
    file = request.files.get("cover_file")
    if file and file.filename:
        cover = media.store(file.read(), current_staff().username)
    fields = {key: form.get(key, "") for key in ("title", "markdown", "author", "digest", "source")}
    fields["markdown"] = fields["markdown"].replace("\r\n", "\n")
    return forms.number(form.get("column_id", ""), "column", "栏目"), writing.Text(cover=cover, **fields)


def _form(values: dict[str, Any], article: Any = None, problem: DomainError | None = None) -> str:
    units = orgs.visible(current_staff().branches(Role.EDITOR))
    errors = {problem.code: problem.message} if problem else {}
    return render_template(
        "console/articles/form.html",
        values=values,
        article=article,
        errors=errors,
        problem="" if not problem or problem.code in values else problem.message,
        columns=[(str(one.id), one.name) for one in writing.columns()],
        units=[(str(unit.id), unit.name) for unit in units if unit.active],
    )


@blueprint.route("/articles/new", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def article_new() -> Page:
    empty = dict.fromkeys(("title", "markdown", "author", "digest", "source", "cover", "column_id", "node_id"), "")
    if request.method == "GET":
        return _form(empty)
    try:
        node_id = forms.whole(request.form.get("node_id", ""), "这个单位")
        column_id, text = _text()
        article_id = writing.create(current_staff(), node_id, column_id, text)
    except DomainError as error:
        return _form(empty | request.form.to_dict(), problem=error), error.status
    flash("已保存草稿", "success")
    return redirect(url_for("console.article", article_id=article_id))


@blueprint.route("/articles/<int:article_id>/edit", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def article_edit(article_id: int) -> Page:
    found = desk.article(current_staff().branches(Role.EDITOR), article_id)
    values = {key: getattr(found.version, key) for key in ("title", "markdown", "author", "digest", "source", "cover")}
    values |= {"column_id": str(found.article.column_id), "seen": str(found.article.number)}
    if request.method == "GET":
        return _form(values, found.article)
    try:
        column_id, text = _text()
        seen = forms.number(request.form.get("seen", ""), "seen", "版本")
        writing.save(current_staff(), article_id, column_id, text, seen)
    except DomainError as error:
        return _form(values | request.form.to_dict(), found.article, error), error.status
    flash("已保存", "success")
    return redirect(url_for("console.article", article_id=article_id))


@blueprint.get("/articles/<int:article_id>")
@staff_only(*READERS)
def article(article_id: int) -> str:
    return _page(article_id)


def _page(article_id: int, problem: str = "", remark: str = "") -> str:
    actor = current_staff()
    found = desk.article(actor.branches(*READERS), article_id)
    return render_template(
        "console/articles/article.html",
        found=found,
        # Allow-listed by nh3 when it was saved (articles/render.py).
        body=Markup(found.version.html),  # noqa: S704
        history=reviews.history(article_id),
        pushes=desk.pushes_of(article_id),
        may_write=actor.may(Role.EDITOR, found.node.path),
        may_decide=reviews.may_decide(actor, found.article, found.node),
        problem=problem,
        remark=remark,
    )


@blueprint.post("/articles/<int:article_id>/review")
@staff_only(Role.REVIEWER)
def article_review(article_id: int) -> Page:
    form = request.form
    passed, remark = form.get("verdict") == "passed", form.get("remark", "")
    try:
        if form.get("verdict") not in ("passed", "returned"):
            raise Invalid("verdict", "请选择通过或退回")
        version = forms.number(form.get("version", ""), "version", "版本")
        reviews.decide(current_staff(), article_id, version, passed, remark)
    except DomainError as error:
        return _page(article_id, error.message, remark), error.status
    flash("已通过" if passed else "已退回", "success")
    return redirect(url_for("console.article", article_id=article_id))


STEPS = {
    "submit": (writing.submit, "已提交审核"),
    "recall": (writing.recall, "已撤回，可以修改"),
    "publish": (listing.publish_by, "已在小程序发布"),
    "withdraw": (listing.withdraw, "已从小程序撤下"),
}


@blueprint.post("/articles/<int:article_id>/<any(submit, recall, publish, withdraw):step>")
@staff_only(Role.EDITOR)
def article_step(article_id: int, step: str) -> Page:
    action, done = STEPS[step]
    try:
        action(current_staff(), article_id)
    except DomainError as error:
        return _page(article_id, error.message), error.status
    flash(done, "success")
    return redirect(url_for("console.article", article_id=article_id))


@blueprint.post("/pictures")
@staff_only(Role.EDITOR)
def picture_upload() -> Page:
    file = request.files.get("file")
    if not file or not file.filename:
        raise Invalid("file", "请选择一张图片")
    public_id = media.store(file.read(), current_staff().username)
    return render_template("console/articles/picture.html", public_id=public_id)
