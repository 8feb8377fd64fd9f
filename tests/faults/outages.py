"""A service the push path leans on goes away in the middle and comes back; the processes stay as they are."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.conftest import base_environ
from tests.demo.processes import wait_for
from tests.faults.judge import Verdict
from tests.faults.runs import ALL, PEOPLE, Scene
from tests.faults.servers import OwnPostgres, OwnRedis
from tests.faults.stage import Stage
from tests.simulator_process import SEND, running

AWAY = 0.7  # seconds
AFTER = (0, 2, 6)  # messages that have gone out when it goes away


def _begin(stage: Stage, name: str, after: int) -> Scene:
    """A scheduler and two workers; returns when so many messages have gone out."""
    stage.begin()
    scene = Scene(stage, name, stage.plan(name, PEOPLE, ALL))
    scene.start("scheduler")
    for _ in range(2):
        scene.start("worker")
    wait_for(lambda: int(stage.simulator.summary(SEND)["count"]) >= after, 20, f"{after} messages")
    return scene


def _end(scene: Scene) -> Verdict:
    """Judged; and nobody had to be started again."""
    zygote = scene.stage.zygote
    time.sleep(2 * AWAY)
    dead = [one.role for one in list(zygote.living.values()) if zygote.status(one) is not None]
    found = scene.settle()
    if dead:
        found.wrong.append(f"{scene.stage.kind} {scene.name}: {', '.join(dead)} died of it")
    return found


def redis_killed(stage: Stage, after: int) -> Verdict:
    """The queue's Redis dies with all wake-ups in it, and an empty one takes its place."""
    assert stage.redis is not None
    scene = _begin(stage, f"Redis killed after {after}", after)
    stage.redis.kill()
    time.sleep(AWAY)
    stage.redis.start()
    return _end(scene)


def database_killed(stage: Stage, own: OwnPostgres, after: int) -> Verdict:
    """The database dies in mid-transaction and recovers. Unknown may be what its log says was under way."""
    scene = _begin(stage, f"database killed after {after}", after)
    own.kill()
    time.sleep(AWAY)
    own.start()
    scene.allowed += stage.in_flight()
    return _end(scene)


@contextmanager
def own_database() -> Iterator[tuple[Stage, OwnPostgres]]:
    """A stage on a PostgreSQL that nobody else uses."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-own-")))
        own = OwnPostgres()
        stack.callback(own.close)
        simulator = stack.enter_context(running(base_environ(folder)))
        redis = None
        if OwnRedis.installed():
            redis = OwnRedis(folder)
            stack.callback(redis.close)
        stage = Stage("postgresql", folder, own.url, simulator, redis)
        stack.callback(stage.close)
        yield stage, own
