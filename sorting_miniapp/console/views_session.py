"""Signing in and out, and the own password."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts import sessions, staff, staff_admin
from sorting_miniapp.accounts.access import current_staff, open_to_all, staff_only
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.errors import DomainError, Invalid
from sorting_miniapp.limits import SIGN_IN, limiter


def safe_next(target: str | None) -> str:
    """Where to go after signing in: a console page, never another site."""
    good = bool(target) and str(target).startswith("/console") and "//" not in str(target) and "\\" not in str(target)
    return str(target) if good else url_for("console.home")


@blueprint.route("/login", methods=["GET", "POST"])
@limiter.limit(SIGN_IN, methods=["POST"])
@open_to_all
def login() -> Response | str | tuple[str, int]:
    target = safe_next(request.values.get("next"))
    if request.method == "GET":
        return render_template("console/login.html", next=target, username="", problem="")
    username = request.form.get("username", "").strip()[:40]
    try:
        token = staff.sign_in(username, request.form.get("password", "")[:200])
    except DomainError as error:
        page = render_template("console/login.html", next=target, username=username, problem=error.message)
        return page, error.status
    session.clear()
    session["staff"] = token
    return redirect(target)


@blueprint.post("/logout")
@staff_only()
def logout() -> Response:
    sessions.close_staff(session.get("staff", ""))
    session.clear()
    return redirect(url_for("console.login"))


@blueprint.route("/password", methods=["GET", "POST"])
@limiter.limit(SIGN_IN, methods=["POST"])
@staff_only()
def own_password() -> Response | str | tuple[str, int]:
    problem = ""
    if request.method == "POST":
        new = request.form.get("new", "")
        try:
            if new != request.form.get("again", ""):
                raise Invalid("passwords_differ", "两次输入的新密码不一样")
            staff_admin.change_own_password(current_staff(), request.form.get("old", ""), new)
        except DomainError as error:
            problem = error.message
        else:
            session.clear()
            flash("密码已修改，请用新密码登录", "success")
            return redirect(url_for("console.login"))
    return render_template("console/staff/own_password.html", problem=problem), 422 if problem else 200
