"""Rate limits on login, phone, text check and certificate look-up, counted in Redis or in a table, never per process.

Residents are limited by address generously: schools and offices share one (design.md §6, Limits).
"""

from __future__ import annotations

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from sorting_miniapp import limits_storage  # noqa: F401  registers the table:// storage
from sorting_miniapp.config import Settings

LOGIN = "600 per minute"
PHONE = "60 per minute"
LOOK_UP = "120 per minute"
SIGN_IN = "60 per minute"
JOIN = "10 per minute; 60 per day"  # of each resident: a code is not to be found by trying

limiter = Limiter(get_remote_address, headers_enabled=False)


def init_app(app: Flask, settings: Settings) -> None:
    app.config["RATELIMIT_STORAGE_URI"] = settings.redis_url or "table://"
    app.config["RATELIMIT_STRATEGY"] = "fixed-window"
    # A counter that cannot be reached must not close the door: the request is answered and the failure logged.
    app.config["RATELIMIT_SWALLOW_ERRORS"] = True
    limiter.init_app(app)
    # Only views that declare a limit have one, and they check it themselves: no other request need be looked at.
    app.before_request_funcs[None].remove(limiter._check_request_limit)
