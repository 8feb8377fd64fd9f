"""The tables of hours: half hours, rounding, stars, tiers of a day, who approves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorting_miniapp.hours import rounding, tiers
from sorting_miniapp.hours.models import Tier


@given(st.integers(0, 100_000))
def test_half_hours_follow_the_table(minutes: int) -> None:
    hours = float(rounding.half_hour(minutes))
    rest = minutes % 60
    assert hours == minutes // 60 + (0 if rest <= 15 else 0.5 if rest <= 45 else 1)
    assert abs(hours * 60 - minutes) <= 15
    assert float(rounding.half_hour_down(minutes)) * 60 <= minutes
    assert float(rounding.half_hour(minutes + 1)) >= hours


@pytest.mark.parametrize(
    ("minutes", "hours"), [(0, "0"), (15, "0"), (16, "0.5"), (45, "0.5"), (46, "1"), (60, "1"), (75, "1"), (106, "2")]
)
def test_the_default_rounding(minutes: int, hours: str) -> None:
    assert rounding.by_policy("half_hour", minutes)[0] == hours
    assert rounding.by_policy("unheard of", minutes)[0] == hours


@pytest.mark.parametrize(("hours", "stars"), [(99, 0), (100, 1), (300, 2), (600, 3), (1000, 4), (1499, 4), (1500, 5)])
def test_stars(hours: int, stars: int) -> None:
    assert rounding.stars(hours * 60) == stars


@pytest.mark.parametrize(
    ("minutes", "tier"), [(480, Tier.OWN), (481, Tier.PARENT), (720, Tier.PARENT), (721, Tier.HIGHEST)]
)
def test_tiers_of_a_day(minutes: int, tier: Tier) -> None:
    assert tiers.needed(minutes, 8, 12) is tier


def test_the_approvers_node() -> None:
    assert [tiers.path_for(tier, "1/5/9/") for tier in Tier] == ["1/5/9/", "1/5/", "1/"]
    assert [tiers.path_for(tier, "1/") for tier in Tier] == ["1/", "1/", "1/"]
