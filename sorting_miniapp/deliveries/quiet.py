"""Quiet hours (22:00 to 07:00 unless settings say otherwise): no notice, no fan-out, cancellations exempt. Pure."""

from __future__ import annotations

from datetime import datetime

from sorting_miniapp import clock


def is_quiet(moment: datetime, start: int, end: int) -> bool:
    """Whether the moment lies in the hours from `start` to `end` o'clock, local time. Equal hours: never."""
    hour = clock.local(moment).hour
    if start == end:
        return False
    return start <= hour < end if start < end else hour >= start or hour < end
