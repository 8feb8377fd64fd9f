"""Faults, switched on by path and number of calls: slow, reset, accepted and then dropped, broken answers, lost events.

For events the path is `event:NAME` or `event:*`, for calls a path or `/*`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

CODES = {
    "busy": (-1, "system error"),
    "bad_token": (40001, "invalid credential, access_token is invalid or not latest"),
    "quota": (45009, "reach max api daily quota limit"),
    "minute_quota": (45011, "api minute-quota reach limit, must slower retry next minute"),
}
CALL_KINDS = frozenset(CODES) | {
    "latency",  # `value` seconds
    "reset_before",  # the connection is closed, nothing happened
    "accepted_then_dropped",  # it happened, and no answer comes
    "http_500",  # nothing happened; `value` is another status than 500
    "not_json",  # it happened; the answer cannot be read
    "errcode_string",  # it happened; errcode is text
    "errcode",  # nothing happened; `value` is the code
    "drift",  # it happened; ids and numbers come as the other type
}
EVENT_KINDS = frozenset(
    {
        "event_lost",
        "event_doubled",
        "event_late",  # `value` seconds
        "event_drift",  # CreateTime and numbers as text, List in its other shape
        "event_other_spelling",  # FREEPUBLISHJOBFINISH
        "event_bad_signature",
        "event_stale",  # signed an hour ago
        "event_unencrypted",  # a body without Encrypt
        "event_old_shape",  # version 1 of wxa_media_check
    }
)


@dataclass
class Fault:
    """`after` calls pass first, then `times` calls (None: all) meet the fault."""

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
        """Raises ValueError for a fault that cannot be."""
        path, kind = str(body.get("path", "")), str(body.get("kind"))
        kinds = EVENT_KINDS if path.startswith("event:") else CALL_KINDS if path.startswith("/") else frozenset()
        if kind not in kinds:
            raise ValueError("a fault needs a path and a kind that fits it")
        times, value = body.get("times"), float(body.get("value", 0))
        if kind == "http_500" and value and not 500 <= value < 600:
            raise ValueError("a server error is 500 to 599")
        fault = Fault(
            path,
            kind,
            None if times is None else int(times),
            int(body.get("after", 0)),
            value,
        )
        self.active.append(fault)
        return fault

    def met_by(self, path: str) -> dict[str, Fault]:
        """The faults this call or event meets, by kind; their counts go down."""
        if not self.active:
            return {}
        anything = "event:*" if path.startswith("event:") else "/*"
        met = {}
        for fault in self.active:
            if fault.path not in (path, anything):
                continue
            if fault.after > 0:
                fault.after -= 1
            elif fault.times is None:
                met[fault.kind] = fault
            elif fault.times > 0:
                fault.times -= 1
                met[fault.kind] = fault
        self.active = [fault for fault in self.active if fault.times != 0]
        return met

    def clear(self) -> None:
        self.active.clear()
