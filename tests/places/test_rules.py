"""Opening times read minute by minute, distances against a naive model, coordinates that cannot be right."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorting_miniapp import clock, points
from sorting_miniapp.places import drafts, opening

MONDAY = datetime(2026, 6, 8, tzinfo=clock.LOCAL)
DAYS = {
    "": range(7), "每天 ": range(7), "工作日 ": range(5), "周末": (5, 6), "周一至周三 ": range(3), 
    "周六、周日 ": (5, 6), "周五至周一": (4, 5, 6, 0), "星期天 ": (6,), "周一、周三至周五 ": (0, 2, 3, 4),
}  # fmt: skip
TIMES = {
    "全天": [(0, 1440)], "06:00-22:00": [(360, 1320)], "7:00～9:00、18:00-20:30": [(420, 540), (1080, 1230)],
    "22:00-06:00": [(1320, 1800)], "00:00-24:00": [(0, 1440)],
}  # fmt: skip


def open_at(rules: list[tuple[str, str]], minute: int) -> bool:
    """The plain reading: some rule names this day, or yesterday past midnight, and the minute lies in its times."""
    for days, times in rules:
        for back in (0, 1):
            day, within = (minute // 1440 - back) % 7, minute % 1440 + back * 1440
            if day in DAYS[days] and any(start <= within < end for start, end in TIMES[times]):
                return True
    return False


@given(
    st.lists(st.tuples(st.sampled_from(sorted(DAYS)), st.sampled_from(sorted(TIMES))), min_size=1, max_size=3),
    st.integers(0, 7 * 1440 - 1),
)
def test_a_place_is_open_when_its_text_says_so(rules: list[tuple[str, str]], minute: int) -> None:
    text = "；".join(days + times for days, times in rules)
    found = opening.standing(text, MONDAY + timedelta(minutes=minute))
    assert found is not None
    assert found.open is open_at(rules, minute), text
    following = next(
        (m for m in range(minute + 1, minute + 10081) if open_at(rules, m % 10080) is not found.open), None
    )
    told = None if found.changes_at is None else round((found.changes_at - MONDAY).total_seconds() / 60)
    assert told == following, text


@pytest.mark.parametrize(
    "text", ["早上", "周一", "8-12", "25:00-26:00", "周八 08:00-09:00", "08:00-08:00", "；", "24:00-06:00"]
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        opening.parse(text)


def test_nothing_written_is_not_known() -> None:
    assert opening.standing(" ", MONDAY) is None


EVERYWHERE = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


def chord(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The distance over the sphere by another way: the angle between two vectors."""
    vectors = []
    for lat, lng in (one, other):
        north, east = math.radians(lat), math.radians(lng)
        vectors.append((math.cos(north) * math.cos(east), math.cos(north) * math.sin(east), math.sin(north)))
    across = math.dist(*vectors)
    return 2 * points.EARTH * math.asin(min(1.0, across / 2))


@given(EVERYWHERE, EVERYWHERE)
def test_the_distance_is_that_over_the_sphere(one: tuple[float, float], other: tuple[float, float]) -> None:
    assert abs(points.metres(one, other) - chord(one, other)) <= 2


@given(EVERYWHERE, EVERYWHERE, st.floats(1, 500_000))
def test_the_box_holds_everything_within_the_radius(
    centre: tuple[float, float], other: tuple[float, float], radius: float
) -> None:
    near = (
        max(-90.0, min(90.0, centre[0] + other[0] * radius / 9_000_000)),
        max(-180.0, min(180.0, centre[1] + other[1] * radius / 9_000_000)),
    )
    box = points.box(centre, radius)
    if box is not None and points.metres(centre, near) < radius - 1:
        south, north, west, east = box
        assert south <= near[0] * points.E5 <= north
        assert west <= near[1] * points.E5 <= east


@pytest.mark.parametrize(
    ("lat", "lng", "words"),
    [
        (24.779, 112.377, ""),
        (112.377, 24.779, "填反了"),
        (24.779, None, "请填写纬度和经度"),
        (23.13, 113.26, "不在本市范围内（离市区 2"),
        (95.0, 200.0, "坐标有误"),
        (0.0, 0.0, "不在本市范围内"),
    ],
)
def test_coordinates_that_cannot_be_right(lat: float, lng: float | None, words: str) -> None:
    found = drafts.misplaced(lat, lng, 60)
    assert words in found
    assert bool(words) is bool(found)
