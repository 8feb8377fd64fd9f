"""Console: pushes: planning one, watching it, and deciding on what waits for a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import StaffActor, current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import audience, desk, docx_out, handover, push_results, push_steps, pushes
from sorting_miniapp.articles.models import PushState
from sorting_miniapp.console import forms_events, forms_pushes
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.downloads import attachment
from sorting_miniapp.deliveries import fan_out, results
from sorting_miniapp.deliveries.models import OPEN_STATES
from sorting_miniapp.errors import DomainError

Page = Response | str | tuple[str, int]
READERS = (Role.EDITOR, Role.REVIEWER, Role.ANALYST, Role.ADMIN)


@blueprint.app_context_processor
def push_words() -> dict[str, Any]:
    """What the pages of pushes, the calendar and the front page say of a push."""
    return {"push_state": push_steps.name, "push_steps": push_steps}


@blueprint.get("/pushes", endpoint="pushes")
@staff_only(*READERS)
def push_list() -> str:
    chosen = {key: request.args.get(key, "") for key in ("state", "channel")}
    rows, following = desk.pushes(current_staff().branches(*READERS), chosen, request.args.get("before", type=int))
    kept: dict[str, Any] = {key: value for key, value in chosen.items() if value}
    more = url_for("console.pushes", before=following, **kept) if following else ""
    return render_template("console/articles/pushes.html", rows=rows, chosen=chosen, more=more)


@blueprint.route("/articles/<int:article_id>/pushes/new", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def push_new(article_id: int) -> Page:
    actor = current_staff()
    found = desk.article(actor.branches(Role.EDITOR), article_id)
    values = forms_pushes.first_values() | request.form.to_dict()
    if request.method == "GET" or values.get("step") == "edit":
        return _plan_form(found, values | {"due_at": request.values.get("due_at", "")})
    try:
        wish = forms_pushes.wish(request.form)
        if values.get("step") != "confirm":
            look = pushes.look(actor, article_id, *wish)
            return render_template(
                "console/articles/plan_confirm.html", found=found, look=look, wish=wish, typed=values
            )
        push_id = pushes.plan(actor, article_id, *wish)
    except DomainError as error:
        return _plan_form(found, values, error), error.status
    flash("已安排推送", "success")
    return redirect(url_for("console.push", push_id=push_id))


def _plan_form(found: desk.Found, values: dict[str, str], problem: DomainError | None = None) -> str:
    return render_template(
        "console/articles/plan.html",
        found=found,
        values=values,
        errors={problem.code: problem.message} if problem else {},
        now=clock.local(clock.now()),
        **forms_pushes.choices(current_staff()),
    )


@blueprint.get("/pushes/<int:push_id>")
@staff_only(*READERS)
def push(push_id: int) -> str:
    return _page(push_id)


@blueprint.get("/pushes/<int:push_id>/progress")
@staff_only(*READERS)
def push_progress(push_id: int) -> Page:
    """The part of the page that htmx fetches while the push goes out; all of it once other steps are possible."""
    shown = _progress(push_id)
    seen, now = request.args.get("seen"), push_steps.mark(shown["push"])
    answer = make_response(render_template("console/articles/_progress.html", **shown))
    if seen != now:
        answer.headers["HX-Refresh"] = "true"
    return answer


def _progress(push_id: int) -> dict[str, Any]:
    row = desk.push(current_staff().branches(*READERS), push_id)
    one = row.Push
    found = results.results(one.fan_out_id) if one.fan_out_id else None
    open_ones = sum(found.by_state[state] for state in OPEN_STATES) if found else 0
    return {
        "row": row,
        "push": one,
        "found": found,
        "words": results.STATE_NAMES,
        "done": found.total - open_ones if found else 0,
        "moving": one.state not in (*push_steps.OVER, PushState.HELD, PushState.MANUAL),
    }


def _page(push_id: int, problem: str = "") -> str:
    shown = _progress(push_id)
    one = shown["push"]
    return render_template(
        "console/articles/push.html",
        **shown,
        audience=audience.words(one),
        count=audience.count(one) if one.started_at is None else None,
        slogans=desk.slogans_of(one),
        reads=push_results.reads_after(one),
        resendable=fan_out.resendable(one.fan_out_id) if one.state is PushState.PARTLY_FAILED else 0,
        may_steer=current_staff().may(Role.EDITOR, shown["row"].path),
        typed=request.form,
        problem=problem,
    )


def moment(text: str) -> datetime:
    """The time typed into a form. Raises Invalid."""
    return forms_events.moment(text, "推送时间")


def _replan(actor: StaffActor, push_id: int) -> None:
    pushes.replan(actor, push_id, moment(request.form.get("due_at", "")))


def _confirm(actor: StaffActor, push_id: int) -> None:
    handover.confirm_sent(actor, push_id, request.form.get("url", ""))


STEPS: dict[str, tuple[Callable[[StaffActor, int], None], str]] = {
    "cancel": (pushes.cancel, "已取消推送"),
    "pause": (pushes.pause, "已暂停"),
    "resume": (pushes.resume, "已继续"),
    "resend": (pushes.resend, "正在补发"),
    "now": (pushes.send_now, "马上发送"),
    "replan": (_replan, "已改时间"),
    "close": (pushes.close, "已关闭"),
    "confirm": (_confirm, "已登记网址"),
    "hand_over": (handover.hand_over, "已记下交稿，请下载稿件"),
}


@blueprint.post(
    "/pushes/<int:push_id>/<any(cancel, pause, resume, resend, now, replan, close, confirm, hand_over):step>"
)
@staff_only(Role.EDITOR)
def push_step(push_id: int, step: str) -> Page:
    action, done = STEPS[step]
    try:
        action(current_staff(), push_id)
    except DomainError as error:
        return _page(push_id, error.message), error.status
    flash(done, "success")
    return redirect(url_for("console.push", push_id=push_id))


@blueprint.get("/pushes/<int:push_id>/document.<any(html, docx):kind>")
@staff_only(Role.EDITOR)
def push_document(push_id: int, kind: str) -> Response:
    found = handover.document(current_staff().branches(Role.EDITOR), push_id)
    if kind == "html":
        return attachment(handover.as_html(found), f"{found.sheet.title}.html", "text/html")
    return attachment(docx_out.as_docx(found), f"{found.sheet.title}.docx", docx_out.DOCX)
