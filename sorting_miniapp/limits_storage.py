"""Rate-limit counters in a small table, shared by every process, for hosts without Redis (design.md §6, Limits)."""

from __future__ import annotations

import time
from typing import Any

from limits.storage import Storage
from sqlalchemy import BigInteger, Integer, case, delete, insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, CaseString, db, transaction

SCHEME = "table"


class RateCount(Base):
    """How often a key was used in its current window; `expires_ms` is Unix time in milliseconds."""

    __tablename__ = "rate_count"
    key: Mapped[str] = mapped_column(CaseString(200), primary_key=True)
    count: Mapped[int] = mapped_column(Integer, nullable=False)
    expires_ms: Mapped[int] = mapped_column(BigInteger, nullable=False, index=True)


def _now_ms() -> int:
    return int(time.time() * 1000)


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
        now = _now_ms()
        ends = now + int(expiry * 1000)
        fresh = RateCount.expires_ms > now
        with transaction() as session:
            renew = (
                update(RateCount)
                .where(RateCount.key == key)
                .values(count=case((fresh, RateCount.count + amount), else_=amount))
            )
            if session.execute(renew).rowcount == 0:  # type: ignore[attr-defined]
                try:
                    with session.begin_nested():
                        session.execute(insert(RateCount).values(key=key, count=amount, expires_ms=ends))
                except IntegrityError:
                    session.execute(renew)
            session.execute(
                update(RateCount).where(RateCount.key == key, RateCount.expires_ms <= now).values(expires_ms=ends)
            )
            return int(session.scalar(select(RateCount.count).where(RateCount.key == key)) or amount)

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
