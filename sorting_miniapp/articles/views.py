"""GET /preview/<token>: a version for somebody without an account, marked as a preview, hidden from search engines."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template
from markupsafe import Markup

from sorting_miniapp.accounts.access import open_to_all
from sorting_miniapp.articles import composing, previews
from sorting_miniapp.errors import DomainError
from sorting_miniapp.limits import LOOK_UP, limiter

blueprint = Blueprint("preview", __name__, template_folder="templates")


@blueprint.get("/preview/<string:token>")
@limiter.limit(LOOK_UP)
@open_to_all
def preview(token: str) -> Response:
    try:
        version, link = previews.open_link(token)
    except DomainError as error:
        return _private(make_response(render_template("preview/article.html", problem=error.message), error.status))
    sheet = composing.sheet(version)
    # Allow-listed by nh3 when it was saved (articles/render.py).
    body = Markup(version.html)  # noqa: S704
    return _private(make_response(render_template("preview/article.html", sheet=sheet, body=body, link=link)))


def _private(answer: Response) -> Response:
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    answer.headers["Cache-Control"] = "no-store"
    return answer
