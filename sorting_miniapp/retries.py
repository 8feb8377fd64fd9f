"""Doing a transaction anew when somebody else's came in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import IntegrityError

from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict

T = TypeVar("T")
TRIES = 3


class Again(Conflict):
    """What was read has changed meanwhile: read it once more."""

    def __init__(self) -> None:
        super().__init__("try_again", "请再试一次")


def again(job: Callable[[], T]) -> T:
    """Do `job`, and do it anew after Again or a violated constraint. Raises Again when it never gets through.

    Inside a transaction that somebody else opened nothing can be done anew: the exception goes on to them.
    """
    inside = bool(db.session().info.get("writing"))
    for left in reversed(range(TRIES)):
        try:
            return job()
        except (Again, IntegrityError) as error:
            if inside:
                raise
            if not left:
                raise Again() from error
    raise Again()
