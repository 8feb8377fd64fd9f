"""Errors on their way out: JSON for the API and WeChat, a page for the console; and bytes no database accepts.

A DomainError keeps its code and status; what libraries raise is turned into one here, so that a 500 is a bug.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from flask import Flask, Response, current_app, g, jsonify, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from sorting_miniapp.db import db
from sorting_miniapp.errors import HTTP_MESSAGES, BadRequest, DomainError, Invalid, Unavailable

log = structlog.get_logger(__name__)
View = TypeVar("View", bound=Callable[..., Any])


def init_app(app: Flask) -> None:
    """Register the handlers and the check for null bytes, which PostgreSQL's text cannot hold."""
    app.before_request(_refuse_null_bytes)
    app.register_error_handler(DomainError, answer)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(DataError, _data_error)
    app.register_error_handler(OperationalError, _database_error)
    app.register_error_handler(DBAPIError, _database_error)
    app.register_error_handler(Exception, _unexpected)


def takes(most_bytes: int) -> Callable[[View], View]:
    """A view that takes larger bodies than MAX_CONTENT_LENGTH: photographs."""

    def mark(view: View) -> View:
        view.most_bytes = most_bytes  # type: ignore[attr-defined]
        return view

    return mark


def _refuse_null_bytes() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if most_bytes := getattr(view, "most_bytes", None):
        request.max_content_length = most_bytes
    if "\x00" in request.path or any("\x00" in value for values in request.args.listvalues() for value in values):
        raise BadRequest("bad_request", "地址中含有不能使用的字符")
    is_form = request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data")
    if is_form and any("\x00" in value for values in request.form.listvalues() for value in values):
        raise BadRequest("bad_request", "填写的内容含有不能使用的字符")


def answer(error: DomainError) -> tuple[Response | str, int]:
    """What the caller is told; what the request had begun is undone."""
    let_go()
    if request.path.startswith("/console"):
        g.pop("staff_checked", None)
        return render_template("console/error.html", error=error), error.status
    if request.path.startswith(("/verify", "/preview")):  # read by anybody: the console's layout needs a session
        return render_template("problem.html", error=error), error.status
    told = jsonify(error.envelope())
    if error.status == 401:
        told.headers["WWW-Authenticate"] = "Bearer"
    return told, error.status


def let_go() -> None:
    """Nothing half-done: what the request had begun is undone, where it had begun anything."""
    if not db.session.registry.has():
        return
    session = db.session()
    if not session.info.get("writing"):
        session.rollback()


def _csrf_error(error: CSRFError) -> tuple[Response | str, int]:
    return answer(BadRequest("csrf", "页面停留太久，请刷新后重新提交"))


def _http_error(error: HTTPException) -> tuple[Response | str, int] | BaseResponse:
    status = error.code or 500
    if status < 400:
        return error.get_response()
    code, message = HTTP_MESSAGES.get(status, ("error", "请求无法完成"))
    domain = DomainError(code, message)
    domain.status = status
    shown, _ = answer(domain)
    if status == 405 and not isinstance(shown, str):
        shown.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or []))
    return shown, status


def _data_error(error: DataError) -> tuple[Response | str, int]:
    log.warning("value_refused_by_database", error=type(error.orig).__name__)
    return answer(Invalid("invalid", "填写的内容超出范围"))


def _database_error(error: DBAPIError) -> tuple[Response | str, int]:
    if not isinstance(error, OperationalError) and not error.connection_invalidated:
        return _unexpected(error)
    log.error("database_unavailable", error=str(error.orig))
    return answer(Unavailable("unavailable", "服务暂时不可用，请稍后再试"))


def _unexpected(error: Exception) -> tuple[Response | str, int]:
    log.exception("unexpected_error", path=request.path)
    code, message = HTTP_MESSAGES[500]
    domain = DomainError(code, message)
    domain.status = 500
    return answer(domain)
