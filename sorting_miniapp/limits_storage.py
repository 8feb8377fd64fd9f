"""Rate-limit counters in a small table, shared by every process, for hosts without Redis (design.md §6, Limits)."""

from __future__ import annotations

import time
from typing import Any

from limits.storage import Storage
from sqlalchemy import BigInteger, Integer, case, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, CaseString, db, transaction
from sorting_miniapp.retries import again

SCHEME = "table"


class RateCount(Base):
    """How often a key was used in its current window; `expires_ms` is Unix time in milliseconds."""

    __tablename__ = "rate_count"
    key: Mapped[str] = mapped_column(CaseString(200), primary_key=True)
    count: Mapped[int] = mapped_column(Integer, nullable=False)
    expires_ms: Mapped[int] = mapped_column(BigInteger, nullable=False, index=True)


def _now_ms() -> int:
    return int(time.time() * 1000)


def _count(key: str, expiry: float, amount: int) -> int:
    """One use more. Raises IntegrityError where somebody else has just made the row.

    To go on in the same transaction would be wrong: MariaDB keeps a shared lock on the row after the failed INSERT,
    and two who then update it wait for each other.
    """
    now = _now_ms()
    ends = now + int(expiry * 1000)
    fresh, mine = RateCount.expires_ms > now, RateCount.key == key
    with transaction() as session:
        more = case((fresh, RateCount.count + amount), else_=amount)
        # MySQL sets columns in the order they are given, each from the row as it is by then: the time comes last.
        renewed = (
            update(RateCount)
            .where(mine)
            .ordered_values(
                (RateCount.count, more), (RateCount.expires_ms, case((fresh, RateCount.expires_ms), else_=ends))
            )
        )
        if session.execute(renewed).rowcount == 0:  # type: ignore[attr-defined]
            session.execute(insert(RateCount).values(key=key, count=amount, expires_ms=ends))
        return int(session.scalar(select(RateCount.count).where(mine)) or amount)


class TableStorage(Storage):
    """`limits` storage over the table rate_count; `table://` selects it."""

    STORAGE_SCHEME = [SCHEME]

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: Any) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        return SQLAlchemyError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count one use; a window that has ended starts anew. Returns the count within the window."""
        return again(lambda: _count(key, expiry, amount))

    def get(self, key: str) -> int:
        found = db.session().scalar(
            select(RateCount.count).where(RateCount.key == key, RateCount.expires_ms > _now_ms())
        )
        return int(found or 0)

    def get_expiry(self, key: str) -> float:
        found = db.session().scalar(select(RateCount.expires_ms).where(RateCount.key == key))
        return float(found) / 1000 if found else time.time()

    def check(self) -> bool:
        try:
            db.session().scalar(select(RateCount.count).limit(1))
        except SQLAlchemyError:
            return False
        return True

    def reset(self) -> int:
        with transaction() as session:
            return int(session.execute(delete(RateCount)).rowcount)  # type: ignore[attr-defined]

    def clear(self, key: str) -> None:
        with transaction() as session:
            session.execute(delete(RateCount).where(RateCount.key == key))


def purge() -> int:
    """Delete windows that have ended. Returns how many."""
    with transaction() as session:
        return int(session.execute(delete(RateCount).where(RateCount.expires_ms <= _now_ms())).rowcount)  # type: ignore[attr-defined]
