"""/healthz (the process answers), /readyz (it can work), /metrics (Prometheus, all processes of this host)."""

from __future__ import annotations

from collections.abc import Callable

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, Flask, Response, current_app, jsonify
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from sorting_miniapp import clock, metrics
from sorting_miniapp.accounts.access import open_to_all
from sorting_miniapp.database_time import database_now
from sorting_miniapp.db import db
from sorting_miniapp.wechat.tokens import breakers

CLOCK_TOLERANCE_SECONDS = 60.0
blueprint = Blueprint("operations", __name__)


@blueprint.get("/healthz")
@open_to_all
def healthz() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@open_to_all
def readyz() -> tuple[Response, int]:
    """The process can work: database, migrations, queue and clock, each `ok` or what is wrong.

    Calls to WeChat held back are shown as `degraded` and take nobody out of service: the rest of it works.
    """
    found = {name: _run(check) for name, check in CHECKS.items()}
    ready = all(value == "ok" for value in found.values())
    found["wechat"] = _run(_wechat)
    status = "unavailable" if not ready else "ok" if found["wechat"] == "ok" else "degraded"
    return jsonify(status=status, checks=found), 200 if ready else 503


@blueprint.get("/metrics")
@open_to_all
def metrics_page() -> Response:
    """All processes' figures in Prometheus' text format."""
    _run(_wechat)
    return Response(metrics.exposition(), mimetype="text/plain")


def _run(check: Callable[[], str]) -> str:
    try:
        return check()
    except (SQLAlchemyError, RedisError, OSError) as error:
        return type(error).__name__


def _database() -> str:
    database_now()
    return "ok"


def _migrations() -> str:
    directory = current_app.extensions["migrate"].directory
    heads = set(ScriptDirectory(directory).get_heads())
    with db.engine.connect() as connection:
        current = set(MigrationContext.configure(connection).get_current_heads())
    return "ok" if current == heads else "behind"


def _queue() -> str:
    settings = current_app.extensions["settings"]
    if settings.redis_url:
        Redis.from_url(settings.redis_url, socket_timeout=2, socket_connect_timeout=2).ping()
        return "ok"
    return "ok" if settings.instance_path.is_dir() else "missing"


def clock_skew() -> float:
    """Seconds by which this host's clock differs from the database's."""
    return abs((database_now() - clock.wall_now()).total_seconds())


def _clock() -> str:
    return "ok" if clock_skew() <= CLOCK_TOLERANCE_SECONDS else "skewed"


def _wechat() -> str:
    held = breakers()
    for account in ("mini", "official"):
        metrics.BREAKER.labels(account).set(account in held)
    return ", ".join(f"{account}: calls held back ({errcode})" for account, errcode in held.items()) or "ok"


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "migrations": _migrations,
    "queue": _queue,
    "clock": _clock,
}


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
