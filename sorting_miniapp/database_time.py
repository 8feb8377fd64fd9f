"""The database's own time, by which leases are judged (design.md §6, Clock), on the three databases alike."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Float, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from sorting_miniapp.db import UTCDateTime, db


class _UtcNow(FunctionElement[datetime]):
    type = UTCDateTime()
    inherit_cache = True


class _UtcIn(FunctionElement[datetime]):
    """The moment so many seconds from the database's now."""

    type = UTCDateTime()
    inherit_cache = True


@compiles(_UtcNow, "sqlite")
def _sqlite_now(element: Any, compiler: Any, **kw: Any) -> str:
    return "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"


@compiles(_UtcNow, "postgresql")
def _postgres_now(element: Any, compiler: Any, **kw: Any) -> str:
    return "clock_timestamp()"


@compiles(_UtcNow, "mysql")
@compiles(_UtcNow, "mariadb")
def _mysql_now(element: Any, compiler: Any, **kw: Any) -> str:
    return "utc_timestamp(6)"


@compiles(_UtcIn, "sqlite")
def _sqlite_in(element: Any, compiler: Any, **kw: Any) -> str:
    seconds = compiler.process(element.clauses, **kw)
    return f"(strftime('%Y-%m-%d %H:%M:%f', 'now', {seconds} || ' seconds') || '000')"


@compiles(_UtcIn, "postgresql")
def _postgres_in(element: Any, compiler: Any, **kw: Any) -> str:
    return f"(clock_timestamp() + {compiler.process(element.clauses, **kw)} * INTERVAL '1 second')"


@compiles(_UtcIn, "mysql")
@compiles(_UtcIn, "mariadb")
def _mysql_in(element: Any, compiler: Any, **kw: Any) -> str:
    return f"(utc_timestamp(6) + INTERVAL {compiler.process(element.clauses, **kw)} SECOND)"


def database_in(seconds: float) -> ColumnElement[datetime]:
    """An SQL expression: so many seconds from the database's now. It costs no look of its own."""
    return _UtcIn(literal(seconds, Float()))


def database_now() -> datetime:
    """The database's time, by which leases are judged (design.md §6, Clock)."""
    moment: datetime | None = db.session().scalar(select(_UtcNow()))
    assert moment is not None
    return moment
