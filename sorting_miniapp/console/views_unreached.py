"""Console: whom the notices of an event did not reach, phoned one by one."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.forms import choice
from sorting_miniapp.errors import DomainError
from sorting_miniapp.events import planning
from sorting_miniapp.events import unreached as lists
from sorting_miniapp.events.models_day import CALL_OUTCOME_NAMES, CallOutcome

Page = Response | str | tuple[str, int]
READERS = (Role.ORGANISER, Role.VERIFIER, Role.ADMIN)


def _page(event_id: int, shown: int = 0, number: str = "", problem: str = "") -> str:
    event, node = planning.get(current_staff(), event_id)
    return render_template(
        "console/events/unreached.html",
        event=event,
        rows=lists.listed(current_staff(), event_id),
        outcomes=CALL_OUTCOME_NAMES,
        shown=shown,
        number=number,
        problem=problem,
        may_change=current_staff().may(Role.ORGANISER, node.path),
    )


@blueprint.get("/events/<int:event_id>/unreached")
@staff_only(*READERS)
def unreached(event_id: int) -> str:
    return _page(event_id)


@blueprint.post("/events/<int:event_id>/unreached/<int:delivery_id>/phone")
@staff_only(Role.ORGANISER)
def unreached_phone(event_id: int, delivery_id: int) -> Page:
    """One number on one page that nothing keeps."""
    try:
        number = lists.reveal(current_staff(), event_id, delivery_id)
    except DomainError as error:
        return _page(event_id, problem=error.message), error.status
    answer = make_response(_page(event_id, delivery_id, number))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.post("/events/<int:event_id>/unreached/<int:delivery_id>/call")
@staff_only(Role.ORGANISER)
def unreached_call(event_id: int, delivery_id: int) -> Page:
    try:
        outcome = choice(request.form.get("outcome", ""), CallOutcome, "outcome", "结果")
        lists.mark_called(current_staff(), event_id, delivery_id, outcome, request.form.get("note", "").strip())
    except DomainError as error:
        return _page(event_id, delivery_id, problem=error.message), error.status
    flash("已记录", "success")
    return redirect(url_for("console.unreached", event_id=event_id))
