"""The staff's console: server-rendered pages under /console, Bootstrap and htmx served from here."""

from __future__ import annotations

from flask import Flask

from sorting_miniapp.console import views_session  # noqa: F401  registers its pages on the blueprint
from sorting_miniapp.console.blueprint import blueprint, csrf


def init_app(app: Flask) -> None:
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # bearer tokens need no CSRF token; the blueprint checks its own forms
    app.config["WTF_CSRF_TIME_LIMIT"] = 36_000
    csrf.init_app(app)
    app.register_blueprint(blueprint)
