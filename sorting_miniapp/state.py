"""Small shared numbers, read by every process at most once a second: cache versions, the clock's offset, the epoch.

They let a change show everywhere within two seconds without Redis (design.md §6, Caches).
"""

from __future__ import annotations

import threading
from datetime import timedelta

from sqlalchemy import BigInteger, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp import clock
from sorting_miniapp.db import Base, CaseString, db, transaction
from sorting_miniapp.engines import ASIDE

CLOCK_OFFSET = "clock_offset_ms"
EPOCH = "epoch"
MAX_AGE = 0.5


class SharedNumber(Base):
    """One named number."""

    __tablename__ = "shared_number"
    key: Mapped[str] = mapped_column(CaseString(40), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger, nullable=False)


_lock = threading.Lock()
_values: dict[str, int] = {}
_read_at = -MAX_AGE


def get(key: str) -> int:
    """The number as of at most half a second ago; 0 where it was never set."""
    global _read_at, _values
    if clock.monotonic() - _read_at >= MAX_AGE and _lock.acquire(blocking=False):
        begun = clock.monotonic()  # what is read is as old as this, however long the answer takes
        try:
            with db.engines[ASIDE].connect() as connection:
                rows = connection.execute(select(SharedNumber.key, SharedNumber.value)).all()
                _values = {row.key: row.value for row in rows}
            _read_at = begun
        except SQLAlchemyError:
            _read_at = clock.monotonic()  # the last known values serve until the database is back
        finally:
            _lock.release()
    return _values.get(key, 0)


def peek(key: str) -> int | None:
    """As `get`, but None when it is time to read afresh: it never asks the database."""
    return _values.get(key, 0) if clock.monotonic() - _read_at < MAX_AGE else None


def forget() -> None:
    """Read afresh at the next look."""
    global _read_at
    _read_at = -MAX_AGE


def bump(key: str) -> None:
    """Say, inside the caller's transaction, that what is cached under `key` has changed."""
    put(key, SharedNumber.value + 1, first=1)


def put(key: str, value: object, first: int | None = None) -> None:
    """Set the number in the caller's transaction (or one of its own); `first` is its value when it is new."""
    write(key, value, first)
    forget()


def write(key: str, value: object, first: int | None = None) -> None:
    """As `put`, of a number that nobody here reads by `get`: the others are not read afresh for it."""
    with transaction() as session:
        done = session.execute(update(SharedNumber).where(SharedNumber.key == key).values(value=value))
        if done.rowcount == 0:  # type: ignore[attr-defined]
            session.execute(insert(SharedNumber).values(key=key, value=value if first is None else first))


def clock_offset() -> timedelta:
    """The declared shift of domain time (simulator mode only)."""
    return timedelta(milliseconds=get(CLOCK_OFFSET))
