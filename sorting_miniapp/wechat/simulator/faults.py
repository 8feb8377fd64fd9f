"""Faults, switched on by path and number of calls: slow, reset, accepted and then dropped, busy, broken answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

KINDS = frozenset(
    {
        "latency",
        "reset_before",
        "accepted_then_dropped",
        "busy",
        "http_500",
        "not_json",
        "errcode_string",
        "bad_token",
        "quota",
        "minute_quota",
    }
)
ANSWERS = {
    "busy": (-1, "system error"),
    "bad_token": (40001, "invalid credential, access_token is invalid or not latest"),
    "quota": (45009, "reach max api daily quota limit"),
    "minute_quota": (45011, "api minute-quota reach limit, must slower retry next minute"),
}


@dataclass
class Fault:
    """`after` calls pass first, then `times` calls (None: all) meet the fault. `value` is latency in seconds."""

    path: str
    kind: str
    times: int | None = None
    after: int = 0
    value: float = 0.0


@dataclass
class Faults:
    """The faults in force, in the order they were added."""

    active: list[Fault] = field(default_factory=list)

    def add(self, body: dict[str, Any]) -> Fault:
        if body.get("kind") not in KINDS or not str(body.get("path", "")).startswith("/"):
            raise ValueError("a fault needs a path and a known kind")
        times = body.get("times")
        fault = Fault(
            str(body["path"]),
            str(body["kind"]),
            None if times is None else int(times),
            int(body.get("after", 0)),
            float(body.get("value", 0)),
        )
        self.active.append(fault)
        return fault

    def met_by(self, path: str) -> list[Fault]:
        """The faults this call meets; their counts go down."""
        met = []
        for fault in self.active:
            if fault.path not in (path, "/*"):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            if fault.times is not None:
                if fault.times <= 0:
                    continue
                fault.times -= 1
            met.append(fault)
        return met

    def clear(self) -> None:
        self.active.clear()
