"""Console: prizes of a contest, recorded after its standing is public, and handed over."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console import forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.errors import DomainError
from sorting_miniapp.quiz import desk, prizes

Page = Response | str | tuple[str, int]


def _page(quiz_id: int, problem: str = "") -> str:
    desk.require_editor(current_staff())
    quiz = prizes.contest(quiz_id)
    public = prizes.public(quiz)
    return render_template(
        "console/quiz/prizes.html",
        quiz=quiz,
        public=public,
        standing=prizes.standing(quiz_id) if public else [],
        recorded=prizes.recorded(quiz_id),
        typed=request.form,
        problem=problem,
    )


@blueprint.route("/quizzes/<int:quiz_id>/prizes", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def contest_prizes(quiz_id: int) -> Page:
    if request.method == "GET":
        return _page(quiz_id)
    try:
        resident_id = forms.number(request.form.get("resident", ""), "resident", "获奖人")
        prizes.record(current_staff(), quiz_id, resident_id, request.form.get("prize", ""))
    except DomainError as error:
        return _page(quiz_id, error.message), error.status
    flash("已登记，获奖人会收到通知", "success")
    return redirect(url_for("console.contest_prizes", quiz_id=quiz_id))


@blueprint.post("/prizes/<int:prize_id>/handover")
@staff_only(Role.EDITOR)
def prize_hand_over(prize_id: int) -> Page:
    form = request.form
    try:
        quiz_id = prizes.hand_over(current_staff(), prize_id, form.get("winner", ""), form.get("note", ""))
    except DomainError as error:
        return _page(prizes.quiz_of(prize_id), error.message), error.status
    flash("已登记领取", "success")
    return redirect(url_for("console.contest_prizes", quiz_id=quiz_id))


@blueprint.post("/prizes/<int:prize_id>/removal")
@staff_only(Role.EDITOR)
def prize_remove(prize_id: int) -> Page:
    try:
        quiz_id = prizes.remove(current_staff(), prize_id)
    except DomainError as error:
        return _page(prizes.quiz_of(prize_id), error.message), error.status
    flash("已删除登记", "success")
    return redirect(url_for("console.contest_prizes", quiz_id=quiz_id))
