"""Schedulers and workers as they are started, killed, frozen and watched from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.demo.processes import ROOT, wait_for


@dataclass(frozen=True)
class Process:
    """One of the forked processes; `role` is scheduler or worker."""

    pid: int
    role: str


class Zygote:
    """The parent of the processes."""

    def __init__(self, environ: dict[str, str], log: Path) -> None:
        self.log = log.open("ab")
        self.parent = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.zygote"], env={**os.environ, **environ}, cwd=ROOT,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
        )  # fmt: skip
        assert self.parent.stdout is not None
        assert self.parent.stdout.readline() == "ready\n", log.read_text()
        self.living: dict[int, Process] = {}

    def _ask(self, **order: Any) -> dict[str, Any]:
        assert self.parent.stdin is not None
        assert self.parent.stdout is not None
        self.parent.stdin.write(json.dumps(order) + "\n")
        self.parent.stdin.flush()
        return dict(json.loads(self.parent.stdout.readline()))

    def start(self, role: str, crash_at: str = "", patches: tuple[str, ...] = (), tz: str = "") -> Process:
        made = Process(int(self._ask(role=role, crash_at=crash_at, patches=patches, tz=tz)["pid"]), role)
        self.living[made.pid] = made
        return made

    def status(self, process: Process) -> int | None:
        """Its exit status (negative: the signal), None while it lives."""
        found = self._ask(status=process.pid)["status"]
        if found is not None:
            self.living.pop(process.pid, None)
        return None if found is None else int(found)

    def kill(self, process: Process) -> None:
        os.kill(process.pid, signal.SIGKILL)
        wait_for(lambda: self.status(process) is not None, 10, f"{process} to die")

    @staticmethod
    def stop(process: Process) -> None:
        """Returns when the last of its threads stands still: one in the kernel ends its write first."""
        os.kill(process.pid, signal.SIGSTOP)
        wait_for(lambda: Zygote.stopped(process), 10, f"{process} to stop")

    @staticmethod
    def go_on(process: Process) -> None:
        os.kill(process.pid, signal.SIGCONT)

    @staticmethod
    def stopped(process: Process) -> bool:
        """Whether all its threads stand still."""
        threads = Path(f"/proc/{process.pid}/task").glob("*/stat")
        return all(one.read_text().rpartition(")")[2].split()[0] == "T" for one in threads)

    def kill_all(self) -> None:
        for one in list(self.living.values()):
            self.kill(one)

    def close(self) -> None:
        self.kill_all()
        assert self.parent.stdin is not None
        self.parent.stdin.close()
        self.parent.wait(60)
        self.log.close()
        if self.parent.stdout:
            self.parent.stdout.close()
