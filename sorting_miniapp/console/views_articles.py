"""Console: articles from a draft over three reviews to the mini-program."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import composing, desk, listing, reviews, versions, writing
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
from sorting_miniapp.console.views_versions import sharing
from sorting_miniapp.errors import DomainError, Invalid

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


@blueprint.get("/articles/<int:article_id>")
@staff_only(*READERS)
def article(article_id: int) -> str:
    return _page(article_id)


def _page(article_id: int, problem: str = "", remark: str = "") -> str:
    actor = current_staff()
    found = desk.article(actor.branches(*READERS), article_id)
    in_review = found.article.state is ArticleState.IN_REVIEW
    before = versions.reviewed_before(article_id, found.version.number) if in_review else None
    new = writing.text_of(found.version)
    return render_template(
        "console/articles/article.html",
        found=found,
        before=before,
        difference=versions.compare(writing.text_of(before), new) if before else None,
        labels=versions.LABELS,
        credit=composing.sheet(found.version).credit,
        **sharing(found),
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
