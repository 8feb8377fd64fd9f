"""A fresh instance of the whole service: its folder, its environment, its processes on free ports."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import Engine, create_engine, text

from sorting_miniapp import config
from sorting_miniapp.cli.instance import environment

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
COMMANDS = {
    "simulator": [sys.executable, "-m", "sorting_miniapp.wechat.simulator"],
    "web": [str(BIN / "gunicorn"), "-c", "gunicorn.conf.py", "wsgi:app"],
    "scheduler": [str(BIN / "flask"), "--app", "wsgi:app", "scheduler"],
    "worker": [str(BIN / "flask"), "--app", "wsgi:app", "worker"],
}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Instance:
    """The processes of one run. `stop` ends those that it started, and only those."""

    def __init__(self, folder: Path, database_url: str = "", **more: str) -> None:
        self.folder = folder
        own = ("SECRET_KEY", "DATA_KEYS", "DEMO_PASSWORD", "PORT", "SIMULATOR_PORT", "REDIS_URL")
        given = {name: value for name, value in os.environ.items() if name not in own and "WECHAT" not in name}
        self.environ = environment(folder, given) | {
            "PORT": str(free_port()),
            "SIMULATOR_PORT": str(free_port()),
            "DATABASE_URL": database_url or f"sqlite:///{folder / 'app.db'}",
            "WECHAT_CONNECT_TIMEOUT": "0.5",
            "WECHAT_READ_TIMEOUT": "1",
            "LEASE_SECONDS": "3",
            "LOG_LEVEL": "WARNING",
            **more,
        }
        self.environ["WECHAT_API_BASE"] = self.simulator = f"http://127.0.0.1:{self.environ['SIMULATOR_PORT']}"
        self.web = f"http://127.0.0.1:{self.environ['PORT']}"
        self.password = self.environ["DEMO_PASSWORD"]
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        url = config.normalise_database_url(self.environ["DATABASE_URL"], folder)
        self.engine: Engine = create_engine(url)

    def prepare(self) -> None:
        """Migrate, load the content, make the demo staff."""
        code = "import os; from sorting_miniapp.cli import run; run.prepare({k: v for k, v in os.environ.items()})"
        subprocess.run([sys.executable, "-c", code], env=self._env(), cwd=ROOT, check=True, timeout=120)

    def _env(self) -> dict[str, str]:
        return {**os.environ, **self.environ, "PYTHONUNBUFFERED": "1"}

    def start(self, *names: str) -> None:
        for name in names:
            with (self.folder / f"{name}.log").open("ab") as log:
                self.running[name] = subprocess.Popen(
                    COMMANDS[name], env=self._env(), cwd=ROOT, stdout=log, stderr=log, start_new_session=True
                )

    def kill(self, *names: str) -> None:
        """SIGKILL to the processes' groups."""
        for name in names:
            process = self.running.pop(name)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)

    def wait_until_ready(self, seconds: float = 60) -> None:
        for url in (f"{self.simulator}/_sim/received?summary=1", f"{self.web}/readyz"):
            wait_for(lambda url=url: _answers(url), seconds, url)  # type: ignore[misc]

    def shift_clock(self, seconds: float) -> None:
        """Move domain time to this many seconds ahead of the wall, for every process."""
        command = [str(BIN / "flask"), "--app", "wsgi:app", "clock", "shift", "--", str(seconds)]
        subprocess.run(command, env=self._env(), cwd=ROOT, check=True, timeout=60, capture_output=True)
        time.sleep(1.5)  # every process reads the number at most half a second late; a busy machine, somewhat later

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """What the database says."""
        with self.engine.connect() as connection:
            return list(connection.execute(text(statement), values))

    def one(self, statement: str, **values: Any) -> Any:
        return self.rows(statement, **values)[0][0]

    def stop(self) -> None:
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        self.running.clear()
        self.engine.dispose()


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).status_code == 200
    except requests.RequestException:
        return False


def wait_for(condition: Any, seconds: float, what: str) -> Any:
    """The condition's first true value. Raises AssertionError when it stays false."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds:g} s in vain: {what}")
