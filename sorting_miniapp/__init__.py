"""The waste-sorting mini-program backend of Lianzhou; `create_app` puts its parts together."""

from __future__ import annotations

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

from sorting_miniapp import config, crypto, errors


def create_app(settings: config.Settings | None = None) -> Flask:
    """The WSGI application. Raises ConfigError when the environment cannot be run with."""
    settings = settings or config.load()
    app = Flask(__name__, instance_path=str(settings.instance_path))
    app.config["SECRET_KEY"] = settings.secret_key
    app.config["MAX_CONTENT_LENGTH"] = 1024 * 1024
    crypto.configure(settings.keys)
    _init_errors(app)

    @app.get("/healthz")
    def healthz() -> Response:
        """The process answers."""
        return jsonify(status="ok")

    return app


def _init_errors(app: Flask) -> None:
    @app.errorhandler(errors.DomainError)
    def domain_error(error: errors.DomainError) -> tuple[Response, int]:
        return jsonify(error.envelope()), error.status

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> tuple[Response, int]:
        status = error.code or 500
        code, message = errors.HTTP_MESSAGES.get(status, ("error", "请求无法完成"))
        return jsonify(code=code, message=message, details={}), status
