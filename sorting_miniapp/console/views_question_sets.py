"""Console: 组卷, sets of questions for contests and exams, with a look at the paper before anybody sits it."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console import forms, navigation
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.views_quiz import READERS
from sorting_miniapp.errors import DomainError
from sorting_miniapp.media import drawings
from sorting_miniapp.quiz import sets
from sorting_miniapp.quiz.marking import CHOICES
from sorting_miniapp.quiz.models import AUDIENCE_NAMES, DIFFICULTY_NAMES, POOL_NAMES, QUESTION_KIND_NAMES, Pool
from sorting_miniapp.quiz.question_list import Filters
from sorting_miniapp.quiz.sets import Blueprint

Page = Response | str | tuple[str, int]
POOLS = [(pool.value, name) for pool, name in POOL_NAMES.items()]


def _list(problem: str = "") -> str:
    return render_template(
        "console/quiz/sets.html", rows=sets.listed(), pools=POOL_NAMES, choices=POOLS, problem=problem,
        values=request.form, fixed=not navigation.holds(Role.EDITOR),
    )  # fmt: skip


@blueprint.get("/question-sets")
@staff_only(*READERS)
def question_sets() -> str:
    return _list()


@blueprint.post("/question-sets")
@staff_only(Role.EDITOR)
def question_set_new() -> Page:
    try:
        pool = forms.choice(request.form.get("pool", ""), Pool, "pool", "题库")
        copied = forms.whole(request.form["copied"], "试卷") if request.form.get("copied") else None
        key = sets.make(current_staff(), request.form.get("title", ""), pool, copied)
    except DomainError as error:
        return _list(error.message), error.status
    flash("已新建，请加入题目", "success")
    return redirect(url_for("console.question_set", set_id=key))


def _page(set_id: int, problem: str = "") -> str:
    row, found = sets.get(set_id), sets.members(set_id)
    filters = Filters.of(request.args)
    page = forms.query_number("page", 0, 10_000) or 0
    candidates, more = sets.choices(set_id, filters, page)
    return render_template(
        "console/quiz/set.html",
        row=row, members=found, summary=sets.summary(found), used=sets.used_by(set_id), problem=problem,
        candidates=candidates, filters=filters, topic_options=[(topic, topic) for topic in sets.topics(row.pool)],
        difficulties=DIFFICULTY_NAMES, audiences=AUDIENCE_NAMES, kinds=QUESTION_KIND_NAMES,
        following=url_for("console.question_set", set_id=set_id, page=page + 1, **filters.asked()) if more else "",
        fixed=not navigation.holds(Role.EDITOR),
    )  # fmt: skip


@blueprint.get("/question-sets/<int:set_id>")
@staff_only(*READERS)
def question_set(set_id: int) -> str:
    return _page(set_id)


@blueprint.post("/question-sets/<int:set_id>")
@staff_only(Role.EDITOR)
def question_set_change(set_id: int) -> Page:
    try:
        said = _change(set_id)
    except DomainError as error:
        if error.status == 404:
            raise
        return _page(set_id, error.message), error.status
    flash(said, "success")
    return redirect(url_for("console.question_set", set_id=set_id, **Filters.of(request.args).asked()))


def _change(set_id: int) -> str:
    form, actor = request.form, current_staff()
    number = forms.number(form.get("number", ""), "number", "版本")
    action, _, one = form.get("action", "").partition(".")
    if action == "rename":
        sets.rename(actor, set_id, number, form.get("title", ""))
        return "已改名"
    if action == "add":
        keys = [forms.whole(text, "题目") for text in form.getlist("question")[: sets.MOST]]
        return f"已加入 {sets.add(actor, set_id, number, keys)} 道题"
    if action == "draw":
        return f"已抽取 {sets.draw(actor, set_id, number, _blueprint())} 道题"
    question_id = forms.whole(one, "题目")
    if action in ("up", "down"):
        sets.move(actor, set_id, number, question_id, -1 if action == "up" else 1)
        return "已移动"
    sets.remove(actor, set_id, number, question_id)
    return "已移出"


def _blueprint() -> Blueprint:
    form = request.form
    easy, medium, hard = (
        forms.number(form.get(f"count{level}") or "0", f"count{level}", name)
        for level, name in DIFFICULTY_NAMES.items()
    )
    audience = form.get("drawn_audience", "all")
    return Blueprint(
        (easy, medium, hard),
        audience if audience in AUDIENCE_NAMES else "all",
        tuple(form.getlist("topics")[: sets.MOST]),
    )


@blueprint.get("/question-sets/<int:set_id>/preview")
@staff_only(*READERS)
def question_set_preview(set_id: int) -> str:
    """The paper as on a phone, with or without the key; printed, the key stands on a sheet of its own."""
    return render_template(
        "console/quiz/set_preview.html",
        row=sets.get(set_id), members=sets.members(set_id), kinds=QUESTION_KIND_NAMES, choices=CHOICES,
        names=dict(CHOICES), pictures=drawings.addresses(), answers=request.args.get("answers") == "1",
    )  # fmt: skip
