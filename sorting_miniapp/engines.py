"""How each of the three databases is connected to: create_engine's arguments, SQLite's pragmas and its BEGIN."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, event

ASIDE = "aside"


def engine_options(url: str, pool_size: int) -> dict[str, Any]:
    """create_engine's arguments for one of the three databases."""
    options: dict[str, Any] = {"pool_pre_ping": not url.startswith("sqlite"), "pool_size": pool_size, "max_overflow": 4}
    options["hide_parameters"] = True  # an error's text reaches the log, and values are personal
    if url.startswith("sqlite"):
        options["connect_args"] = {"timeout": 30, "check_same_thread": False}
        options["max_overflow"] = 20
    elif url.startswith("mysql"):
        options["isolation_level"] = "READ COMMITTED"
        options["connect_args"] = {
            "charset": "utf8mb4",
            "init_command": "SET time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,ONLY_FULL_GROUP_BY'",
        }
    return options


def aside_options(url: str) -> dict[str, Any]:
    """The bind ASIDE: one connection for what every process looks up again and again (state, settings, the bank).

    Whoever looks may be inside a transaction that holds locks. With a second connection of the requests' own pool,
    all of it could be taken by people who wait for those very locks.
    """
    return engine_options(url, 1) | {"url": url, "max_overflow": 0}


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    if "sqlite3" not in type(connection).__module__:
        return
    connection.isolation_level = None  # the driver must not begin by itself; _begin_sqlite does
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000", "cache_size=-8000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Any) -> None:
    if connection.dialect.name == "sqlite":
        write = connection.get_execution_options().get("immediate")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
