"""Console: the versions of an article, what changed between them, and ways to show one to somebody."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.binding import staff_wechat
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import composing, desk, phone, previews, versions, writing
from sorting_miniapp.articles.models import ArticleVersion
from sorting_miniapp.articles.models_writing import PHONE_STATE_NAMES
from sorting_miniapp.console import forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.navigation import EDITORIAL
from sorting_miniapp.errors import DomainError


def as_phone(version: ArticleVersion) -> dict[str, Any]:
    """A version for the frame that shows it as a phone does."""
    # Allow-listed by nh3 when it was saved (articles/render.py).
    body = Markup(version.html)  # noqa: S704
    credit = composing.sheet(version).credit
    return {"title": version.title, "author": version.author, "cover": version.cover, "body": body, "credit": credit}


def sharing(found: desk.Found) -> dict[str, Any]:
    """What the card for showing a version to somebody needs."""
    actor = current_staff()
    return {
        "preview_links": previews.live(found.version.id),
        "may_share": bool(actor.branches(*previews.SHARERS)),
        "bound": staff_wechat(actor.id) is not None,
        "sent": phone.latest(actor, found.version.id),
        "sent_states": PHONE_STATE_NAMES,
    }


def _found(article_id: int) -> desk.Found:
    return desk.article(current_staff().branches(*EDITORIAL), article_id)


@blueprint.get("/articles/<int:article_id>/versions")
@staff_only(*EDITORIAL)
def article_versions(article_id: int) -> str:
    found = _found(article_id)
    return render_template(
        "console/articles/versions.html",
        found=found,
        rows=versions.listed(article_id),
        may_write=current_staff().may(Role.EDITOR, found.node.path) and found.article.state != "in_review",
    )


@blueprint.get("/articles/<int:article_id>/versions/<int:number>")
@staff_only(*EDITORIAL)
def article_version(article_id: int, number: int) -> str:
    found, version = _found(article_id), versions.get(article_id, number)
    return render_template(
        "console/articles/version.html",
        found=found,
        version=version,
        by=versions.by(version),
        phone=as_phone(version),
    )


@blueprint.get("/articles/<int:article_id>/versions/<int:number>/difference")
@staff_only(*EDITORIAL)
def article_difference(article_id: int, number: int) -> str:
    found, new = _found(article_id), versions.get(article_id, number)
    base = forms.query_number("base", 1) or max(number - 1, 1)
    old = versions.get(article_id, base)
    return render_template(
        "console/articles/difference.html",
        found=found,
        numbers=(base, number),
        others=[one.version.number for one in versions.listed(article_id) if one.version.number != number],
        difference=versions.compare(writing.text_of(old), writing.text_of(new)),
        labels=versions.LABELS,
    )


@blueprint.post("/articles/<int:article_id>/versions/<int:number>/restore")
@staff_only(Role.EDITOR)
def article_restore(article_id: int, number: int) -> Response:
    seen = forms.whole(request.form.get("seen", ""), "这一稿")
    try:
        versions.restore(current_staff(), article_id, number, seen)
    except DomainError as error:
        if error.status != 409:
            raise
        flash(error.message, "danger")
        return redirect(url_for("console.article_versions", article_id=article_id))
    flash(f"已用第 {number} 稿的内容新建一稿，须重新审核", "success")
    return redirect(url_for("console.article", article_id=article_id))


@blueprint.post("/articles/<int:article_id>/preview-links")
@staff_only(*previews.SHARERS)
def article_link(article_id: int) -> Response:
    previews.make(current_staff(), article_id)
    flash("预览链接已生成，可以复制给领导看", "success")
    return redirect(url_for("console.article", article_id=article_id) + "#share")


@blueprint.post("/articles/<int:article_id>/preview-links/<int:link_id>/revoke")
@staff_only(*previews.SHARERS)
def article_link_revoke(article_id: int, link_id: int) -> Response:
    previews.revoke(current_staff(), article_id, link_id)
    flash("预览链接已停用", "success")
    return redirect(url_for("console.article", article_id=article_id) + "#share")


@blueprint.post("/articles/<int:article_id>/phone-preview")
@staff_only(*previews.SHARERS)
def article_phone(article_id: int) -> Response:
    try:
        phone.ask(current_staff(), article_id)
    except DomainError as error:
        if error.status not in (409, 429):
            raise
        flash(error.message, "danger")
    return redirect(url_for("console.article", article_id=article_id) + "#share")


@blueprint.get("/articles/<int:article_id>/phone-preview")
@staff_only(*previews.SHARERS)
def article_phone_state(article_id: int) -> str:
    found = _found(article_id)
    return render_template("console/articles/_sent.html", found=found, **sharing(found))
