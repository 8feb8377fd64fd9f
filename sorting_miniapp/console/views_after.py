"""Console: after an event: its photos, ratings, report and sign-ups as a sheet; and the printed code of a large one."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console import forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.reasons import reason_page
from sorting_miniapp.errors import DomainError, Invalid
from sorting_miniapp.errors_web import takes
from sorting_miniapp.events import photos, planning, printed, ratings, report, sign_up_sheet
from sorting_miniapp.events.models_day import WORDS_STATE_NAMES, WordsState
from sorting_miniapp.jobs import service as jobs
from sorting_miniapp.orgs import settings

Page = Response | str | tuple[str, int]
READERS = (Role.ORGANISER, Role.VERIFIER, Role.ANALYST, Role.ADMIN)


@blueprint.route("/events/<int:event_id>/photos", methods=["GET", "POST"])
@staff_only(*READERS)
@takes(photos.MOST_BYTES + 64 * 1024)
def event_photos(event_id: int) -> Page:
    if request.method == "GET":
        return _photos(event_id)
    try:
        _add_photo(event_id)
    except DomainError as error:
        return _photos(event_id, error.message), error.status
    flash("照片已加入", "success")
    return redirect(url_for("console.event_photos", event_id=event_id))


def _add_photo(event_id: int) -> None:
    file, form = request.files.get("file"), request.form
    planning.get(current_staff(), event_id, change=True)
    if not file or not file.filename:
        raise Invalid("file", "请选择一张照片")
    texts = {name: form.get(name, "").strip() for name in ("caption", "taken_by", "consent")}
    taken_on = forms.day(form.get("taken_on", ""))
    photos.add(current_staff(), event_id, file.stream.read(), taken_on=taken_on, **texts)


def _photos(event_id: int, problem: str = "") -> str:
    event, node = planning.get(current_staff(), event_id)
    return render_template(
        "console/events/photos.html",
        event=event,
        photos=photos.of(event_id),
        values=request.form,
        problem=problem,
        may_change=current_staff().may(Role.ORGANISER, node.path),
    )


@blueprint.get("/photos/<int:photo_id>.jpg")
@staff_only(*READERS)
def event_photo(photo_id: int) -> Response:
    photos.get(current_staff(), photo_id)
    answer = Response(photos.bytes_of(photo_id), mimetype="image/jpeg")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@blueprint.route("/photos/<int:photo_id>/remove", methods=["GET", "POST"])
@staff_only(Role.ORGANISER)
def event_photo_remove(photo_id: int) -> Page:
    row = photos.get(current_staff(), photo_id, change=True)
    back = url_for("console.event_photos", event_id=row.event_id)
    if request.method == "GET":
        return reason_page("删除照片", row.caption, back)
    try:
        photos.remove(current_staff(), photo_id, request.form.get("reason", "").strip())
    except DomainError as error:
        return reason_page("删除照片", row.caption, back, error), error.status
    flash("照片已删除", "success")
    return redirect(back)


@blueprint.get("/events/<int:event_id>/ratings")
@staff_only(*READERS)
def event_rating_list(event_id: int) -> str:
    event, node = planning.get(current_staff(), event_id)
    return render_template(
        "console/events/ratings.html",
        heading=f"评价：{event.title}",
        event=event,
        summary=ratings.summary(event_id),
        rows=ratings.with_words(event_id),
        states=WORDS_STATE_NAMES,
        back=request.path,
        may_change=current_staff().may(Role.ORGANISER, node.path),
    )


@blueprint.get("/ratings")
@staff_only(Role.ORGANISER)
def rating_queue() -> str:
    chosen = request.args.get("state", "")
    state = WordsState(chosen) if chosen in set(WordsState) else WordsState.REVIEW
    page = ratings.queue(current_staff(), state, request.args.get("before", type=int))
    following = url_for("console.rating_queue", state=state.value, before=page["next"]) if page["next"] else ""
    return render_template(
        "console/events/ratings.html",
        heading="活动评语",
        rows=page["items"],
        states=WORDS_STATE_NAMES,
        state=state,
        following=following,
        back="",
        may_change=True,
    )


@blueprint.post("/ratings/<int:rating_id>/decide")
@staff_only(Role.ORGANISER)
def rating_decide(rating_id: int) -> Response:
    event_id = ratings.decide(current_staff(), rating_id, request.form.get("show") == "1")
    flash("已处理", "success")
    if request.form.get("back"):
        return redirect(url_for("console.event_rating_list", event_id=event_id))
    return redirect(url_for("console.rating_queue"))


@blueprint.post("/events/<int:event_id>/report")
@staff_only(*READERS)
def event_report(event_id: int) -> Response:
    event, node = planning.get(current_staff(), event_id)
    jobs.ask(current_staff(), report.KIND, node, {"event": event_id}, f"{event.title}活动报告")
    flash("正在生成活动报告，完成后在这里下载", "success")
    return redirect(url_for("console.jobs"))


@blueprint.post("/events/<int:event_id>/sign-ups/export")
@staff_only(*sign_up_sheet.READERS)
def event_sign_ups_export(event_id: int) -> Response:
    sign_up_sheet.ask(current_staff(), event_id)
    flash("正在生成报名表，完成后在这里下载", "success")
    return redirect(url_for("console.jobs"))


@blueprint.get("/events/<int:event_id>/printed-code")
@staff_only(Role.ORGANISER, Role.ADMIN)
def printed_code(event_id: int) -> str:
    return _printed(event_id)


def _printed(event_id: int, problem: str = "") -> str:
    event, node = planning.get(current_staff(), event_id)
    return render_template(
        "console/events/printed.html",
        event=event,
        code=printed.of(event_id),
        allowed=printed.allowed(event, node.path),
        least=settings.read("printed_code_people", node.path),
        problem=problem,
        may_change=current_staff().may(Role.ORGANISER, node.path),
    )


@blueprint.post("/events/<int:event_id>/printed-code")
@staff_only(Role.ORGANISER)
def printed_code_poster(event_id: int) -> Page:
    event, node = planning.get(current_staff(), event_id, change=True)
    try:
        code = printed.issue(current_staff(), event_id)
        wanted = {"event": event_id, "code": code.id}
        jobs.ask(current_staff(), printed.KIND, node, wanted, f"{event.title}现场签到海报")
    except DomainError as error:
        return _printed(event_id, error.message), error.status
    flash("正在生成海报，完成后在这里下载", "success")
    return redirect(url_for("console.jobs"))


@blueprint.post("/events/<int:event_id>/printed-code/close")
@staff_only(Role.ORGANISER)
def printed_code_close(event_id: int) -> Response:
    printed.close(current_staff(), event_id)
    flash("海报签到已停用", "success")
    return redirect(url_for("console.printed_code", event_id=event_id))
