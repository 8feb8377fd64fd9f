"""`make races`: at least 1,000 races on each of three databases, and controls with a guard off that must fail.

The last line sums up; the exit status is 0 when nothing was oversold, underfilled or doubled, every answer held, and
every control failed. RACES sets the number on each database, SEED the first seed, DATABASES which.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import pytest

from sorting_miniapp.db import db
from tests.conftest import DATABASES
from tests.races.judge import Verdict, judge
from tests.races.race import Crowd, run
from tests.races.stage import GUARDED, Stage, staged

RACES, CONTROL_RACES = 1_000, 30
# The entry point with a guard off, and what it must bring about.
CONTROLS = {
    "tests.unguarded.wsgi_oversell:app": "oversold",
    "tests.unguarded.wsgi_underfill:app": "underfilled",
    "tests.unguarded.wsgi_double:app": "doubled",
}


def races(stage: Stage, target: str, seeds: range, *, say: bool = False, until: str = "") -> Verdict:
    """Run the races of these seeds against gunicorn with this entry point; `until` a count is no longer 0."""
    total = Verdict()
    with stage.app.app_context():
        engine = db.engine
    with stage.serving(target) as base:
        crowd = Crowd(base)
        try:
            for seed in seeds:
                total += judge(engine, run(stage, crowd, seed))
                if say and total.races % 100 == 0:
                    print(f"  {total.line()}", flush=True)
                if until and getattr(total, until):
                    break
        finally:
            crowd.close()
    return total


def control(stage: Stage, target: str, seeds: range) -> bool:
    """Whether the races fail, as they must, without this guard."""
    return bool(getattr(races(stage, target, seeds, until=CONTROLS[target]), CONTROLS[target]))


def _on(kind: str, count: int, first: int) -> tuple[Verdict, bool]:
    with tempfile.TemporaryDirectory(prefix="races-") as folder, staged(kind, Path(folder)) as stage:
        begun = time.monotonic()
        print(f"{kind}: seeds {first}..{first + count - 1}", flush=True)
        found = races(stage, GUARDED, range(first, first + count), say=True)
        took = time.monotonic() - begun
        print(f"{kind}: {found.line()}, in {took:.0f} s", flush=True)
        for problem in found.wrong[:20]:
            print(f"  {problem}")
        red = True
        for target, what in CONTROLS.items():
            failed = control(stage, target, range(first, first + CONTROL_RACES))
            print(f"  control {target}: {what if failed else 'nothing happened'}", flush=True)
            red = red and failed
    return found, red


def main() -> int:
    count, first = int(os.environ.get("RACES") or RACES), int(os.environ.get("SEED") or int(time.time()))
    total, red = Verdict(), True
    for kind in (os.environ.get("DATABASES") or ",".join(DATABASES)).split(","):
        try:
            found, failed = _on(kind, count, first)
        except pytest.skip.Exception as reason:
            print(f"{kind}: {reason}")
            return 2
        total += found
        red = red and failed
    print(
        f"races: {total.races}, oversold {total.oversold}, underfilled {total.underfilled}, doubled {total.doubled}, "
        f"controls red: {'yes' if red else 'no'}"
    )
    return 0 if total.good and red else 1


if __name__ == "__main__":
    sys.exit(main())
