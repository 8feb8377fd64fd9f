"""A process that has imported the service and forks schedulers and workers: real processes, begun in milliseconds.

It reads one JSON object a line and answers each with one: {"role": scheduler | worker, "crash_at", "patches", "tz"}
starts a process and gives its pid, {"status": pid} gives its exit status (null while it lives).
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import sys
import time
import traceback
from typing import Any

from flask import Flask

from sorting_miniapp import config, scheduler, worker
from sorting_miniapp.app import create_app

ROLES = {"scheduler": scheduler.run, "worker": worker.run}
statuses: dict[int, int] = {}


def _child(app: Flask, order: dict[str, Any]) -> None:
    """Never returns."""
    try:
        os.setsid()
        if order.get("tz"):
            os.environ["TZ"] = order["tz"]
            time.tzset()
        settings = app.extensions["settings"]
        app.extensions["settings"] = dataclasses.replace(settings, crash_at=order.get("crash_at", ""))
        for patch in order.get("patches", ()):
            module, _, name = patch.partition(":")
            getattr(importlib.import_module(module), name)()
        with app.app_context():
            ROLES[order["role"]](app)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _reap() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        statuses[pid] = os.waitstatus_to_exitcode(status)


def _answer(app: Flask, order: dict[str, Any]) -> dict[str, Any]:
    _reap()
    if "status" in order:
        return {"status": statuses.get(order["status"])}
    pid = os.fork()
    if pid == 0:
        null = os.open(os.devnull, os.O_RDWR)  # the orders are for the parent
        os.dup2(null, 0)
        os.dup2(2, 1)
        _child(app, order)
    return {"pid": pid}


def main() -> None:
    app = create_app(config.load())
    out = sys.stdout
    out.write("ready\n")
    out.flush()
    for line in sys.stdin:
        out.write(json.dumps(_answer(app, json.loads(line))) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
