"""The simulator as a real process over HTTP, and small methods to drive it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SEND = "/cgi-bin/message/subscribe/send"
NOWHERE = "http://127.0.0.1:9"  # events go nowhere unless a test says where


@dataclass
class Simulator:
    """A running simulator."""

    url: str
    pid: int = 0

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

    def settings_now(self) -> dict[str, Any]:
        return dict(self.call("GET", "/_sim/settings"))

    def follower(self, openid: str) -> str:
        """The official account's openid of a mini-program's."""
        people = self.call("GET", f"/_sim/users/{openid}")
        return str(people["official_openid"])

    def events(self, name: str = "") -> list[dict[str, Any]]:
        """The events made so far; each with the path, body and content_type a callback would get now."""
        return list(self.call("GET", f"/_sim/events?render=1&name={name}")["items"])

    def jobs(self) -> dict[str, Any]:
        return dict(self.call("GET", "/_sim/jobs"))

    def advance(self, seconds: float) -> None:
        """Let the simulator's own time go on."""
        self.call("POST", "/_sim/clock", {"seconds": seconds})

    def wechat(
        self, method: str, path: str, body: Any = None, *, token: str = "", query: Mapping[str, Any] | None = None
    ) -> Any:
        """One of WeChat's methods over raw HTTP: the JSON of its answer, or its bytes."""
        asked = {**({"access_token": token} if token else {}), **(query or {})}
        address = f"{self.url}{path}?{urllib.parse.urlencode(asked)}"
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(address, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            raw = answer.read()
            return json.loads(raw) if answer.headers.get_content_type() == "application/json" else raw

    def upload(self, path: str, token: str, data: bytes, **query: str) -> Any:
        """A multipart upload of one file called media."""
        mark = "simulator-form-boundary"
        head = f'--{mark}\r\nContent-Disposition: form-data; name="media"; filename="a.jpg"\r\n\r\n'.encode()
        asked = urllib.parse.urlencode({"access_token": token, **query})
        request = urllib.request.Request(
            f"{self.url}{path}?{asked}",
            head + data + f"\r\n--{mark}--\r\n".encode(),
            {"Content-Type": f"multipart/form-data; boundary={mark}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

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
        env={"SIMULATOR_CALLBACK_BASE": NOWHERE, **os.environ, **environ, "SIMULATOR_PORT": "0"},
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert "listening on" in line, line
        yield Simulator(line.strip().rsplit(" ", 1)[1], process.pid)
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
