"""Console: the question bank."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console import forms, navigation
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.errors import DomainError
from sorting_miniapp.media import drawings
from sorting_miniapp.quiz import desk, dictionary, proposals, question_list
from sorting_miniapp.quiz.marking import CHOICES
from sorting_miniapp.quiz.models import (
    AUDIENCE_NAMES,
    DIFFICULTY_NAMES,
    POOL_NAMES,
    QUESTION_KIND_NAMES,
    QuestionVersion,
)
from sorting_miniapp.quiz.question_list import Filters
from sorting_miniapp.teaching import sources

Page = Response | str | tuple[str, int]
READERS = (Role.EDITOR, Role.REVIEWER, Role.ANALYST, Role.ADMIN)
FIELDS = ("kind", "pool", "topic", "audience", "text", "explanation", "source", "item", "picture")
OPTIONS = 8


@blueprint.get("/questions")
@staff_only(*READERS)
def questions() -> str:
    filters = Filters.of(request.args)
    page = forms.query_number("page", 0, 10_000) or 0
    rows, many = question_list.listed(filters, page)
    more = many > (page + 1) * question_list.PAGE
    return render_template(
        "console/quiz/questions.html",
        rows=rows, many=many, page=page, filters=filters, pools=POOL_NAMES, kinds=QUESTION_KIND_NAMES,
        difficulties=DIFFICULTY_NAMES, audiences=AUDIENCE_NAMES, standings=question_list.STANDING_NAMES,
        topic_options=[(topic, topic) for topic in question_list.topics(question_list.EVERYTHING)],
        waiting=proposals.count_waiting(current_staff()),
        following=url_for("console.questions", page=page + 1, **filters.asked()) if more else "",
    )  # fmt: skip


def asked_version(question_id: int) -> tuple[list[QuestionVersion], QuestionVersion]:
    """A question's versions, the newest first, and the one whose number the address names, else the newest."""
    versions = desk.versions(question_id)
    number = forms.query_number("version", 1)
    return versions, next((one for one in versions if one.number == number), versions[0])


def _look() -> dict[str, Any]:
    """The look at the list that somebody came from, and goes back to."""
    return {"page": forms.query_number("page", 0, 10_000) or None} | Filters.of(request.args).asked()


def _form(values: dict[str, Any], key: int | None, problem: DomainError | None = None) -> str:
    errors = {problem.code: problem.message} if problem else {}
    titles, source = sources.titles(), values["source"]
    return render_template(
        "console/quiz/question.html",
        values=values,
        key=key,
        errors=errors,
        problem=problem.message if problem and problem.code not in (*FIELDS, "options", "difficulty") else "",
        sources=[("", "请选择"), *titles.items(), *([(source, source)] if source and source not in titles else [])],
        pictures=drawings.addresses(),
        labels=drawings.labels(),
        audiences=list(AUDIENCE_NAMES.items()),
        kinds=list(QUESTION_KIND_NAMES.items()),
        difficulties=list(DIFFICULTY_NAMES.items()),
        pools=list(POOL_NAMES.items()),
        choices=CHOICES,
        fixed=not navigation.holds(Role.EDITOR),
        waits=proposals.of_question(key) if key else None,
        about=dictionary.items([values["item"]]).get(values["item"]),
        look=_look(),
    )


def _typed() -> desk.Draft:
    form = request.form
    sorting = form.get("kind") == "sort"
    options: list[tuple[str, Any]] = []
    for number in range(OPTIONS):
        text = form.get(f"option{number}", "").strip()
        if text:
            right: Any = form.get(f"class{number}", "") if sorting else f"right{number}" in form
            options.append((text, right))
    texts: dict[str, Any] = {key: form.get(key, "") for key in FIELDS}
    difficulty = forms.number(form.get("difficulty", "1"), "difficulty", "难度")
    return desk.Draft(**texts, options=tuple(options), difficulty=difficulty)


def _values(draft: desk.Draft, active: bool) -> dict[str, Any]:
    options = [{"text": text, "right": right} for text, right in draft.options]
    options += [{"text": "", "right": False}] * (OPTIONS - len(options))
    return {key: getattr(draft, key) for key in (*FIELDS, "difficulty")} | {"options": options, "active": active}


@blueprint.route("/questions/new", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def question_new() -> Page:
    if request.method == "GET":
        return _form(_values(desk.Draft("single", "practice", "", "all", "", (), "", ""), True), None)
    try:
        proposals.propose(current_staff(), proposals.Wish(None, _typed()))
    except DomainError as error:
        return _form(_values(_typed(), True), None, error), error.status
    flash("已提交，另一位同事复核后才会使用", "success")
    return redirect(url_for("console.question_reviews"))


@blueprint.get("/questions/<int:question_id>")
@staff_only(*READERS)
def question(question_id: int) -> Page:
    row, version = desk.question(question_id)
    return _form(_values(desk.draft_of(desk.row_of(row, version)), row.active), question_id)


@blueprint.post("/questions/<int:question_id>")
@staff_only(Role.EDITOR)
def question_save(question_id: int) -> Page:
    active = "active" in request.form
    try:
        proposals.propose(current_staff(), proposals.Wish(question_id, _typed(), active))
    except DomainError as error:
        return _form(_values(_typed(), active), question_id, error), error.status
    flash("已提交，另一位同事复核后成为新的一版，已有的成绩不变", "success")
    return redirect(url_for("console.question", question_id=question_id, **_look()))
