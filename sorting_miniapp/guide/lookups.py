"""What is looked up most, and what in vain: counted in each process, written together now and then.

A search writes nothing. After FLUSH_SECONDS, or with MOST_WAITING words in hand, the next answer's end writes the
counts in one transaction; a process that is killed loses at most that much.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import structlog
from flask import Flask
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from sorting_miniapp import clock
from sorting_miniapp.db import db, transaction
from sorting_miniapp.guide import words
from sorting_miniapp.guide.models import Item
from sorting_miniapp.guide.models_search import LookUp, Missed

log = structlog.get_logger(__name__)
FLUSH_SECONDS = 30.0
MOST_WAITING = 500
POPULAR_DAYS = 30
KEPT_DAYS, MISSED_DAYS = 400, 90
_lock = threading.Lock()
_found: Counter[tuple[date, str]] = Counter()
_missed: Counter[tuple[date, str]] = Counter()
_written_at = clock.monotonic()


def count(item_key: str) -> None:
    """An item was the answer."""
    with _lock:
        _found[clock.today(), item_key] += 1


def miss(typed: str) -> None:
    """Nothing was found for a word; what is longer than a name is nobody's business and is not kept."""
    folded = words.fold(typed)
    if folded and len(folded) <= words.LONGEST // 2:
        with _lock:
            _missed[clock.today(), folded] += 1


def forget() -> None:
    """Let go of what was counted and not written."""
    with _lock:
        _found.clear()
        _missed.clear()


def due() -> bool:
    """Whether it is time to write."""
    waiting = len(_found) + len(_missed)
    return waiting > 0 and (waiting >= MOST_WAITING or clock.monotonic() - _written_at >= FLUSH_SECONDS)


def flush_later(app: Flask) -> None:
    """Write after an answer has gone out, when its request is over."""
    with app.app_context():
        flush()


def flush() -> None:
    """Write what was counted. What cannot be written now is counted on."""
    global _written_at
    with _lock:
        found, missed = dict(_found), dict(_missed)
        _found.clear()
        _missed.clear()
        _written_at = clock.monotonic()
    if not found and not missed:
        return
    try:
        with transaction() as session:
            _add(session, LookUp, LookUp.item_key, found)
            _add(session, Missed, Missed.folded, missed)
    except SQLAlchemyError as error:
        log.warning("look_ups_not_written", error=type(error).__name__)
        with _lock:
            _found.update(found)
            _missed.update(missed)


def _add(session: Session, table: Any, column: Any, counts: Mapping[tuple[date, str], int]) -> None:
    """In the order of the keys, so that two processes never wait for one another."""
    for (day, key), times in sorted(counts.items()):
        one = (table.day == day) & (column == key)
        done = session.execute(update(table).where(one).values(times=table.times + times))
        if done.rowcount == 0:  # type: ignore[attr-defined]
            session.execute(insert(table).values({"day": day, column.key: key, "times": times}))


def popular(most: int, days: int = POPULAR_DAYS) -> list[tuple[str, int]]:
    """(item's key, times) of the last days, the most looked up first."""
    times = func.sum(LookUp.times)
    rows = db.session().execute(
        select(LookUp.item_key, times.label("times"))
        .join(Item, (Item.key == LookUp.item_key) & Item.active.is_(True))
        .where(LookUp.day > clock.today() - timedelta(days=days))
        .group_by(LookUp.item_key)
        .order_by(times.desc(), LookUp.item_key)
        .limit(most)
    )
    return [(row.item_key, int(row.times)) for row in rows]


def missed(most: int, days: int = POPULAR_DAYS) -> list[tuple[str, int]]:
    """(word, times) that found nothing in the last days, the most frequent first."""
    times = func.sum(Missed.times)
    rows = db.session().execute(
        select(Missed.folded, times.label("times"))
        .where(Missed.day > clock.today() - timedelta(days=days))
        .group_by(Missed.folded)
        .order_by(times.desc(), Missed.folded)
        .limit(most)
    )
    return [(row.folded, int(row.times)) for row in rows]


def purge() -> int:
    """Delete counts of days long past; words found in vain go first. Returns how many rows."""
    today = clock.today()
    with transaction() as session:
        gone = 0
        for old in (
            delete(LookUp).where(LookUp.day < today - timedelta(days=KEPT_DAYS)),
            delete(Missed).where(Missed.day < today - timedelta(days=MISSED_DAYS)),
        ):
            gone += int(session.execute(old).rowcount)  # type: ignore[attr-defined]
        return gone
