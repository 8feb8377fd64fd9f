"""The day of `make demo`, on SQLite and on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import new_database
from tests.demo.day import Day
from tests.demo.processes import Instance


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_day_of_the_service(kind: str, tmp_path: Path) -> None:
    databases = new_database(kind, tmp_path, "_demo")
    instance = Instance(tmp_path, next(databases))
    day = Day(instance)
    try:
        instance.prepare()
        instance.start("simulator", "web", "scheduler", "worker")
        instance.wait_until_ready()
        for step in day.steps():
            step()
    finally:
        instance.stop()
    for _ in databases:
        pass
