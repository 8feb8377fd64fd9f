"""One run each: a crash point, a process frozen there, a seeded mixture of trouble, steering by a person."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from sorting_miniapp.articles.models import Channel
from tests.demo.processes import wait_for
from tests.faults.judge import Verdict, Work, judge
from tests.faults.points import BEFORE, POINTS
from tests.faults.processes import Process
from tests.faults.stage import LEASE, Stage
from tests.faults.trouble import Timeline

ALL = (Channel.MASS, Channel.PUBLISH, Channel.SUBSCRIBE)
PEOPLE = 10
SETTLE_SECONDS = 40.0
FREEZE = "tests.faults.patches:freeze"
ROLES = ("scheduler", "worker")


@dataclass
class Scene:
    """A run under way: what it is to bring about, and how many ends may stay unknown so far."""

    stage: Stage
    name: str
    work: Work
    patches: tuple[str, ...] = ()
    allowed: int = 0

    def start(self, role: str, crash_at: str = "", patches: tuple[str, ...] = ()) -> Process:
        return self.stage.zygote.start(role, crash_at, (*self.patches, *patches))

    def settle(self) -> Verdict:
        """End the trouble, let a person do what a person must, wait for the end, and judge."""
        stage, end = self.stage, time.monotonic() + SETTLE_SECONDS
        stage.clock_file.write_text("0")
        stage.simulator.call("DELETE", "/_sim/faults")
        hands = 0.0
        while not stage.over(self.work) and time.monotonic() < end:
            for role in ROLES:
                if not any(one.role == role for one in stage.zygote.living.values()):
                    self.start(role)
            if time.monotonic() - hands > 1:
                hands = time.monotonic()
                with stage.app.app_context():
                    stage.put_right()
                stage.by_hand(self.work)
            time.sleep(0.05)
        return self.judge()

    def judge(self) -> Verdict:
        self.stage.zygote.kill_all()
        return judge(self.stage.simulator, self.stage.engine, self.work, self.allowed, f"{self.stage.kind} {self.name}")


def crash(stage: Stage, point: str, patches: tuple[str, ...] = ()) -> Verdict:
    """A process dies at this point while three pushes go out, and others take over.

    Raises AssertionError where the point is never reached.
    """
    stage.begin()
    scene = Scene(stage, f"crash {point}", stage.plan(f"{point}", PEOPLE, ALL), patches)
    if point in BEFORE:
        first = scene.start("worker", BEFORE[point])
        scene.start("scheduler", point)
        wait_for(lambda: stage.zygote.status(first) == 137, 15, BEFORE[point])
        scene.allowed += stage.in_flight()
        doomed = [one for one in stage.zygote.living.values() if one.role == "scheduler"][0]
    else:
        doomed = scene.start(POINTS[point], point)
        scene.start("scheduler" if POINTS[point] == "worker" else "worker")
    wait_for(lambda: stage.zygote.status(doomed) is not None, 15, f"{point} to be reached")
    scene.allowed += stage.in_flight()
    scene.start(doomed.role)
    return scene.settle()


def frozen(
    stage: Stage, point: str, channels: tuple[Channel, ...] = ALL, patches: tuple[str, ...] = (), late: float = 0.8
) -> Verdict:
    """A process stops at this point until its lease is over and others have taken over, and then has `late` seconds."""
    stage.begin()
    scene = Scene(stage, f"frozen {point}", stage.plan(f"f-{point}", PEOPLE, channels), patches)
    cold = scene.start(POINTS[point], point, (FREEZE,))
    scene.start("scheduler" if POINTS[point] == "worker" else "worker")
    wait_for(lambda: stage.zygote.stopped(cold), 15, f"{point} to be reached")
    scene.allowed += stage.in_flight()
    other = scene.start(POINTS[point])
    end = time.monotonic() + LEASE + 1.5
    while time.monotonic() < end and not stage.over(scene.work):
        time.sleep(0.05)
    # The others end first, so that what the frozen one does comes late, and by itself.
    stage.zygote.go_on(cold)
    time.sleep(late)
    assert other.pid in stage.zygote.living
    return scene.settle()


def seeded(stage: Stage, seed: int) -> Verdict:
    """One to four schedulers and workers, three pushes, and trouble at times drawn from the seed."""
    stage.begin()
    chance = random.Random(f"{stage.kind} {seed}")
    scene = Scene(stage, f"seed {seed}", stage.plan(f"s{seed}", chance.randint(4, 14), ALL))
    timeline = Timeline(chance, stage)
    for role in ROLES:
        for _ in range(chance.randint(1, 4)):
            stage.zygote.start(role, "", timeline.patches(role), chance.choice(("", "", "America/New_York")))
    begun = time.monotonic()
    for trouble in timeline.troubles:
        time.sleep(max(0.0, begun + trouble.at - time.monotonic()))
        scene.allowed += trouble.make()
    scene.name += f" ({', '.join(one.name for one in timeline.troubles)})"
    time.sleep(max(0.0, timeline.least + begun - time.monotonic()))
    return scene.settle()


def steered(stage: Stage, act: Callable[[Scene], None]) -> Verdict:
    """A fan-out on three workers, steered by a person while it runs."""
    stage.begin()
    scene = Scene(stage, "steered", stage.plan("steered", 60, (Channel.SUBSCRIBE,)))
    scene.start("scheduler")
    for _ in range(3):
        scene.start("worker")
    act(scene)
    return scene.settle()
