"""The one blueprint of the console, and its CSRF protection."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, request
from flask_wtf.csrf import CSRFProtect

from sorting_miniapp.errors import BadRequest

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
def check_forms() -> None:
    """Every form carries our token, and comes from our own pages where the browser says so (Origin)."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    origin = request.headers.get("Origin")
    if origin and origin != "null" and urlsplit(origin).netloc != request.host:
        raise BadRequest("foreign_origin", "请从本系统的页面提交")
    csrf.protect()
