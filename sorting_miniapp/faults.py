"""Named points at which a process dies, for the tests of faults: CRASH_AT, refused outside simulator mode."""

from __future__ import annotations

import os

from flask import current_app


def die() -> None:
    """As by SIGKILL. Tests put something else in its place: a process that freezes."""
    os._exit(137)


def crash_point(name: str) -> None:
    """Die here when CRASH_AT names this point."""
    if current_app.extensions["settings"].crash_at == name:
        die()
