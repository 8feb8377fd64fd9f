"""Console: service records for verifiers, one by one and in bulk."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console import forms, sheets
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.forms_events import number
from sorting_miniapp.console.reasons import reason_page
from sorting_miniapp.errors import DomainError
from sorting_miniapp.hours import ledger, records, review, rounding, sheet_late, volunteers
from sorting_miniapp.hours.models import (
    FLAG_NAMES,
    RECORD_STATE_NAMES,
    SOURCE_NAMES,
    TIER_NAMES,
    Decision,
    Flag,
    RecordState,
    Tier,
)
from sorting_miniapp.orgs import service as orgs

Page = Response | str | tuple[str, int]
READERS = (Role.VERIFIER, Role.ORGANISER, Role.ADMIN)
FILTERS = ("state", "flag", "tier", "org")
TONES = {
    RecordState.PENDING: "warning",
    RecordState.EFFECTIVE: "success",
    RecordState.DISPUTED: "danger",
    RecordState.VOID: "secondary",
}
WORDS: dict[str, Any] = {
    "states": RECORD_STATE_NAMES,
    "sources": SOURCE_NAMES,
    "flags": FLAG_NAMES,
    "tiers": TIER_NAMES,
    "tones": TONES,
    "words": rounding.words,
}

sheets.add_pages(sheet_late.SHEET, "/hours/late", "console.hours")


@blueprint.get("/hours")
@staff_only(*READERS)
def hours() -> str:
    return _list_page()


def _list_page(refused: tuple[tuple[str, str], ...] = (), problem: str = "") -> str:
    """A queue begins with the oldest; what is settled is shown from the latest."""
    said, cursor = {key: request.args.get(key, "") for key in FILTERS}, request.args.get("cursor", type=int)
    queue = said["state"] not in set(RecordState) or RecordState(said["state"]) in records.OPEN
    page = records.listed(current_staff().branches(), _wanted(said), cursor, oldest_first=queue)
    return render_template(
        "console/hours/list.html",
        rows=page["items"],
        names=volunteers.names([row.ServiceRecord.resident_id for row in page["items"]]),
        said=said,
        queue=queue,
        units=orgs.in_use(current_staff().branches(*READERS)),
        following=_address(said | {"cursor": page["next"]}) if page["next"] else "",
        refused=refused,
        problem=problem,
        reason=request.form.get("reason", ""),
        chosen=request.form.getlist("record"),
        decisions=Decision,
        **WORDS,
    )


def _address(said: dict[str, str]) -> str:
    """The list with these filters."""
    return f"{url_for('console.hours')}?{urlencode({key: said.get(key, '') for key in (*FILTERS, 'cursor')})}"


def _wanted(said: dict[str, str]) -> records.Wanted:
    states = (RecordState(said["state"]),) if said["state"] in set(RecordState) else records.OPEN
    flag = Flag(said["flag"]) if said["flag"] in set(Flag) else None
    tier = Tier(said["tier"]) if said["tier"] in set(Tier) else None
    branch = orgs.get(forms.whole(said["org"], "单位"), current_staff().branches()).path if said["org"] else ""
    return records.Wanted(states, flag, tier, branch)


@blueprint.post("/hours/bulk")
@staff_only(Role.VERIFIER)
def hours_bulk() -> Page:
    chosen = [forms.whole(text, "记录") for text in request.form.getlist("record")]
    decision = Decision.VOID if request.form.get("decision") == Decision.VOID.value else Decision.CONFIRM
    try:
        done = review.bulk(current_staff(), chosen, decision, request.form.get("reason", "").strip())
    except DomainError as error:
        return _list_page(problem=error.message), 422
    waiting = f"，{done.waiting} 条还须另一位核验员核验" if done.waiting else ""
    flash(f"已处理 {done.in_force} 条{waiting}", "success" if not done.refused else "warning")
    return _list_page(done.refused) if done.refused else redirect(_address(request.args.to_dict()))


@blueprint.get("/hours/<int:record_id>/pictures/<string:picture_id>.jpg")
@staff_only(*READERS)
def hours_picture(record_id: int, picture_id: str) -> Response:
    answer = Response(records.picture(record_id, picture_id, current_staff().branches()), mimetype="image/jpeg")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@blueprint.get("/hours/<int:record_id>")
@staff_only(*READERS)
def hours_record(record_id: int) -> str:
    return _record_page(record_id)


def _record_page(record_id: int, problem: str = "") -> str:
    row = records.in_branch(record_id, current_staff().branches())
    record = row.ServiceRecord
    return render_template(
        "console/hours/record.html",
        record=record,
        org_name=row.org_name,
        name=volunteers.names([record.resident_id]).get(record.resident_id, ""),
        evidence=records.evidence(record),
        pictures=records.pictures(record),
        ledger=ledger.rows(record_id),
        reviews=review.reviews(record_id),
        disputes=review.disputes(record_id),
        may_decide=current_staff().may(Role.VERIFIER, row.path) and record.state is not RecordState.VOID,
        typed=request.form,
        problem=problem,
        confirm=Decision.CONFIRM,
        **WORDS,
    )


@blueprint.post("/hours/<int:record_id>/settle")
@staff_only(Role.VERIFIER)
def hours_settle(record_id: int) -> Page:
    try:
        minutes = number(request.form.get("minutes", ""), "时长")
        state = review.settle(current_staff(), record_id, minutes, request.form.get("reason", "").strip())
    except DomainError as error:
        if error.status == 404:
            raise
        return _record_page(record_id, error.message), 422
    flash("已核定" if state is RecordState.EFFECTIVE else "已记录您的核验，还须另一位核验员核验", "success")
    return redirect(url_for("console.hours_record", record_id=record_id))


@blueprint.route("/hours/<int:record_id>/void", methods=["GET", "POST"])
@staff_only(Role.VERIFIER)
def hours_void(record_id: int) -> Page:
    row = records.in_branch(record_id, current_staff().branches())
    back = url_for("console.hours_record", record_id=record_id)
    if request.method == "GET":
        return reason_page("作废这条记录", row.ServiceRecord.title, back)
    try:
        review.void(current_staff(), record_id, request.form.get("reason", "").strip())
    except DomainError as error:
        return reason_page("作废这条记录", row.ServiceRecord.title, back, error), 422
    flash("记录已作废", "success")
    return redirect(back)
