"""/api/docs: the OpenAPI document for people, with Swagger UI's files served from here.

The template is ours, because flask-swagger-ui's own has inline scripts without a nonce, which the CSP refuses.
"""

from __future__ import annotations

from pathlib import Path

import flask_swagger_ui
from flask import Blueprint, Flask, render_template

from sorting_miniapp.accounts.access import open_to_all

SWAGGER_FILES = Path(flask_swagger_ui.__file__).parent / "dist"
blueprint = Blueprint("docs", __name__, static_folder=SWAGGER_FILES, static_url_path="/api/docs/assets")


@blueprint.get("/api/docs")
@open_to_all
def page() -> str:
    """The page; it reads /api/openapi.json."""
    return render_template("api_docs.html")


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
