"""Console: service records for verifiers, and the register of certificates."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.certificates import masking
from sorting_miniapp.certificates import service as certificates
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.forms_events import number
from sorting_miniapp.console.reasons import reason_page
from sorting_miniapp.errors import DomainError
from sorting_miniapp.hours import ledger, records, review, rounding, volunteers
from sorting_miniapp.hours.models import (
    FLAG_NAMES,
    RECORD_STATE_NAMES,
    SOURCE_NAMES,
    TIER_NAMES,
    Decision,
    RecordState,
)

Page = Response | str | tuple[str, int]
READERS = (Role.VERIFIER, Role.ORGANISER, Role.ADMIN)
OPEN = (RecordState.PENDING, RecordState.DISPUTED)
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


@blueprint.get("/hours")
@staff_only(*READERS)
def hours() -> str:
    state, before = request.args.get("state", ""), request.args.get("before", type=int)
    wanted = (RecordState(state),) if state in set(RecordState) else OPEN
    page = records.listed(current_staff().branches(), wanted, before)
    following = url_for("console.hours", state=state, before=page["next"]) if page["next"] else ""
    names = volunteers.names([row.ServiceRecord.resident_id for row in page["items"]])
    return render_template(
        "console/hours/list.html", rows=page["items"], names=names, state=state, following=following, **WORDS
    )


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


@blueprint.get("/certificates")
@staff_only(Role.VERIFIER, Role.ADMIN)
def certificate_list() -> str:
    words, before = request.args.get("q", "").strip()[:64], request.args.get("before", type=int)
    page = certificates.listed(current_staff().branches(), before, words)
    following = url_for("console.certificate_list", q=words, before=page["next"]) if page["next"] else ""
    return render_template(
        "console/hours/certificates.html", rows=page["items"], q=words, following=following, mask=masking.name
    )


@blueprint.route("/certificates/<int:certificate_id>/revoke", methods=["GET", "POST"])
@staff_only(Role.VERIFIER)
def certificate_revoke(certificate_id: int) -> Page:
    found = certificates.in_branch(certificate_id, current_staff().branches())
    back = url_for("console.certificate_list")
    if request.method == "GET":
        return reason_page("撤销证明", found.number, back)
    try:
        certificates.revoke(current_staff(), certificate_id, request.form.get("reason", "").strip())
    except DomainError as error:
        return reason_page("撤销证明", found.number, back, error), 422
    flash("证明已撤销，核验页会显示已撤销", "success")
    return redirect(back)
