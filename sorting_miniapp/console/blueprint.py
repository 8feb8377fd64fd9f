"""The one blueprint of the console, its CSRF protection, and the question before what cannot be undone."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from sorting_miniapp import clock, errors_web
from sorting_miniapp.console import navigation
from sorting_miniapp.errors import BadRequest, Conflict, DomainError, Invalid

blueprint = Blueprint(
    "console",
    __name__,
    url_prefix="/console",
    template_folder="templates",
    static_folder="static",
    static_url_path="/static",
)


csrf = CSRFProtect()


@blueprint.before_request
def check_forms() -> str | None:
    """Every form carries our token, and comes from our own pages where the browser says so (Origin)."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return None
    origin = request.headers.get("Origin")
    if origin and origin != "null" and origin.partition("://")[2] != request.host:
        raise BadRequest("foreign_origin", "请从本系统的页面提交")
    csrf.protect()
    return ask_first()


def ask_first() -> str | None:
    """The page that asks, where scripts are off: console.js takes `_ask` away once the dialog was answered."""
    question = request.args.get("_ask", "")[:200]
    if not question:
        return None
    others = [(key, value) for key, value in request.args.items(multi=True) if key != "_ask"]
    url = f"{request.path}?{urlencode(others)}" if others else request.path
    back = _came_from() or url_for("console.home")
    fields = [(key, value) for key, value in request.form.items(multi=True) if key != "csrf_token"] + [("_back", back)]
    return render_template("console/ask.html", question=question, url=url, fields=fields, back=back)


def _came_from() -> str:
    """The page the form was on, when it is one of ours that can be opened again; else nothing.

    `_back` names it where the question stood between (ask.html).
    """
    try:
        referrer = urlsplit(request.form.get("_back") or request.referrer or "")
    except ValueError:
        return ""
    if referrer.netloc not in ("", request.host) or not referrer.path.startswith("/console"):
        return ""
    try:
        current_app.create_url_adapter(request).match(referrer.path, method="GET")  # type: ignore[union-attr]
    except HTTPException:
        return ""
    return f"{referrer.path}?{referrer.query}" if referrer.query else referrer.path


@blueprint.errorhandler(Conflict)
@blueprint.errorhandler(Invalid)
def refused(error: DomainError) -> BaseResponse | tuple[Response | str, int]:
    """Why a button did nothing is said on the page it stands on. Forms with fields catch their refusals themselves."""
    back = _came_from() if request.method == "POST" and not request.headers.get("HX-Request") else ""
    if not back:
        return errors_web.answer(error)
    errors_web.let_go()
    flash(error.message, "danger")
    return redirect(back, 303)


@blueprint.app_template_filter("local_time")
def local_time(moment: datetime) -> str:
    """A moment as people here read it."""
    return clock.local(moment).strftime("%Y-%m-%d %H:%M")


@blueprint.app_template_filter("rfc3339")
def rfc3339(moment: datetime) -> str:
    return clock.local(moment).isoformat(timespec="seconds")


@blueprint.app_context_processor
def layout_values() -> dict[str, object]:
    """What the layout asks for on every page."""
    return {"console_person": navigation.person, "console_links": navigation.links, "console_may": navigation.holds}
