"""A restored backup must not send again what was sent after it was made (design.md §6, Clock).

Every look for something to send raises one number in the database and, after the commit and before the call, in a file
of this host. A database whose number is lower than the file's was restored: nothing is sent until a person has said so
with `flask restored`, which raises the number above every file's.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import BigInteger, bindparam, case, select, update

from sorting_miniapp import clock, state
from sorting_miniapp.db import after_commit, db
from sorting_miniapp.state import EPOCH, SharedNumber

NUMBERS: Any = SharedNumber.__table__
NOW = bindparam("now", type_=BigInteger())
RAISE = (
    update(NUMBERS)
    .where(NUMBERS.c.key == EPOCH, NUMBERS.c.value >= bindparam("seen"))
    .values(value=case((NUMBERS.c.value < NOW, NOW), else_=NUMBERS.c.value + 1))
    .returning(NUMBERS.c.value)
)


def _file() -> Path:
    folder: Path = current_app.extensions["settings"].instance_path
    return folder / "epoch"


def on_this_host() -> int:
    """The highest number this host has seen; 0 where it never sent anything."""
    try:
        return int(_file().read_text("ascii"))
    except (FileNotFoundError, ValueError):
        return 0


def in_database() -> int:
    return int(db.session().scalar(select(SharedNumber.value).where(SharedNumber.key == EPOCH)) or 0)


def behind() -> bool:
    """Whether the database is older than what this host has done with it."""
    seen = on_this_host()  # before the database, which is always committed first
    if in_database() >= seen:
        return False
    session = db.session()
    if session.info.get("writing"):
        return True
    session.rollback()  # that may have been a look into an older snapshot
    return in_database() < seen


def raise_it() -> int:
    """Raise the number in the caller's transaction; the file follows after the commit. Returns it."""
    return _raise(_locked())


def raise_unless_behind() -> bool:
    """Raise the number in the caller's transaction, unless this host's file is ahead of it: then False."""
    seen = on_this_host()  # before the database, which is always committed first
    if _raise_in_one(seen):
        return True
    number = _locked()
    if number < seen:
        return False
    _raise(number)
    return True


def _raise_in_one(seen: int) -> bool:
    """Look and raise in one statement. False where that cannot be: the number is lower or not there yet, or MariaDB."""
    connection = db.session().connection()
    if not connection.dialect.update_returning:
        return False
    number = connection.scalar(RAISE, {"seen": seen, "now": _now()})
    if number is None:
        return False
    after_commit(lambda: _write(number))
    return True


def _locked() -> int:
    """The number, which no other transaction raises before this one ends."""
    mine = select(SharedNumber.value).where(SharedNumber.key == EPOCH).with_for_update()
    return int(db.session().scalar(mine) or 0)


def _raise(number: int) -> int:
    higher = max(number + 1, _now())
    state.write(EPOCH, higher)
    after_commit(lambda: _write(higher))
    return higher


def _now() -> int:
    return int(clock.wall_now().timestamp() * 1000)


def _write(number: int) -> None:
    if number <= on_this_host():
        return
    new = _file().with_suffix(f".{os.getpid()}.{number}")
    new.write_text(str(number), "ascii")
    new.replace(_file())
