"""Console: leaderboards as they stand, the freezing and revealing of a contest's; badges and who has them."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console import forms, forms_events
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.errors import DomainError
from sorting_miniapp.quiz import badge_desk, board_desk, leaderboards
from sorting_miniapp.quiz.leaderboards import BY_NAMES, SPAN_NAMES, By, Span
from sorting_miniapp.quiz.models import QUIZ_KIND_NAMES, QuizKind

READERS = (Role.EDITOR, Role.REVIEWER, Role.ANALYST, Role.ADMIN)


@blueprint.get("/boards")
@staff_only(*READERS)
def board_list() -> str:
    rows = [(one, board_desk.state(one, clock.now())) for one in board_desk.listed()]
    return render_template("console/boards/list.html", rows=rows, kinds=QUIZ_KIND_NAMES)


@blueprint.get("/boards/<int:quiz_id>")
@staff_only(*READERS)
def board(quiz_id: int) -> str:
    return _page(quiz_id)


def _page(quiz_id: int, problem: DomainError | None = None) -> str:
    quiz, now = board_desk.get(quiz_id), clock.now()
    offered = leaderboards.boards_of(quiz)
    by = next((one for one in offered if one == request.args.get("by")), By.PERSON)
    span = next((one for one in Span if one == request.args.get("span")), Span.DAY)
    on = forms.day(request.args.get("on", ""))
    found = leaderboards.board(quiz.slug, span, on, live=True)
    frozen_at = clock.local(quiz.freezes_at).strftime("%Y-%m-%dT%H:%M") if quiz.freezes_at else ""
    chosen: dict[str, Any] = {"by": by, "span": span, "on": on or clock.today()}
    return render_template(
        "console/boards/board.html",
        quiz=quiz,
        board=leaderboards.page(found, by),
        state=board_desk.state(quiz, now),
        waiting=board_desk.not_counted(quiz_id),
        freezes_at=request.form.get("freezes_at", "") if problem else frozen_at,
        problem=problem,
        contest=quiz.kind is QuizKind.CONTEST,
        by_names={one: BY_NAMES[one] for one in offered},
        span_names=SPAN_NAMES,
        **chosen,
    )


@blueprint.post("/boards/<int:quiz_id>/freeze")
@staff_only(Role.EDITOR)
def board_freeze(quiz_id: int) -> Response | tuple[str, int]:
    typed = request.form.get("freezes_at", "")
    try:
        board_desk.freeze(current_staff(), quiz_id, forms_events.moment(typed, "封榜时间") if typed else None)
    except DomainError as error:
        if error.status in (403, 404):
            raise
        return _page(quiz_id, error), error.status
    flash("已保存封榜时间" if typed else "已取消封榜", "success")
    return redirect(url_for("console.board", quiz_id=quiz_id))


@blueprint.post("/boards/<int:quiz_id>/reveal")
@staff_only(Role.EDITOR)
def board_reveal(quiz_id: int) -> Response:
    try:
        board_desk.reveal(current_staff(), quiz_id)
        flash("已公布，居民两秒内就能看到最后的排行榜", "success")
    except DomainError as error:
        if error.status != 409:
            raise
        flash(error.message, "warning")
    return redirect(url_for("console.board", quiz_id=quiz_id))


@blueprint.get("/badges")
@staff_only(*READERS)
def badge_list() -> str:
    return render_template("console/boards/badges.html", rows=badge_desk.listed(), rules=badge_desk.RULE_NAMES)


@blueprint.get("/badges/<int:badge_id>")
@staff_only(*READERS)
def badge(badge_id: int) -> str:
    after = forms.query_number("after", 0)
    found, rows, more = badge_desk.holders(badge_id, after or 0)
    following = url_for("console.badge", badge_id=badge_id, after=(after or 0) + len(rows)) if more else ""
    return render_template("console/boards/badge.html", badge=found, rows=rows, following=following)
