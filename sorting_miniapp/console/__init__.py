"""The staff's console: server-rendered pages under /console, Bootstrap and htmx served from here."""

from __future__ import annotations

from pathlib import Path

import js_lib_htmx
from flask import Blueprint, Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_bootstrap import Bootstrap5

from sorting_miniapp.console import (  # noqa: F401  each registers its pages on the blueprint
    views_after,
    views_appeals,
    views_articles,
    views_attendance,
    views_audit,
    views_binding,
    views_board,
    views_boards,
    views_calendar,
    views_campaigns,
    views_certificates,
    views_channels,
    views_columns,
    views_content,
    views_contests,
    views_corrections,
    views_docx,
    views_entries,
    views_events,
    views_figures,
    views_groups,
    views_guide,
    views_guide_requests,
    views_home,
    views_hours,
    views_ivolunteer,
    views_jobs,
    views_media,
    views_notices,
    views_offline,
    views_orgs,
    views_place_reports,
    views_places,
    views_prizes,
    views_pushes,
    views_question_reviews,
    views_question_sets,
    views_question_stats,
    views_quiz,
    views_quizzes,
    views_reported,
    views_reports,
    views_results,
    views_series,
    views_session,
    views_settings,
    views_shifts,
    views_slogans,
    views_staff,
    views_teams,
    views_unreached,
    views_versions,
    views_volunteers,
    views_writing,
)
from sorting_miniapp.console.blueprint import blueprint, csrf

HTMX_FILES = Path(js_lib_htmx.__file__).parent / "static" / "htmx"


class ConsoleSessions(SecureCookieSessionInterface):
    """The cookie's session is the console's: no other request reads or writes one."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if not request.path.startswith("/console"):
            return self.make_null_session(app)
        return super().open_session(app, request)


def init_app(app: Flask) -> None:
    app.session_interface = ConsoleSessions()
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # bearer tokens need no CSRF token; the blueprint checks its own forms
    app.config["WTF_CSRF_TIME_LIMIT"] = 36_000
    csrf.init_app(app)
    app.config["BOOTSTRAP_SERVE_LOCAL"] = True
    app.static_url_path = "/static"  # Bootstrap-Flask puts its files below it; the app itself has no static folder
    Bootstrap5().init_app(app)
    app.register_blueprint(Blueprint("htmx", __name__, static_folder=HTMX_FILES, static_url_path="/static/htmx"))
    app.register_blueprint(blueprint)
