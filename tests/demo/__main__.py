"""Play the day on SQLite, or on the database in DEMO_DATABASE_URL; exit 1 at the first step that fails."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.demo.day import Day
from tests.demo.processes import Instance


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="demo-"))
    instance = Instance(folder, os.environ.get("DEMO_DATABASE_URL", ""))
    day = Day(instance)
    print(f"database: {instance.engine.dialect.name}")
    good = False
    try:
        instance.prepare()
        instance.start("simulator", "web", "scheduler", "worker")
        instance.wait_until_ready()
        for number, step in enumerate(day.steps(), 1):
            begun = time.monotonic()
            try:
                figures = step()
            except AssertionError as error:
                print(f"{number}  {step.__name__:<10} FAILED  {error}")
                return 1
            print(f"{number}  {step.__name__:<10} ok  {time.monotonic() - begun:5.1f} s  {figures}", flush=True)
        good = True
    finally:
        instance.stop()
        if good:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"logs: {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
