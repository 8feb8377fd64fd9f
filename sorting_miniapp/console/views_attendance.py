"""Console: who is signed up for a shift, the check-in page with its changing codes, entries by hand."""

from __future__ import annotations

from typing import Any

import segno
from flask import flash, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console import forms_events as forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.reasons import reason_page
from sorting_miniapp.deliveries import service as deliveries
from sorting_miniapp.errors import DomainError
from sorting_miniapp.events import attendance, registers, shifts
from sorting_miniapp.events.models import CHECK_HOW_NAMES, SIGN_UP_STATE_NAMES, SignUpState
from sorting_miniapp.hours import volunteers

Page = Response | str | tuple[str, int]
TONES = {
    SignUpState.CONFIRMED: "success",
    SignUpState.ATTENDED: "success",
    SignUpState.WAITING: "warning",
    SignUpState.OFFERED: "warning",
    SignUpState.ABSENT: "danger",
}
OUTCOMES = {
    "ready": "待发",
    "sending": "发送中",
    "sent": "已送达",
    "refused": "未订阅，请电话通知",
    "failed": "发送失败，请电话通知",
    "unknown": "结果不明",
    "cancelled": "不再发送",
}
# The notices whose reach staff want to know: whom to phone.
REACH = (("event_cancelled", "取消通知"), ("event_changed", "变更通知"), ("event_reminder", "活动提醒"))


@blueprint.get("/shifts/<int:shift_id>")
@staff_only(Role.ORGANISER, Role.VERIFIER, Role.ADMIN)
def shift(shift_id: int) -> str:
    found, event, node = registers.shift(current_staff(), shift_id)
    rows = registers.sign_ups(shift_id)
    return render_template(
        "console/events/shift.html",
        shift=found,
        event=event,
        rows=rows,
        names=volunteers.names([row.SignUp.resident_id for row in rows]),
        pairs=registers.pairs_of(shift_id),
        states=SIGN_UP_STATE_NAMES,
        tones=TONES,
        ways=CHECK_HOW_NAMES,
        outcomes=OUTCOMES,
        reach=[(label, deliveries.outcome_of_notices("shift", shift_id, key)) for key, label in REACH],
        may_change=current_staff().may(Role.ORGANISER, node.path),
    )


@blueprint.get("/shifts/<int:shift_id>/code")
@staff_only(Role.ORGANISER)
def shift_code(shift_id: int) -> Response:
    found, event, _ = registers.shift(current_staff(), shift_id, change=True)
    page = render_template("console/events/code.html", shift=found, event=event, **_code(shift_id))
    return _fresh(page)


@blueprint.get("/shifts/<int:shift_id>/code/now")
@staff_only(Role.ORGANISER)
def shift_code_now(shift_id: int) -> Response:
    """The part of the page that htmx fetches again when the minute is over."""
    found, _, _ = registers.shift(current_staff(), shift_id, change=True)
    return _fresh(render_template("console/events/_code.html", shift=found, **_code(shift_id)))


def _code(shift_id: int) -> dict[str, Any]:
    code = registers.code(current_staff(), shift_id)
    picture = segno.make(code.qr, error="m").svg_inline(
        scale=7, border=4, light="#fff", svgclass="qr", title="签到二维码"
    )
    # segno's own drawing of our own token: no text of anybody's in it.
    return {"code": code, "picture": Markup(picture)}  # noqa: S704


def _fresh(page: str) -> Response:
    answer = Response(page, mimetype="text/html")
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.route("/signups/<int:sign_up_id>/check", methods=["GET", "POST"])
@staff_only(Role.ORGANISER)
def sign_up_check(sign_up_id: int) -> Page:
    found, one, event = registers.sign_up(current_staff(), sign_up_id)
    values = {"going": "", "reason": "", "moment": ""} | dict(request.form.items())
    if request.method == "GET":
        open_pair = any(pair.open for pair in registers.pairs_of(one.id).get(sign_up_id, []))
        values["going"] = "out" if open_pair else "in"
        return _check_form(one, event, values)
    try:
        at = forms.moment(values["moment"], "时间") if values["moment"] else None
        attendance.enter(current_staff(), found.id, values["going"] == "out", values["reason"].strip()[:200], at)
    except DomainError as error:
        return _check_form(one, event, values, error.message), 422
    flash("已登记", "success")
    return redirect(url_for("console.shift", shift_id=one.id))


def _check_form(shift: Any, event: Any, values: dict[str, str], problem: str = "") -> str:
    return render_template("console/events/check.html", shift=shift, event=event, values=values, problem=problem)


@blueprint.route("/signups/<int:sign_up_id>/remove", methods=["GET", "POST"])
@staff_only(Role.ORGANISER)
def sign_up_remove(sign_up_id: int) -> Page:
    _, one, event = registers.sign_up(current_staff(), sign_up_id)
    back = url_for("console.shift", shift_id=one.id)
    if request.method == "GET":
        return reason_page("取消这个报名", event.title, back)
    try:
        shifts.remove_sign_up(current_staff(), sign_up_id, request.form.get("reason", "").strip()[:200])
    except DomainError as error:
        return reason_page("取消这个报名", event.title, back, error), 422
    flash("已取消这个报名，名额顺延给候补的人", "success")
    return redirect(back)
