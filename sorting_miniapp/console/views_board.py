"""Console: the live board of a shift for a phone at the site: who is there, codes typed, one tap, walk-ins, leaders."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console import forms_events as forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.errors import DomainError, Invalid
from sorting_miniapp.events import attendance, board, leaders, persons, registers, scanning, walk_ins
from sorting_miniapp.events.board import STANDING_NAMES, Standing
from sorting_miniapp.events.walk_ins import Newcomer

Page = Response | str | tuple[str, int]
TONES = {Standing.MISSING: "warning", Standing.HERE: "success", Standing.LEFT: "secondary"}
ONE_TAP = "现场看板登记"


def _lines(shift_id: int, message: str = "", good: bool = True) -> str:
    """The part that htmx fetches again and again; what is typed in the search box is sent along and stays."""
    shift, _, node = registers.shift(current_staff(), shift_id)
    words = request.values.get("q", "").strip()[:40]
    chosen = request.values.get("standing", "")
    standing = Standing(chosen) if chosen in set(Standing) else None
    return render_template(
        "console/events/_board.html",
        shift=shift,
        board=board.of(shift_id, words, standing),
        words=words,
        standings=STANDING_NAMES,
        chosen=chosen,
        tones=TONES,
        message=message,
        good=good,
        may_change=current_staff().may(Role.ORGANISER, node.path),
    )


def _page(shift_id: int, leader: str = "", problem: str = "") -> str:
    """`leader` is what was typed to name one, `problem` why that was refused."""
    shift, event, node = registers.shift(current_staff(), shift_id)
    return render_template(
        "console/events/board.html",
        shift=shift,
        event=event,
        siblings=registers.shifts_of(event.id),
        lines=_lines(shift_id),
        words=request.args.get("q", ""),
        chosen=request.args.get("standing", ""),
        standings=STANDING_NAMES,
        leaders=leaders.of(shift_id),
        may_change=current_staff().may(Role.ORGANISER, node.path),
        leader=leader,
        problem=problem,
    )


def _answer(shift_id: int, message: str, good: bool) -> Page:
    """For htmx the list with the message on top, else back to the board."""
    if request.headers.get("HX-Request"):
        return make_response(_lines(shift_id, message, good))
    flash(message, "success" if good else "danger")
    return redirect(url_for("console.board_page", shift_id=shift_id, q=request.form.get("q") or None))


@blueprint.get("/shifts/<int:shift_id>/board")
@staff_only(Role.ORGANISER, Role.VERIFIER, Role.ADMIN)
def board_page(shift_id: int) -> str:
    return _page(shift_id)


@blueprint.get("/shifts/<int:shift_id>/board/lines")
@staff_only(Role.ORGANISER, Role.VERIFIER, Role.ADMIN)
def board_lines(shift_id: int) -> str:
    return _lines(shift_id)


@blueprint.post("/shifts/<int:shift_id>/board/code")
@staff_only(Role.ORGANISER)
def board_code(shift_id: int) -> Page:
    """Six digits that a resident shows."""
    try:
        taken = scanning.take_shown(current_staff(), shift_id, request.form.get("code", "").strip()[:120])
    except DomainError as error:
        return _answer(shift_id, error.message, False)
    person = persons.of([taken["resident_id"]]).get(taken["resident_id"])
    name = person.name if person and person.name else "对方"
    return _answer(shift_id, f"{name}已{'签到' if taken['action'] == 'in' else '签退'}", True)


@blueprint.post("/shifts/<int:shift_id>/board/<int:sign_up_id>")
@staff_only(Role.ORGANISER)
def board_tap(shift_id: int, sign_up_id: int) -> Page:
    going = request.form.get("going") == "out"
    found, one, _ = registers.sign_up(current_staff(), sign_up_id)
    try:
        attendance.enter(current_staff(), found.id, going, ONE_TAP)
    except DomainError as error:
        return _answer(one.id, error.message, False)
    return _answer(one.id, "已签退" if going else "已签到", True)


@blueprint.route("/shifts/<int:shift_id>/walk-in", methods=["GET", "POST"])
@staff_only(Role.ORGANISER)
def walk_in(shift_id: int) -> Page:
    """First who it is, by phone or volunteer number, then the registration with what was said and agreed."""
    values = {"words": "", "age": "", "reason": ""} | dict(request.form.items())
    words = values["words"].strip()[:40]
    if request.method == "GET" or not words:
        return _walk_in(shift_id, values)
    try:
        person = walk_ins.look_up(current_staff(), shift_id, words)
    except DomainError as error:
        return _walk_in(shift_id, values, problem=error.message), 422
    if "register" not in request.form:
        return _walk_in(shift_id, values, person)
    try:
        walk_ins.register(current_staff(), shift_id, _newcomer(person))
    except DomainError as error:
        return _walk_in(shift_id, values, person, error.message), 422
    flash(f"{person.name}已登记并签到", "success")
    return redirect(url_for("console.board_page", shift_id=shift_id))


def _newcomer(person: persons.Person) -> Newcomer:
    form = request.form
    if form.get("resident") != str(person.resident_id):
        raise Invalid("walk_in", "号码改过了，请重新核对是谁")
    age = form.get("age", "").strip()
    return Newcomer(
        person.resident_id,
        risk_told="risk_told" in form,
        age=forms.number(age, "年龄") if age else None,
        guardian_consent="guardian_consent" in form,
        add_place="add_place" in form,
        reason=form.get("reason", "").strip()[:200],
    )


def _walk_in(shift_id: int, values: dict[str, str], person: persons.Person | None = None, problem: str = "") -> str:
    shift, event, _ = registers.shift(current_staff(), shift_id, change=True)
    return render_template(
        "console/events/walk_in.html", shift=shift, event=event, values=values, newcomer=person, problem=problem
    )


@blueprint.post("/shifts/<int:shift_id>/leaders")
@staff_only(Role.ORGANISER)
def leader_appoint(shift_id: int) -> Page:
    """A leader by phone or volunteer number: somebody signed up, a colleague, a teacher."""
    words = request.form.get("words", "").strip()[:40]
    try:
        person = walk_ins.look_up(current_staff(), shift_id, words)
        leaders.appoint(current_staff(), shift_id, person.resident_id)
    except DomainError as error:
        return _page(shift_id, words, error.message), 422
    flash(f"已请{person.name}带队，对方在小程序“我带队的场次”里可以登记", "success")
    return redirect(url_for("console.board_page", shift_id=shift_id))


@blueprint.post("/shifts/<int:shift_id>/leaders/<int:resident_id>/dismiss")
@staff_only(Role.ORGANISER)
def leader_dismiss(shift_id: int, resident_id: int) -> Response:
    leaders.dismiss(current_staff(), shift_id, resident_id)
    flash("已取消带队", "success")
    return redirect(url_for("console.board_page", shift_id=shift_id))
