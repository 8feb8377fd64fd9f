"""The simulator as a real process over HTTP, and small methods to drive it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SEND = "/cgi-bin/message/subscribe/send"


@dataclass
class Simulator:
    """A running simulator."""

    url: str

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def new_user(self) -> str:
        return str(self.call("POST", "/_sim/users", {})["openid"])

    def code(self, openid: str) -> str:
        return str(self.call("POST", f"/_sim/users/{openid}/codes", {})["code"])

    def subscribe(self, openid: str, template: str, times: int = 1) -> None:
        self.call("POST", f"/_sim/users/{openid}/subscriptions", {"template": template, "accept": True, "times": times})

    def subscribers(self, template: str, count: int) -> list[str]:
        return list(self.call("POST", "/_sim/subscriptions", {"template": template, "count": count})["openids"])

    def summary(self, path: str = "") -> dict[str, Any]:
        return dict(self.call("GET", f"/_sim/received?summary=1&path={path}"))

    def received(self, path: str = "") -> list[dict[str, Any]]:
        return list(self.call("GET", f"/_sim/received?path={path}")["items"])

    def phone(self, openid: str) -> list[dict[str, Any]]:
        return list(self.call("GET", f"/_sim/users/{openid}/phone")["messages"])

    def fault(self, path: str, kind: str, **more: Any) -> None:
        self.call("POST", "/_sim/faults", {"path": path, "kind": kind, **more})

    def settings(self, **values: Any) -> None:
        self.call("POST", "/_sim/settings", values)

    def reset(self) -> None:
        self.call("POST", "/_sim/reset", {})


@contextmanager
def running(environ: Mapping[str, str]) -> Iterator[Simulator]:
    """Start it on a free port with this environment; it ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sorting_miniapp.wechat.simulator"],
        env={**os.environ, **environ, "SIMULATOR_PORT": "0"},
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert "listening on" in line, line
        yield Simulator(line.strip().rsplit(" ", 1)[1])
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
