"""Console: quizzes, exams and contests, and how they went."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console import forms, forms_events, navigation
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.views_quiz import READERS
from sorting_miniapp.errors import DomainError
from sorting_miniapp.orgs import settings
from sorting_miniapp.quiz import planning, sets
from sorting_miniapp.quiz.models import ENTRY_NAMES, QUIZ_KIND_NAMES, Entry, Quiz, QuizKind
from sorting_miniapp.quiz.planning import STAGE_NAMES, Stage

Page = Response | str | tuple[str, int]
FLAGS = {"too_fast": "答得过快", "too_perfect": "又快又全对"}
TEXTS = ("title", "intro", "count", "minutes", "per_day", "pass_percent", "question_seconds", "prizes", "set_id")
EMPTY = {
    "title": "", "intro": "", "count": "10", "minutes": "10", "opens_at": "", "closes_at": "", "active": "1",
    "per_day": "1", "pass_percent": "80", "question_seconds": "", "entry": "person", "untimed_allowed": "",
    "prizes": "", "set_id": "",
}  # fmt: skip
UNTICKED = {"active": "", "untimed_allowed": ""}
TONES = {Stage.OPEN: "success", Stage.SOON: "info", Stage.OVER: "secondary", Stage.CLOSED: "secondary"}


@blueprint.get("/quizzes")
@staff_only(*READERS)
def quizzes() -> str:
    now = clock.now()
    return render_template(
        "console/quiz/quizzes.html", rows=planning.quizzes(), kinds=QUIZ_KIND_NAMES, words=STAGE_NAMES, tones=TONES,
        state=lambda row: planning.stage(row, now),
    )  # fmt: skip


def _form(values: dict[str, Any], kind: QuizKind, found: Quiz | None = None, problem: str = "") -> str:
    contest = kind is QuizKind.CONTEST
    return render_template(
        "console/quiz/quiz.html",
        values=values,
        kind=kind,
        quiz=found,
        problem=problem,
        results=planning.results(found.id) if found else None,
        flags=FLAGS,
        kinds=QUIZ_KIND_NAMES,
        entries=list(ENTRY_NAMES.items()),
        planned=kind in planning.PLANNED,
        sets=[(row.id, f"{row.title}（{count} 道题）") for row, count in sets.listed(planning.PLANNED.get(kind))],
        no_contact=contest and not settings.read("contest_contact"),
        fixed=not navigation.holds(Role.EDITOR),
    )


def _whole(key: str, label: str) -> int | None:
    typed = request.form.get(key, "").strip()
    return forms.number(typed, key, label) if typed else None


def _plan(kind: QuizKind, found: Quiz | None) -> planning.Plan:
    """What was typed; a field the kind does not show keeps what it is."""
    form = request.form
    opens, closes = (
        forms_events.moment(form[key], label) if form.get(key) else None
        for key, label in (("opens_at", "开始时间"), ("closes_at", "结束时间"))
    )
    contest, exam = kind is QuizKind.CONTEST, kind is QuizKind.EXAM
    typed_entry = form.get("entry", "") if contest else ""
    return planning.Plan(
        title=form.get("title", "").strip(),
        intro=form.get("intro", "").strip(),
        count=forms.number(form.get("count", ""), "count", "题数"),
        minutes=forms.number(form.get("minutes", ""), "minutes", "时限"),
        active="active" in form,
        per_day=_whole("per_day", "每天次数") if kind in planning.PLANNED else None,
        pass_percent=_whole("pass_percent", "及格分") if exam else found.pass_percent if found else None,
        question_seconds=_whole("question_seconds", "每题时限"),
        untimed_allowed="untimed_allowed" in form,
        entry=Entry(typed_entry) if typed_entry in set(Entry) else Entry.PERSON,
        prizes=form.get("prizes", "").strip(),
        set_id=_whole("set_id", "试卷") if kind in planning.PLANNED else None,
        opens_at=opens,
        closes_at=closes,
    )


@blueprint.route("/quizzes/new", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def quiz_new() -> Page:
    kind = QuizKind.EXAM if request.args.get("kind") == QuizKind.EXAM else QuizKind.CONTEST
    if request.method == "GET":
        return _form(EMPTY, kind)
    try:
        key = planning.make(current_staff(), kind, _plan(kind, None))
    except DomainError as error:
        return _form(EMPTY | UNTICKED | request.form.to_dict(), kind, problem=error.message), error.status
    flash("已新建", "success")
    return redirect(url_for("console.quiz", quiz_id=key))


@blueprint.route("/quizzes/<int:quiz_id>", methods=["GET", "POST"])
@staff_only(*READERS)
def quiz(quiz_id: int) -> Page:
    found = planning.quiz(quiz_id)
    if request.method == "GET":
        return _form(_values(found), found.kind, found)
    try:
        planning.change(current_staff(), quiz_id, _plan(found.kind, found))
    except DomainError as error:
        typed = _values(found) | UNTICKED | request.form.to_dict()
        return _form(typed, found.kind, found, error.message), error.status
    flash("已保存", "success")
    return redirect(url_for("console.quiz", quiz_id=quiz_id))


def _values(found: Quiz) -> dict[str, Any]:
    values: dict[str, Any] = {key: getattr(found, key) or "" for key in TEXTS}
    for key in ("opens_at", "closes_at"):
        moment = getattr(found, key)
        values[key] = clock.local(moment).strftime("%Y-%m-%dT%H:%M") if moment else ""
    ticked = {key: "1" if getattr(found, key) else "" for key in UNTICKED}
    return values | ticked | {"entry": found.entry.value}
