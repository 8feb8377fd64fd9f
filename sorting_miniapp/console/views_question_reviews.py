"""Console: changes of the question bank that wait for a second person, and the bank as a sheet."""

from __future__ import annotations

from flask import Response as FlaskResponse
from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console import forms, sheets
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.downloads import attachment
from sorting_miniapp.console.views_content import FIELD_NAMES
from sorting_miniapp.console.views_quiz import READERS
from sorting_miniapp.errors import DomainError
from sorting_miniapp.imports import workbook
from sorting_miniapp.quiz import desk, proposals, sheet_questions
from sorting_miniapp.quiz.models import POOL_NAMES, Pool
from sorting_miniapp.quiz.question_list import Filters

Page = Response | str | tuple[str, int]

sheets.add_pages(sheet_questions.SHEET, "/questions/import", "console.question_reviews")


@blueprint.get("/questions.xlsx")
@staff_only(*READERS)
def questions_xlsx() -> FlaskResponse:
    filters = Filters.of(request.args)
    name = f"题库{POOL_NAMES[Pool(filters.pool)] if filters.pool in set(Pool) else ''}{clock.today():%Y%m%d}.xlsx"
    return attachment(sheet_questions.export(filters), name, workbook.XLSX)


def _queue(problem: DomainError | None = None, remark_of: int = 0) -> str:
    rows, following = proposals.waiting(before=forms.query_number("before", 1) or 0)
    me = current_staff()
    return render_template(
        "console/quiz/reviews.html",
        rows=rows,
        following=url_for("console.question_reviews", before=following) if following else "",
        returned=proposals.own_returned(me),
        me=me.id,
        keeps=desk.keeps(me),
        names=FIELD_NAMES | {"active": "使用"},
        problem=problem,
        remark_of=remark_of,
        remark=request.form.get("remark", ""),
    )


@blueprint.get("/questions/reviews")
@staff_only(*READERS)
def question_reviews() -> str:
    return _queue()


@blueprint.post("/questions/reviews/accept")
@staff_only(Role.EDITOR, Role.REVIEWER)
def question_reviews_accept() -> Page:
    chosen = [forms.whole(text, "这条修改") for text in request.form.getlist("change")[:500]]
    try:
        count = proposals.accept(current_staff(), chosen)
    except DomainError as error:
        return _queue(error), error.status
    flash(f"已通过 {count} 道题，现在起使用", "success")
    return redirect(url_for("console.question_reviews"))


@blueprint.post("/questions/reviews/<int:proposal_id>/return")
@staff_only(Role.EDITOR, Role.REVIEWER)
def question_review_return(proposal_id: int) -> Page:
    try:
        proposals.send_back(current_staff(), proposal_id, request.form.get("remark", ""))
    except DomainError as error:
        return _queue(error, proposal_id), error.status
    flash("已退回", "success")
    return redirect(url_for("console.question_reviews"))


@blueprint.post("/questions/reviews/<int:proposal_id>/withdraw")
@staff_only(Role.EDITOR)
def question_review_withdraw(proposal_id: int) -> Response:
    proposals.withdraw(current_staff(), proposal_id)
    flash("已撤回", "success")
    return redirect(url_for("console.question_reviews"))
