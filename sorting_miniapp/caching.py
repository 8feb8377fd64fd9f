"""Bytes that are the same for everybody, built once per process and kept until a shared version says otherwise."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from flask import g, has_request_context

from sorting_miniapp import clock, state
from sorting_miniapp.web import etag_of, json_bytes

MOST_KEPT = 512


class KeptBytes:
    """Answers under names. They are good while the shared number `version` stands still, for `max_age` seconds."""

    def __init__(self, version: str, max_age: float) -> None:
        self.version, self.max_age = version, max_age
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[int, float, bytes, str]] = {}

    def forget(self) -> None:
        """Build anew at the next look."""
        with self._lock:
            self._kept.clear()

    def get(self, name: str, build: Callable[[], Any]) -> tuple[bytes, str]:
        """(bytes, ETag) of what `build` returns. Exceptions are not kept."""
        version, now = state.get(self.version), clock.monotonic()
        found = self._kept.get(name)
        if found is not None and found[0] == version and now - found[1] < self.max_age:
            _say(self, name)
            return found[2], found[3]
        body = json_bytes(build())
        etag = etag_of(body)
        with self._lock:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[name] = (version, now, body, etag)
        _say(self, name)
        return body, etag

    def still(self, name: str) -> tuple[bytes, str] | None:
        """As `get`, without building and without a look into the database; None when that is needed."""
        found, version = self._kept.get(name), state.peek(self.version)
        if found is None or found[0] != version or clock.monotonic() - found[1] >= self.max_age:
            return None
        return found[2], found[3]


def _say(kept: KeptBytes, name: str) -> None:
    """Let front.py know what this request's answer was made of."""
    if has_request_context():
        g.kept = kept, name


def ask_every_time() -> None:
    """This answer's view does more than answer: front.py must not give the bytes in its place."""
    g.pop("kept", None)
