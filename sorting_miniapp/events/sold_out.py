"""Shifts that have no place for anybody, remembered for a moment, so that a rush does not ask the database for a no.

What is remembered only ever refuses; whoever is let in is let in by places.py. A place that is freed in this process is
seen at once, one that another process frees after a fifth of a second. Nobody's turn is passed over by that: a freed
place belongs to those who wait, and who does not want to wait is told what was so a moment ago.
"""

from __future__ import annotations

import threading
from typing import Any

from sqlalchemy import Row

from sorting_miniapp import clock
from sorting_miniapp.events import conditions

SECONDS, MOST_KEPT = 0.2, 500
_lock = threading.Lock()
_full: dict[tuple[str, str | None], tuple[float, Row[*tuple[Any, ...]]]] = {}
_freed = 0


def forget() -> None:
    """A place was freed, or a shift changed: look again. What is being read at this moment is not kept either."""
    global _freed
    with _lock:
        _freed += 1
        _full.clear()


def choose(event: str, shift: str | None) -> Row[*tuple[Any, ...]]:
    """As conditions.choose, for somebody who does not wait: a shift that was full a moment ago is not read again."""
    key, begun, freed = (event, shift), clock.monotonic(), _freed
    known = _full.get(key)
    if known is not None and begun - known[0] < SECONDS:
        return known[1]
    row = conditions.choose(event, shift)
    if row.waiting or row.places_taken >= row.capacity:
        with _lock:
            if freed == _freed:
                if len(_full) >= MOST_KEPT:
                    _full.clear()
                _full[key] = begun, row
    return row
