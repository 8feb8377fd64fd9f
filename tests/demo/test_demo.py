"""The day of `make demo`, on SQLite, and on PostgreSQL with Redis."""

from __future__ import annotations

from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from tests.conftest import REDIS, new_database, unreachable
from tests.demo.day import Day
from tests.demo.processes import Instance


def redis_url() -> str:
    """An emptied Redis database of the tests' own."""
    found = Redis.from_url(REDIS, socket_connect_timeout=2)
    try:
        found.flushdb()
    except RedisError as error:
        unreachable("Redis", error)
    finally:
        found.close()
    return REDIS


@pytest.mark.parametrize(("kind", "with_redis"), [("sqlite", False), ("postgresql", True)])
def test_a_day_of_the_service(kind: str, with_redis: bool, tmp_path: Path) -> None:
    """On one host with nothing but Python, and as several hosts would run it: PostgreSQL and Redis."""
    more = {"REDIS_URL": redis_url()} if with_redis else {}
    databases = new_database(kind, tmp_path, "_demo")
    instance = Instance(tmp_path, next(databases), **more)
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
