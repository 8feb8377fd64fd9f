"""Fixtures for the whole suite: one migrated database per kind and test process, emptied between tests."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir
from sqlalchemy import create_engine, delete, literal, select, text, union_all
from sqlalchemy.exc import OperationalError

from sorting_miniapp import config, state
from sorting_miniapp.accounts import sessions
from sorting_miniapp.app import create_app
from sorting_miniapp.articles import listing as articles
from sorting_miniapp.db import Base, db
from sorting_miniapp.engines import engine_options
from sorting_miniapp.events import listing as events
from sorting_miniapp.events import sold_out
from sorting_miniapp.guide import cache as guide
from sorting_miniapp.guide import lexicon, lookups
from sorting_miniapp.orgs import settings as domain_settings
from sorting_miniapp.places import service as places
from sorting_miniapp.quiz import bank, leaderboards, offers

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
MYSQL = os.environ.get("TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306/mysql")
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/9")
REQUIRED = os.environ.get("REQUIRE_SERVICES") == "1"
DATABASES = ("sqlite", "postgresql", "mysql")
# Each process of the tests keeps its own: two that begin in a fresh checkout would trip over one another.
set_hypothesis_home_dir(tempfile.mkdtemp(prefix="hypothesis-"))
settings.register_profile("timeless", deadline=None)  # a busy machine is no failure
settings.load_profile("timeless")
# What each process keeps of a database; every test begins with an empty one.
CACHES = (
    sessions.forget,
    articles.kept.forget,
    events.kept.forget,
    sold_out.forget,
    guide.forget,
    lexicon.forget,
    lookups.forget,
    offers.kept.forget,
    leaderboards.kept.forget,
    places.kept.forget,
    bank.forget_versions,
    domain_settings.forget,
)
# The names of the tables that hold rows, in one statement: most tests fill few of them.
FILLED = union_all(
    *(
        select(literal(table.name)).where(select(1).select_from(table).exists())
        for table in Base.metadata.tables.values()
    )
)
MINI, OFFICIAL = "wxmini0000000001", "wxofficial00001"


def unreachable(service: str, reason: object) -> None:
    """Skip by name, or fail where every service is required."""
    if REQUIRED:
        pytest.fail(f"{service} is required and not reachable: {reason}")
    pytest.skip(f"{service} is not reachable: {reason}")


def base_environ(instance: Path) -> dict[str, str]:
    """A complete environment for a test process."""
    return {
        "APP_ENV": "test",
        "INSTANCE": str(instance),
        "SECRET_KEY": "0123456789abcdef0123456789abcdef",
        "DATA_KEYS": base64.b64encode(b"k" * 32).decode(),
        "WECHAT_MODE": "simulator",
        "WECHAT_API_BASE": "http://127.0.0.1:9",
        "WECHAT_MINI_APPID": MINI,
        "WECHAT_MINI_SECRET": "mini-secret",
        "WECHAT_MINI_TOKEN": "mini-token",
        "WECHAT_MINI_AES_KEY": "A" * 43,
        "WECHAT_OFFICIAL_APPID": OFFICIAL,
        "WECHAT_OFFICIAL_SECRET": "official-secret",
        "WECHAT_OFFICIAL_TOKEN": "official-token",
        "WECHAT_OFFICIAL_AES_KEY": "B" * 43,
        "WECHAT_CONNECT_TIMEOUT": "1.5",
        "WECHAT_READ_TIMEOUT": "2",
        "LEASE_SECONDS": "6",
        "DB_POOL_SIZE": "4",
        "LOG_LEVEL": "WARNING",
    }


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return base_environ(tmp_path)


def _server_database(url: str, name: str) -> Iterator[str]:
    """A fresh database on the server behind `url`, dropped afterwards; yields its URL."""
    admin_url = config.normalise_database_url(url, Path())
    options = {"isolation_level": "AUTOCOMMIT"}
    engine = create_engine(admin_url, **{**engine_options(admin_url, 1), **options})
    charset = " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" if admin_url.startswith("mysql") else ""
    try:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
            connection.execute(text(f"CREATE DATABASE {name}{charset}"))
    except OperationalError as error:
        unreachable("MariaDB" if charset else "PostgreSQL", error.orig)
    yield admin_url.rsplit("/", 1)[0] + f"/{name}"
    with engine.connect() as connection:
        force = "" if charset else " WITH (FORCE)"
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}{force}"))
    engine.dispose()


def new_database(kind: str, folder: Path, suffix: str = "") -> Iterator[str]:
    """Yields the URL of an empty database of this kind."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / f'test{suffix}.db'}"
        return
    name = f"sorting_test_{os.getpid()}{suffix}"
    yield from _server_database(POSTGRES if kind == "postgresql" else MYSQL, name)


def migrate(app: Flask) -> None:
    with app.app_context():
        upgrade()


def close_connections() -> None:
    """Close what the app of this context holds open; a connection left behind is an error of the test."""
    for engine in db.engines.values():
        engine.dispose()


@pytest.fixture(scope="session")
def apps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Flask]]:
    """The apps made so far, by kind of database; closed at the end of the session."""
    made: dict[str, Flask] = {}
    generators: list[Iterator[str]] = []

    class Apps(dict[str, Flask]):
        def __missing__(self, kind: str) -> Flask:
            folder = tmp_path_factory.mktemp(kind)
            generator = new_database(kind, folder)
            url = next(generator)
            generators.append(generator)
            app = create_app(config.load(base_environ(folder) | {"DATABASE_URL": url}))
            app.testing = False
            migrate(app)
            self[kind] = app
            return app

    made = Apps()
    yield made
    for app in made.values():
        with app.app_context():
            db.session.remove()
            close_connections()
    for generator in generators:
        with suppress(StopIteration):
            next(generator)


def empty(app: Flask) -> None:
    """Delete every row, and what this host remembers of them."""
    (app.extensions["settings"].instance_path / "epoch").unlink(missing_ok=True)
    with app.app_context(), db.engine.begin() as connection:
        mysql = connection.dialect.name == "mysql"
        if mysql:
            connection.execute(text("SET FOREIGN_KEY_CHECKS=0"))
        elif connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            connection.execute(text("PRAGMA defer_foreign_keys=ON"))
        filled = set(connection.scalars(FILLED))
        for table in reversed(Base.metadata.sorted_tables):
            if table.name in filled:
                connection.execute(delete(table))
        if mysql:
            connection.execute(text("SET FOREIGN_KEY_CHECKS=1"))
    state.forget()
    for cache in CACHES:
        cache()


@pytest.fixture(params=DATABASES)
def app(request: pytest.FixtureRequest, apps: dict[str, Flask]) -> Flask:
    """The app over each of the three databases in turn, with no rows."""
    found = apps[request.param]
    empty(found)
    return found


@pytest.fixture
def sqlite_app(apps: dict[str, Flask]) -> Flask:
    """The app over SQLite only, for what does not depend on the database."""
    empty(apps["sqlite"])
    return apps["sqlite"]


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
