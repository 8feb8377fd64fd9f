"""Console: what residents looked up in vain and asked for, the answers, and what is looked up most."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.views_guide import READERS, blank, choices, typed
from sorting_miniapp.errors import DomainError
from sorting_miniapp.guide import lookups, requests, search, service
from sorting_miniapp.guide.models import CLASS_NAMES, REQUEST_STATE_NAMES, RequestState

Page = Response | str | tuple[str, int]
MOST_NEAR, MOST_SHOWN = 6, 50
SPANS = ((7, "最近7天"), (30, "最近30天"), (90, "最近90天"))


@blueprint.get("/guide/requests")
@staff_only(*READERS)
def guide_requests() -> str:
    chosen = request.args.get("state", "")
    wanted = RequestState(chosen) if chosen in set(RequestState) else RequestState.OPEN
    rows = requests.listed(wanted)
    return render_template("console/guide/requests.html", rows=rows, wanted=wanted, states=REQUEST_STATE_NAMES)


def _page(request_id: int, values: dict[str, Any], answered: str = "", problem: DomainError | None = None) -> str:
    """The request with the three ways to answer it; `answered` is the one that was tried."""
    asked = requests.get(request_id)
    near = search.look_up(asked.request.term).hits[:MOST_NEAR]
    return render_template(
        "console/guide/request.html",
        asked=asked,
        near=service.items([hit.item_id for hit in near]),
        states=REQUEST_STATE_NAMES,
        values=values,
        answered=answered,
        told=problem.message if problem else "",
        class_names=CLASS_NAMES,
        **choices(values, problem if answered == "item" else None),
    )


@blueprint.get("/guide/requests/<int:request_id>")
@staff_only(*READERS)
def guide_request(request_id: int) -> str:
    return _page(request_id, blank(requests.get(request_id).request.term))


@blueprint.post("/guide/requests/<int:request_id>")
@staff_only(Role.EDITOR)
def guide_request_answer(request_id: int) -> Page:
    answered = request.form.get("answered", "")
    try:
        _answer(request_id, answered)
    except DomainError as error:
        if error.status in (403, 404):
            raise
        values = blank(requests.get(request_id).request.term) | request.form.to_dict()
        return _page(request_id, values, answered, error), error.status
    flash("已答复，问过的居民都会收到", "success")
    return redirect(url_for("console.guide_requests"))


def _answer(request_id: int, answered: str) -> None:
    actor = current_staff()
    if answered == "alias":
        requests.answer_with_alias(actor, request_id, request.form.get("of", ""))
    elif answered == "item":
        requests.answer_with_item(actor, request_id, typed())
    else:
        requests.decline(actor, request_id, request.form.get("answer", ""))


@blueprint.get("/guide/statistics")
@staff_only(*READERS)
def guide_statistics() -> str:
    spans = dict(SPANS)
    days = request.args.get("days", 30, type=int)
    days = days if days in spans else 30
    popular = lookups.popular(MOST_SHOWN, days)
    return render_template(
        "console/guide/statistics.html",
        days=days,
        spans=SPANS,
        popular=popular,
        items=service.by_key([key for key, _ in popular]),
        missed=lookups.missed(MOST_SHOWN, days),
        class_names=CLASS_NAMES,
    )
