"""`create_app` puts the parts together: config → db → wechat → access → errors → api → console → cli.

It stands beside the package's `__init__.py`, not in it, so that importing one module does not import the service.
"""

from __future__ import annotations

from flask import Flask
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from sorting_miniapp import (
    api_docs,
    articles,
    callbacks,
    cli,
    clock,
    config,
    console,
    crypto,
    deliveries,
    errors_web,
    event_rules,
    front,
    hours,
    limits,
    logs,
    observe,
    operations,
    places,
    push_audiences,
    retries,
    state,
    web,
    wechat,
)
from sorting_miniapp.accounts import access, sessions
from sorting_miniapp.accounts.api import blueprint as accounts_api
from sorting_miniapp.articles import push_export
from sorting_miniapp.articles.api import blueprint as articles_api
from sorting_miniapp.articles.views import blueprint as article_previews
from sorting_miniapp.certificates.api import blueprint as certificates_api
from sorting_miniapp.certificates.api import pages as verification_pages
from sorting_miniapp.db import db
from sorting_miniapp.deliveries.api import blueprint as deliveries_api
from sorting_miniapp.engines import ASIDE, aside_options, engine_options
from sorting_miniapp.events import printed, sign_up_sheet
from sorting_miniapp.events import report as event_report
from sorting_miniapp.events.api import blueprint as events_api
from sorting_miniapp.events.api_day import blueprint as event_day_api
from sorting_miniapp.guide import names
from sorting_miniapp.guide.api import blueprint as guide_api
from sorting_miniapp.hours.api import blueprint as hours_api
from sorting_miniapp.hours.api_groups import blueprint as groups_api
from sorting_miniapp.me import stars
from sorting_miniapp.me.api import blueprint as me_api
from sorting_miniapp.media.views import blueprint as pictures
from sorting_miniapp.places.api import blueprint as places_api
from sorting_miniapp.places.api import pages as place_pictures
from sorting_miniapp.quiz import dictionary, regrading
from sorting_miniapp.quiz.api import blueprint as quiz_api
from sorting_miniapp.quiz.api_learning import blueprint as learning_api
from sorting_miniapp.quiz.api_teams import blueprint as teams_api
from sorting_miniapp.reports import making

API_BLUEPRINTS = (
    accounts_api,
    events_api,
    event_day_api,
    hours_api,
    groups_api,
    me_api,
    certificates_api,
    deliveries_api,
    articles_api,
    guide_api,
    places_api,
    quiz_api,
    learning_api,
    teams_api,
)


class DatabaseKey(IntegerConverter):
    """`<int:…>` in a URL never exceeds what a key column holds; a larger number is a page that does not exist."""

    def __init__(self, map: object, *args: object, **kwargs: object) -> None:  # noqa: A002
        super().__init__(map, max=2**31 - 1)  # type: ignore[arg-type]


def create_app(settings: config.Settings | None = None) -> Flask:
    """The WSGI application. Raises ConfigError when the environment cannot be run with."""
    settings = settings or config.load()
    logs.configure(settings.log_level)
    settings.instance_path.mkdir(parents=True, exist_ok=True)
    app = Flask(__name__, instance_path=str(settings.instance_path), static_folder=None)
    _configure(app, settings)
    crypto.configure(settings.keys)
    db.init_app(app)
    Migrate(app, db, compare_type=True, render_as_batch=True)
    if settings.simulated:
        clock.use_offset(lambda: state.clock_offset())
    wechat.init_app(app, settings)
    observe.init_app(app)
    errors_web.init_app(app)
    access.init_app(app, sessions.find_resident, sessions.find_staff)
    limits.init_app(app, settings)
    _add_features(app, settings)
    _add_pages(app)
    cli.init_app(app)
    access.check(app)
    retries.init_app(app)
    return app


def _add_features(app: Flask, settings: config.Settings) -> None:
    """What the features tell each other through the kernel: rules, kinds of jobs, receivers of events."""
    hours.init_app(settings.base_url)
    making.register()
    stars.register()
    regrading.register()
    dictionary.use(names.keyed)
    event_rules.register()
    push_audiences.register()
    push_export.register()
    event_report.register()
    sign_up_sheet.register()
    printed.register()
    operations.init_app(app)
    callbacks.init_app(app)
    deliveries.init_app()
    articles.init_app()
    places.init_app()


def _add_pages(app: Flask) -> None:
    """The API and its document, pages for everybody, the console."""
    api = web.init_app(app)
    for blueprint in API_BLUEPRINTS:
        api.register_blueprint(blueprint, url_prefix="/api/v1")
    api_docs.init_app(app)
    for pages in (verification_pages, pictures, article_previews, place_pictures):
        app.register_blueprint(pages)
    console.init_app(app)


def _configure(app: Flask, settings: config.Settings) -> None:
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=1024 * 1024,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url, int(settings.pool_size)),
        SQLALCHEMY_BINDS={ASIDE: aside_options(settings.database_url)},
        SESSION_COOKIE_NAME="console",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.base_url.startswith("https://"),
    )
    app.extensions["settings"] = settings
    front.init_app(app)
    app.url_map.converters["int"] = DatabaseKey
    proxies = int(settings.trusted_proxies)
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
