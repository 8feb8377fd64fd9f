"""Tables' common ground: typed base, portable column types, transactions, and constraint names.

Written for SQLite, PostgreSQL and MySQL/MariaDB alike (design.md §5). `transaction()` is the only place that writes.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

import orjson
import structlog
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Enum,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator, TypeEngine

from sorting_miniapp import crypto, write_lock

log = structlog.get_logger(__name__)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
MYSQL_TABLE = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
EnumT = TypeVar("EnumT", bound=StrEnum)


class Base(DeclarativeBase):
    """Every table's parent. On MySQL all text compares byte by byte, as on the other two."""

    metadata = MetaData(naming_convention=NAMING)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        args: Any = cls.__dict__.get("__table_args__", ())
        options: dict[str, Any] = {}
        if isinstance(args, dict):
            args, options = (), args
        elif args and isinstance(args[-1], dict):
            args, options = args[:-1], args[-1]
        cls.__table_args__ = (*args, {**MYSQL_TABLE, **options})
        super().__init_subclass__(**kwargs)


class UTCDateTime(TypeDecorator[datetime]):
    """An aware moment, kept in UTC with microseconds. Naive values are refused."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        if dialect.name == "mysql":
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class CaseString(TypeDecorator[str]):
    """Text that compares and sorts byte by byte on every database: openids, codes, tree paths."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        length = self.impl_instance.length  # type: ignore[attr-defined]
        collation = {"postgresql": "C", "mysql": "utf8mb4_bin"}.get(dialect.name)
        return dialect.type_descriptor(String(length, collation=collation))


class LongText(TypeDecorator[str]):
    """Text of up to 16 MiB."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(mysql.MEDIUMTEXT() if dialect.name == "mysql" else Text())


class Bytes(TypeDecorator[bytes]):
    """Bytes of up to 16 MiB."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(mysql.MEDIUMBLOB() if dialect.name == "mysql" else LargeBinary())


class JsonText(TypeDecorator[Any]):
    """A JSON value kept as text, so that the three databases return the same bytes."""

    impl = LongText
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else orjson.loads(value)


class EncryptedText(TypeDecorator[str]):
    """Personal data, sealed with the first data key (crypto.py)."""

    impl = LongText
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else crypto.keyring().encrypt(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else crypto.keyring().decrypt(value)


BigKey = BigInteger().with_variant(Integer(), "sqlite")


def enum_column(kind: type[EnumT], name: str) -> Enum:
    """A column type for a StrEnum: its values as text, with a CHECK named `name`."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        name=name,
        length=24,
        values_callable=lambda e: [m.value for m in e],
    )


db = SQLAlchemy(metadata=Base.metadata, session_options={"expire_on_commit": False})


@contextmanager
def transaction() -> Iterator[Session]:
    """One write transaction on the request's session; inner uses join the outer one.

    On SQLite it takes the host's write lock and then BEGIN IMMEDIATE, so that writers queue instead of failing.
    Functions given to `after_commit` run after the commit, in order; none runs when it rolls back.
    """
    session = db.session()
    if session.info.get("writing"):
        yield session
        return
    session.commit()
    session.expire_all()
    lock = write_lock.of(session.get_bind().engine.url.database or "") if _on_sqlite(session) else None
    if lock:
        lock.acquire()
    hooks: list[Callable[[], None]] = []
    session.info.update(writing=True, hooks=hooks)
    try:
        session.connection(execution_options={"immediate": True})
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.update(writing=False, hooks=None)
        if lock:
            lock.release()
    for hook in hooks:
        try:
            hook()
        except Exception:
            log.exception("after_commit_failed")


def _on_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def after_commit(hook: Callable[[], None]) -> None:
    """Run `hook` once the current transaction is on disk. Raises RuntimeError outside transaction()."""
    hooks = db.session().info.get("hooks")
    if hooks is None:
        raise RuntimeError("after_commit outside transaction()")
    hooks.append(hook)


def new_public_id() -> str:
    """A random, opaque id of 22 URL-safe characters (128 bits)."""
    return secrets.token_urlsafe(16)


def violated(error: IntegrityError) -> str:
    """The name of the violated constraint, or '' where the database does not say (SQLite's foreign keys)."""
    name = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    if name:
        return str(name)
    message = str(error.orig)
    found = re.search(r"for key '(?:[^'.]*\.)?([^']+)'|CONSTRAINT `([^`]+)`|CHECK constraint failed: (\w+)", message)
    if found:
        return next(group for group in found.groups() if group)
    unique = re.search(r"UNIQUE constraint failed: (.+)", message)
    return _unique_by_columns(unique.group(1)) if unique else ""


def _unique_by_columns(listed: str) -> str:
    table_name = listed.split(".", 1)[0]
    columns = [part.strip().split(".", 1)[1] for part in listed.split(",")]
    table = Base.metadata.tables.get(table_name)
    if table is None:
        return ""
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint) and [c.name for c in constraint.columns] == columns:
            return str(constraint.name)
    for index in table.indexes:
        if index.unique and [c.name for c in index.columns] == columns:
            return str(index.name)
    return f"pk_{table_name}"


def render_item(kind: str, item: Any, context: Any) -> str | bool:
    """Alembic's hook: our own column types keep their names in migrations."""
    if kind == "type" and type(item).__module__ == __name__:
        context.imports.add("from sorting_miniapp import db")
        length = getattr(item.impl_instance, "length", None) if isinstance(item, CaseString) else None
        return f"db.{type(item).__name__}({length or ''})"
    return False
