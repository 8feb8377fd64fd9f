"""Time that is not quiet: until when an offer stands when the night does not count. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sorting_miniapp import clock
from sorting_miniapp.deliveries.quiet import is_quiet


def _next_hour(moment: datetime, hour: int) -> datetime:
    """The next moment strictly after `moment` at which the local clock shows `hour`:00."""
    local = clock.local(moment)
    found = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return (found if found > local else found + timedelta(days=1)).astimezone(UTC)


def add_minutes(start: datetime, minutes: int, quiet_from: int, quiet_to: int) -> datetime:
    """The moment at which `minutes` of non-quiet time have passed since `start` (design.md §6, Places freed).

    Hours are local (Asia/Shanghai has no daylight saving), `minutes` >= 0. Never ends inside the quiet hours.
    """
    left, moment = timedelta(minutes=minutes), start.astimezone(UTC)
    while True:
        if is_quiet(moment, quiet_from, quiet_to):
            moment = _next_hour(moment, quiet_to)
        if quiet_from == quiet_to:
            return moment + left
        night = _next_hour(moment, quiet_from)
        if moment + left < night:
            return moment + left
        left -= night - moment
        moment = night
