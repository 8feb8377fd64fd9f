"""Console: what is done about a question that proved wrong, with a look at the consequences before it binds."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console import navigation
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.views_quiz import READERS, asked_version
from sorting_miniapp.errors import DomainError
from sorting_miniapp.quiz import corrections, desk
from sorting_miniapp.quiz.marking import CHOICES
from sorting_miniapp.quiz.models import QuestionKind, QuestionVersion
from sorting_miniapp.quiz.models_desk import CORRECTION_NAMES, CORRECTION_STAGE_NAMES, CorrectionStage
from sorting_miniapp.teaching import sources

Page = Response | str | tuple[str, int]
MOVING = (CorrectionStage.TRIAL, CorrectionStage.MARKING)
TONES = {
    CorrectionStage.TRIAL: "primary",
    CorrectionStage.MARKING: "primary",
    CorrectionStage.WAITING: "warning",
    CorrectionStage.DONE: "success",
}


@blueprint.route("/questions/<int:question_id>/corrections", methods=["GET", "POST"])
@staff_only(*READERS)
def question_corrections(question_id: int) -> Page:
    versions, version = asked_version(question_id)
    if request.method == "GET":
        return _page(question_id, versions, version)
    form = request.form
    try:
        made = corrections.draft(
            current_staff(), version.id, form.get("action", ""), _rights(version), form.get("reason", "").strip()
        )
    except DomainError as error:
        return _page(question_id, versions, version, error.message), error.status
    return redirect(url_for("console.correction", correction_id=made))


def _rights(version: QuestionVersion) -> list[Any]:
    """The key as it was ticked, option by option in the version's order."""
    form, many = request.form, len(version.options)
    if version.kind is QuestionKind.SORT:
        return [form.get(f"class{place}", "") for place in range(many)]
    return [f"right{place}" in form for place in range(many)]


def _page(question_id: int, versions: list[QuestionVersion], version: QuestionVersion, problem: str = "") -> str:
    return render_template(
        "console/quiz/corrections.html",
        question_id=question_id,
        versions=versions,
        version=version,
        sorting=version.kind is QuestionKind.SORT,
        typed=request.form,
        actions=[(action.value, name) for action, name in CORRECTION_NAMES.items()],
        names=CORRECTION_NAMES,
        choices=CHOICES,
        rows=corrections.of_question(question_id),
        stages=CORRECTION_STAGE_NAMES,
        tones=TONES,
        may_change=navigation.holds(Role.EDITOR),
        problem=problem,
    )


def _shown(correction_id: int, remark: str = "", problem: str = "") -> dict[str, Any]:
    actor = current_staff()
    row, version = corrections.find(correction_id)
    return {
        "row": row, "version": version, "source": sources.titles().get(version.source, version.source),
        "names": CORRECTION_NAMES, "classes": dict(CHOICES),
        "stages": CORRECTION_STAGE_NAMES, "tones": TONES, "people": corrections.people(row),
        "job": corrections.job(row) if row.stage in MOVING else None, "moving": row.stage in MOVING,
        "mine": row.made_by == actor.id, "keeps": desk.keeps(actor), "remark": remark, "problem": problem,
    }  # fmt: skip


@blueprint.get("/corrections/<int:correction_id>")
@staff_only(*READERS)
def correction(correction_id: int) -> str:
    return render_template("console/quiz/correction.html", **_shown(correction_id))


@blueprint.get("/corrections/<int:correction_id>/state")
@staff_only(*READERS)
def correction_state(correction_id: int) -> str:
    """The part of the page that htmx fetches while the worker is at it."""
    return render_template("console/quiz/_correction.html", **_shown(correction_id))


@blueprint.post("/corrections/<int:correction_id>/confirmation")
@staff_only(Role.EDITOR, Role.REVIEWER)
def correction_confirm(correction_id: int) -> Response:
    try:
        corrections.confirm(current_staff(), correction_id)
        flash("更正已生效，正在重新计分", "success")
    except DomainError as error:
        flash(error.message, "danger")
    return redirect(url_for("console.correction", correction_id=correction_id))


@blueprint.post("/corrections/<int:correction_id>/return")
@staff_only(Role.EDITOR, Role.REVIEWER)
def correction_return(correction_id: int) -> Page:
    """Sent back by the second person, or taken back by who proposed it."""
    remark = request.form.get("remark", "").strip()
    try:
        corrections.drop(current_staff(), correction_id, remark)
    except DomainError as error:
        if error.status in (403, 404):
            raise
        shown = _shown(correction_id, remark, error.message)
        return render_template("console/quiz/correction.html", **shown), error.status
    flash("更正没有生效，成绩不变", "success")
    return redirect(url_for("console.correction", correction_id=correction_id))
