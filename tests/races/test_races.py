"""The short form of `make races`: a few races on each database, and the controls, which must fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import DATABASES
from tests.races.__main__ import CONTROLS, control, races
from tests.races.stage import GUARDED, staged

SEED = 20260610


@pytest.mark.parametrize("kind", DATABASES)
def test_no_place_is_oversold_left_free_or_given_twice(kind: str, tmp_path: Path) -> None:
    with staged(kind, tmp_path) as stage:
        found = races(stage, GUARDED, range(SEED, SEED + 8))
        assert found.good, found
        assert found.races == 8


@pytest.mark.parametrize("target", CONTROLS)
def test_without_its_guard_the_race_fails(target: str, tmp_path: Path) -> None:
    with staged("sqlite", tmp_path) as stage:
        assert control(stage, target, range(SEED, SEED + 30)), "not one of thirty"
