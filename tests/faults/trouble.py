"""Trouble drawn from a seed: who is killed or frozen when, which answers of WeChat's go wrong, whose clock jumps."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.stage import LEASE, READ_TIMEOUT, Stage
from tests.simulator_process import SEND

MASS, PUBLISH = "/cgi-bin/message/mass/sendall", "/cgi-bin/freepublish/submit"
DRAFT, COVER, PICTURE = "/cgi-bin/draft/add", "/cgi-bin/material/add_material", "/cgi-bin/media/uploadimg"
POLLS = ("/cgi-bin/message/mass/get", "/cgi-bin/freepublish/get")
SLOW = READ_TIMEOUT + 0.9
# After these the caller cannot know what happened.
DROPS = ("accepted_then_dropped", "reset_before", "http_500", "not_json", "latency")
KNOWN = ("busy", "bad_token", "errcode_string", "drift")
FOR_EVER = ("bad_token", "quota")
NO_KEY = (SEND, PUBLISH)  # nothing makes a second call harmless: a dropped answer stays unknown
JUMPS = (3600.0, -3600.0, 86400.0, -86400.0)
MOVED = "tests.faults.patches:moved_clock"


@dataclass(frozen=True)
class Trouble:
    """What happens `at` so many seconds; `make` does it and returns how many ends it may leave unknown."""

    at: float
    name: str
    make: Callable[[], int]


class Timeline:
    """One to three troubles in their order; `least` is how long the run lasts at least."""

    def __init__(self, chance: random.Random, stage: Stage) -> None:
        self.chance, self.stage, self.least, self.moved = chance, stage, 0.0, ""
        makers = [self._kill, self._kill, self._kill_all, self._freeze, self._answers, self._answers, self._for_ever]
        makers += [self._clock, self._queue if stage.redis else self._connections]
        makers += [self._connections]
        chosen = chance.sample(makers, chance.randint(1, 3))
        self.troubles = sorted((make(chance.uniform(0.1, 1.6)) for make in chosen), key=lambda one: one.at)

    def patches(self, role: str) -> tuple[str, ...]:
        """One host's clock jumps: its processes look at the file that says by how much."""
        return (MOVED,) if role == self.moved and self.chance.random() < 0.7 else ()

    def _one(self, role: str) -> Callable[[], object | None]:
        return lambda: next((one for one in self.stage.zygote.living.values() if one.role == role), None)

    def _kill(self, at: float) -> Trouble:
        role = self.chance.choice(("worker", "worker", "scheduler"))

        def make() -> int:
            zygote = self.stage.zygote
            for one in [one for one in zygote.living.values() if one.role == role][:2]:
                zygote.stop(one)  # so that what is in flight is counted at the moment of death
                left = self.stage.in_flight()
                zygote.kill(one)
                zygote.start(role)
                return left if role == "worker" else 0
            return 0

        return Trouble(at, f"kill {role} at {at:.2f}", make)

    def _kill_all(self, at: float) -> Trouble:
        def make() -> int:
            zygote = self.stage.zygote
            for one in list(zygote.living.values()):
                zygote.stop(one)
            left = self.stage.in_flight()
            zygote.kill_all()
            return left

        return Trouble(at, f"kill all at {at:.2f}", make)

    def _freeze(self, at: float) -> Trouble:
        self.least = max(self.least, at + LEASE + 0.8)

        def make() -> int:
            zygote = self.stage.zygote
            found = [one for one in zygote.living.values() if one.role == "worker"]
            if not found:
                return 0
            zygote.stop(found[0])
            threading.Timer(LEASE + 0.5, self._thaw, (found[0].pid,)).start()
            if len(found) == 1:
                zygote.start("worker")
            return self.stage.in_flight()

        return Trouble(at, f"freeze at {at:.2f}", make)

    def _thaw(self, pid: int) -> None:
        one = self.stage.zygote.living.get(pid)
        if one is not None:
            self.stage.zygote.go_on(one)

    def _answers(self, at: float) -> Trouble:
        path = self.chance.choice((SEND, SEND, MASS, PUBLISH, DRAFT, COVER, PICTURE, *POLLS))
        kind = self.chance.choice((*DROPS, *KNOWN))
        times = self.chance.randint(1, 3) if path == SEND else 1
        at /= 4  # before the calls
        if kind == "latency":
            self.least = max(self.least, at + 2 * SLOW)

        def make() -> int:
            self.stage.simulator.fault(path, kind, times=times, value=SLOW if kind == "latency" else 0)
            return times if path in NO_KEY and kind in DROPS else 0

        return Trouble(at, f"{kind} x{times} {path.rpartition('/')[2]}", make)

    def _for_ever(self, at: float) -> Trouble:
        path, kind = self.chance.choice((SEND, MASS, DRAFT)), self.chance.choice(FOR_EVER)
        self.least = max(self.least, 2.0)

        def make() -> int:
            self.stage.simulator.fault(path, kind)
            return 0

        return Trouble(at / 4, f"{kind} for ever {path.rpartition('/')[2]}", make)

    def _clock(self, at: float) -> Trouble:
        self.moved = self.chance.choice(("worker", "scheduler"))
        seconds = self.chance.choice(JUMPS)
        self.least = max(self.least, at + 1.2)

        def make() -> int:
            self.stage.clock_file.write_text(str(seconds))
            return 0

        return Trouble(at, f"clock of {self.moved} {seconds:+.0f} s", make)

    def _queue(self, at: float) -> Trouble:
        def make() -> int:
            assert self.stage.redis is not None
            self.stage.redis.client.flushdb()
            return 0

        return Trouble(at, "Redis emptied", make)

    def _connections(self, at: float) -> Trouble:
        def make() -> int:
            self.stage.cut_connections()
            return 0

        return Trouble(at, "connections cut", make)
