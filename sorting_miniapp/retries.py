"""Doing a transaction anew when somebody else's came in between."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from flask import Flask, request
from sqlalchemy.exc import IntegrityError

from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict

log = structlog.get_logger(__name__)
T = TypeVar("T")
TRIES = 3
DEADLOCKS = frozenset({1213, "40P01"})  # MariaDB's number, PostgreSQL's SQLSTATE


class Again(Conflict):
    """What was read has changed meanwhile: read it once more."""

    def __init__(self) -> None:
        super().__init__("try_again", "请再试一次")


def deadlocked(error: BaseException) -> bool:
    """Whether the database undid the transaction because it and another one waited for each other."""
    told = getattr(error, "orig", None) or error
    return getattr(told, "sqlstate", None) in DEADLOCKS or bool(told.args) and told.args[0] in DEADLOCKS


def again(job: Callable[[], T]) -> T:
    """Do `job`, and do it anew after Again, a violated constraint or a deadlock; Again where it never gets through.

    Inside a transaction that somebody else opened nothing can be done anew: the exception goes on to them.
    """
    inside = bool(db.session().info.get("writing"))
    for left in reversed(range(TRIES)):
        try:
            return job()
        except Exception as error:
            if inside or not (isinstance(error, Again | IntegrityError) or deadlocked(error)):
                raise
            if not left:
                raise Again() from error
    raise Again()


def answered(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view, called anew where its transaction was the one of two that the database undid."""

    @functools.wraps(view)
    def call(*args: Any, **kwargs: Any) -> Any:
        for _ in range(TRIES - 1):
            try:
                return view(*args, **kwargs)
            except Exception as error:
                if not deadlocked(error):
                    raise
                log.warning("deadlock", path=request.path)
                db.session().rollback()
                for file in request.files.values():
                    file.seek(0)
        return view(*args, **kwargs)

    return call


def init_app(app: Flask) -> None:
    """Let no view be refused for a deadlock; once all of them are there."""
    app.view_functions.update({name: answered(view) for name, view in app.view_functions.items()})
