"""The short form of `make faults`: some points, freezes and seeds on each database; controls, which must fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import DATABASES, unreachable
from tests.faults import outages, runs, steering
from tests.faults.controls import CONTROLS, control, red
from tests.faults.judge import Verdict
from tests.faults.points import ELSEWHERE, POINTS, in_the_code
from tests.faults.stage import Stage, staged

SHORT: dict[str, tuple[Callable[[Stage], Verdict], ...]] = {
    "sqlite": (
        lambda stage: runs.crash(stage, "sending_committed"),
        lambda stage: runs.crash(stage, "after_post_before_commit"),
        lambda stage: runs.frozen(stage, "after_draft_before_commit"),
        lambda stage: runs.seeded(stage, 3),
    ),
    "postgresql": (
        lambda stage: runs.crash(stage, "answers_before_record"),
        lambda stage: runs.frozen(stage, "sending_committed"),
        lambda stage: runs.steered(stage, steering.pause_and_resume),
        lambda stage: runs.seeded(stage, 5),
    ),
    "mysql": (
        lambda stage: runs.crash(stage, "before_post"),
        lambda stage: runs.frozen(stage, "runner_taken"),
        lambda stage: runs.steered(stage, steering.cancel),
        lambda stage: outages.redis_killed(stage, 2),
        lambda stage: runs.seeded(stage, 7),
    ),
}


def test_every_point_in_the_code_is_in_the_campaign() -> None:
    assert in_the_code() - ELSEWHERE == set(POINTS)


@pytest.mark.parametrize("kind", DATABASES)
def test_nothing_is_lost_or_doubled(kind: str, tmp_path: Path) -> None:
    total = Verdict()
    with staged(kind, tmp_path) as stage:
        if kind != "sqlite" and not stage.redis:
            unreachable("Redis", "redis-server is not installed")
        for run in SHORT[kind]:
            total += run(stage)
    assert total.good, total
    assert total.runs == len(SHORT[kind])


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged("sqlite", tmp_path_factory.mktemp("controls")) as found:
        yield found


@pytest.mark.parametrize("patch", CONTROLS)
def test_without_its_guard_something_is_lost_or_doubled(patch: str, stage: Stage) -> None:
    found = control(stage, patch)
    assert red(found), found
