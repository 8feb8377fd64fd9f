"""Alembic's environment: our column types keep their names, and SQLite changes tables by batch."""

from __future__ import annotations

from alembic import context
from flask import current_app

from sorting_miniapp.db import Base, db, render_item

config = context.config


def _skip_empty(context_: object, revision: object, directives: list) -> None:
    if getattr(config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []


def run_online() -> None:
    options = current_app.extensions["migrate"].configure_args
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # A batch drops the old table and renames the new one: rows that refer to it must not mind.
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_item=render_item,
            process_revision_directives=_skip_empty,
            transaction_per_migration=True,
            **options,
        )
        with context.begin_transaction():
            context.run_migrations()
        if connection.dialect.name == "sqlite":
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")


if context.is_offline_mode():
    raise SystemExit("Offline migrations are not supported: run them against the database.")
run_online()
