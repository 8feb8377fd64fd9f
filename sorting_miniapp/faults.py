"""Named points at which a process dies, for the tests of faults: CRASH_AT, refused outside simulator mode."""

from __future__ import annotations

import os

from flask import current_app


def crash_point(name: str) -> None:
    """Die here, as by SIGKILL, when CRASH_AT names this point."""
    if current_app.extensions["settings"].crash_at == name:
        os._exit(137)
