"""Console: a contest while it runs and after: the monitor, single attempts, disqualification, appeals."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console import forms
from sorting_miniapp.console import forms_events as problems
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.reasons import reason_page
from sorting_miniapp.console.views_quiz import READERS
from sorting_miniapp.errors import DomainError, Invalid
from sorting_miniapp.quiz import board_desk, disqualifying, monitor, prizes
from sorting_miniapp.quiz.honesty import SIGN_NAMES
from sorting_miniapp.quiz.models import Entry
from sorting_miniapp.quiz.models_desk import APPEAL_STAGE_NAMES, AppealStage

ADVICE = "会写进记录，本人会看到；成绩取消后还可以恢复。"
Page = Response | str | tuple[str, int]
TONES = {AppealStage.PENDING: "warning", AppealStage.LIFTED: "success"}


def _shown(quiz_id: int) -> dict[str, Any]:
    branches = current_staff().branches(*READERS)
    odd, many = monitor.odd(quiz_id, branches)
    quiz = prizes.contest(quiz_id)
    return {
        "quiz": quiz, "counts": monitor.counts(quiz_id, branches), "units": monitor.units(quiz_id, branches),
        "teams": monitor.by_team(quiz_id, branches) if quiz.entry is Entry.TEAM else None,
        "odd": odd, "many": many, "signs": SIGN_NAMES, "now": clock.now(), "board": board_desk.state(quiz, clock.now()),
    }  # fmt: skip


@blueprint.get("/quizzes/<int:quiz_id>/monitor")
@staff_only(*READERS)
def contest_monitor(quiz_id: int) -> str:
    return render_template("console/quiz/monitor.html", **_shown(quiz_id))


@blueprint.get("/quizzes/<int:quiz_id>/monitor/lines")
@staff_only(*READERS)
def contest_lines(quiz_id: int) -> str:
    """The part of the page that htmx fetches again and again."""
    return render_template("console/quiz/_monitor.html", **_shown(quiz_id))


@blueprint.get("/attempts/<int:attempt_id>")
@staff_only(*READERS)
def attempt(attempt_id: int) -> str:
    found, quiz = monitor.attempt(attempt_id, current_staff().branches(*READERS))
    standing = disqualifying.latest(attempt_id)
    return render_template(
        "console/quiz/attempt.html",
        found=found,
        quiz=quiz,
        own=monitor.own(found.attempt),
        others=monitor.others(attempt_id),
        signs=SIGN_NAMES,
        standing=standing,
        stages=APPEAL_STAGE_NAMES,
    )


def _reason(attempt_id: int, title: str, act: Any) -> Page:
    """Ask for a reason and do it."""
    back = url_for("console.attempt", attempt_id=attempt_id)
    found, quiz = monitor.attempt(attempt_id, current_staff().branches(*READERS))
    subject = f"{quiz.title}：{found.person}（{found.unit}），{found.attempt.score} 分。本人会看到您写的原因。"
    if request.method == "GET":
        return reason_page(title, subject, back, advice=ADVICE)
    try:
        act(current_staff(), attempt_id, request.form.get("reason", ""))
    except DomainError as error:
        return reason_page(title, subject, back, error, ADVICE), error.status
    flash("已办理，本人会收到通知", "success")
    return redirect(back)


@blueprint.route("/attempts/<int:attempt_id>/disqualification", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def attempt_disqualify(attempt_id: int) -> Page:
    return _reason(attempt_id, "取消成绩", disqualifying.disqualify)


@blueprint.route("/attempts/<int:attempt_id>/restoration", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def attempt_restore(attempt_id: int) -> Page:
    return _reason(attempt_id, "恢复成绩", disqualifying.restore)


@blueprint.get("/result-appeals")
@staff_only(Role.EDITOR)
def result_appeals() -> str:
    chosen = request.args.get("stage", AppealStage.PENDING.value)
    stage = AppealStage(chosen) if chosen in set(AppealStage) else None
    page = disqualifying.appeals(current_staff(), stage, forms.query_number("before", 1))
    following = url_for("console.result_appeals", stage=chosen, before=page["next"]) if page["next"] else ""
    return render_template(
        "console/quiz/appeals.html", rows=page["items"], chosen=chosen, following=following,
        stages=APPEAL_STAGE_NAMES, tones=TONES,
    )  # fmt: skip


@blueprint.route("/result-appeals/<int:appeal_id>", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def result_appeal(appeal_id: int) -> Page:
    row = disqualifying.one_appeal(current_staff(), appeal_id)
    if request.method == "GET":
        return _appeal(row, {})
    try:
        verdict = request.form.get("verdict", "")
        if verdict not in ("lift", "uphold"):
            raise Invalid("verdict", "请选择复核结果")
        disqualifying.decide(current_staff(), appeal_id, verdict == "lift", request.form.get("answer", ""))
    except DomainError as error:
        return _appeal(row, request.form, problems.problems(error)), error.status
    flash("已复核，结果会通知本人", "success")
    return redirect(url_for("console.result_appeals"))


def _appeal(row: Any, values: Any, wrong: dict[str, Any] | None = None) -> str:
    return render_template(
        "console/quiz/appeal.html", row=row, values=values, problems=wrong or {},
        own=row.Disqualification.by == current_staff().id,
    )  # fmt: skip
