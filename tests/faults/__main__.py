"""`make faults`: crash points, freezes, seeded trouble and steering on three databases, and controls that must fail.

The databases go side by side, each with a simulator and processes of its own. The last line sums up; the exit status
is 0 when nothing was lost or doubled, no more is unknown than was under way at a kill or had its answer dropped, and
every control failed. RUNS sets the seeded runs on each database, SEED the first seed, DATABASES which.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from itertools import chain
from pathlib import Path

import pytest

from tests.conftest import DATABASES
from tests.demo.processes import ROOT
from tests.faults import outages, runs, steering
from tests.faults.controls import CONTROLS, control, red
from tests.faults.judge import HEADING, Verdict
from tests.faults.points import BEFORE, POINTS
from tests.faults.servers import OwnPostgres
from tests.faults.stage import Stage, staged

RUNS = 50
ONE = "--one"


def _campaign(stage: Stage, seeds: range) -> Iterator[tuple[str, Callable[[], Verdict]]]:
    for point in POINTS:
        yield "crash points", lambda point=point: runs.crash(stage, point)  # type: ignore[misc]
    for point in POINTS.keys() - BEFORE.keys():
        yield "frozen at a point", lambda point=point: runs.frozen(stage, point)  # type: ignore[misc]
    for steps in steering.ALL:
        yield "paused, resumed, cancelled", lambda steps=steps: runs.steered(stage, steps)  # type: ignore[misc]
    for after in outages.AFTER if stage.redis else ():
        yield "Redis killed and emptied", lambda after=after: outages.redis_killed(stage, after)  # type: ignore[misc]
    for seed in seeds:
        yield "seeded trouble", lambda seed=seed: runs.seeded(stage, seed)  # type: ignore[misc]


def _outages() -> Iterator[tuple[str, Callable[[], Verdict]]]:
    with outages.own_database() as (stage, own):
        for after in outages.AFTER:
            yield "database killed", lambda after=after: outages.database_killed(stage, own, after)  # type: ignore[misc]


def _one(kind: str, seeds: range) -> int:
    """The campaign on one database; the last line is its outcome as JSON."""
    rows: dict[str, Verdict] = {}
    reds: dict[str, bool] = {}
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="faults-") as folder, staged(kind, Path(folder)) as stage:
        more = _outages() if kind == "postgresql" and OwnPostgres.installed() else iter(())
        for row, run in chain(_campaign(stage, seeds), more):
            found = _run(run)
            rows[row] = rows.get(row, Verdict())
            rows[row] += found
            if not found.good:
                print(f"{kind}: {row}: {found}", flush=True)
        for patch in CONTROLS:
            reds[patch] = red(control(stage, patch))
    took = round(time.monotonic() - begun)
    told = {"rows": {name: asdict(one) for name, one in rows.items()}, "red": reds, "seconds": took}
    print(json.dumps(told))
    return 0


def _run(run: Callable[[], Verdict]) -> Verdict:
    try:
        return run()
    except AssertionError as error:
        return Verdict(runs=1, wrong=[str(error)])


def _show(kind: str, told: dict[str, object], total: Verdict) -> bool:
    rows, reds = told["rows"], told["red"]
    assert isinstance(rows, dict)
    assert isinstance(reds, dict)
    print(f"\n{kind}, {told['seconds']} s\n{HEADING}")
    for name, values in rows.items():
        one = Verdict(**values)
        total += one
        print(f"{name:<34} {one.line()}")
    for name, failed in reds.items():
        print(f"control {name.partition(':')[2]:<40} {'failed, as it must' if failed else 'NOTHING HAPPENED'}")
    return all(reds.values())


def _side_by_side(environ: dict[str, str]) -> Iterator[tuple[str, dict[str, object] | None]]:
    """(database, outcome) as they end; None where one could not be run, after what it said."""
    kinds = (os.environ.get("DATABASES") or ",".join(DATABASES)).split(",")
    with ExitStack() as stack:
        # The simulator tells of each connection that a kill cut: of no interest unless something breaks.
        noise = {kind: stack.enter_context(tempfile.TemporaryFile("w+")) for kind in kinds}
        processes = {
            kind: subprocess.Popen(
                [sys.executable, "-m", "tests.faults", ONE, kind], env=environ, cwd=ROOT, stdout=subprocess.PIPE,
                stderr=noise[kind], text=True,
            )
            for kind in kinds
        }  # fmt: skip
        for kind, process in processes.items():
            said = process.communicate()[0].strip().splitlines()
            if process.returncode:
                noise[kind].seek(0)
                print("\n".join(said[-20:]), noise[kind].read()[-3000:], sep="\n")
                yield kind, None
                continue
            print("\n".join(said[:-1]), flush=True)
            yield kind, json.loads(said[-1])


def main() -> int:
    first, count = int(os.environ.get("SEED") or time.time()), int(os.environ.get("RUNS") or RUNS)
    if ONE in sys.argv:
        try:
            return _one(sys.argv[-1], range(first, first + count))
        except pytest.skip.Exception as reason:
            print(reason)
            return 2
    print(f"seeds {first}..{first + count - 1}", flush=True)
    total, all_red = Verdict(), True
    for kind, told in _side_by_side({**os.environ, "SEED": str(first)}):
        if told is None:
            return 2
        all_red = _show(kind, told, total) and all_red
    print(
        f"\nfaults: {total.runs} runs, {total.lost} lost, {total.doubled} doubled, {total.unknown} unknown, "
        f"controls red: {'yes' if all_red else 'no'}"
    )
    return 0 if total.good and all_red else 1


if __name__ == "__main__":
    sys.exit(main())
