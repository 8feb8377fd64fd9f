"""Run every row on SQLite, and on PostgreSQL where TEST_POSTGRES_URL (or the local server) answers; print the ratios.

Exit 1 when a ratio is missed; rows in seconds, milliseconds or MiB fail only when missed by half (performance.md).
ROWS names the measurements to make (rush,check_in), DATABASES where; all of them when they are not set.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from bench.boards import leaderboard
from bench.rows import STEPS, Bench, Row
from bench.sending import against_wechatpy, first_call
from tests.conftest import new_database

MORE = {step.__name__: step for step in (leaderboard, first_call, against_wechatpy)}
ALL = (*STEPS, *MORE)
NOT_BUILT = ("xlsx export of 100,000 rows", "quiz work side by side with CTFd")


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    databases = new_database(kind, folder, "_bench")
    yield next(databases)
    for _ in databases:
        pass


def _show(rows: list[Row]) -> bool:
    for row in rows:
        print(row.line(), flush=True)
    return all(row.good for row in rows)


def _named(variable: str, all_of_them: tuple[str, ...]) -> tuple[str, ...]:
    """The names in the environment's list. Exits with the choice where one is unknown."""
    found = tuple(name for name in os.environ.get(variable, "").split(",") if name)
    if unknown := set(found) - set(all_of_them):
        sys.exit(f"{variable}: {', '.join(sorted(unknown))} is none of {', '.join(all_of_them)}")
    return found or all_of_them


def main() -> int:
    good, rows = True, _named("ROWS", ALL)
    for kind in _named("DATABASES", ("sqlite", "postgresql")):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            try:
                with _database(kind, Path(folder)) as url:
                    print(f"\n{kind}\n{Row.heading()}", flush=True)
                    bench = Bench(Path(folder), url)
                    try:
                        more = [partial(step, bench) for name, step in MORE.items() if name in rows]
                        for step in (*bench.steps(rows), *more):
                            good = _show(step()) and good
                    finally:
                        bench.stop()
            except pytest.skip.Exception as reason:
                print(f"\n{kind}: {reason}")
    for name in NOT_BUILT if rows == ALL else ():
        print(f"{name:<58} not built")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
