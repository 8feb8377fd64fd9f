"""What stands in for a moment the machine does not give by itself: a frozen process, a host with another clock."""

from __future__ import annotations

import os
import signal
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import apscheduler.schedulers.base as scheduling

from sorting_miniapp import clock, faults

CLOCK = "FAULTS_CLOCK"  # names a file with the seconds this host's clock is wrong by
_real_now = clock.wall_now
_frozen = False


def freeze() -> None:
    """At the crash point the process stops, as by SIGSTOP, once; SIGCONT lets it go on from there."""

    def stop() -> None:
        global _frozen
        if not _frozen:
            _frozen = True
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)  # this thread goes no step further

    faults.die = stop


def _wrong_by() -> timedelta:
    try:
        return timedelta(seconds=float(Path(os.environ[CLOCK]).read_text()))
    except (FileNotFoundError, ValueError):
        return timedelta(0)


class _Moved(datetime):
    """APScheduler's own look at the clock."""

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return datetime.now(tz) + _wrong_by()


def moved_clock() -> None:
    """This process's wall clock is wrong by what the file says at the moment."""
    clock.wall_now = lambda: _real_now() + _wrong_by()
    scheduling.datetime = _Moved
