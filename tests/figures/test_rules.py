"""The pure rules of figures: periods, and how a number is printed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sorting_miniapp.errors import Invalid
from sorting_miniapp.figures import definitions, periods, styles
from sorting_miniapp.figures.periods import MONTHS, PeriodKind
from sorting_miniapp.figures.styles import Bound, Style
from tests.figures.conftest import CONTENT

DAYS = st.dates(date(2001, 1, 1), date(2098, 12, 31))


@pytest.mark.parametrize(
    ("code", "label"),
    [
        ("2026", "2026年"),
        ("2026-Q3", "2026年第三季度"),
        ("2026-05", "2026年5月"),
        ("20260518-20260524", "2026年5月18日至24日"),
        ("20260528-20260603", "2026年5月28日至6月3日"),
        ("20251229-20260104", "2025年12月29日至2026年1月4日"),
    ],
)
def test_codes_and_what_people_read(code: str, label: str) -> None:
    assert periods.parse(code).label == label
    assert periods.parse(code).code == code


@pytest.mark.parametrize(
    "code", ["", "26", "2026-13", "2026-Q5", "2026-5", "１９９９", "1999", "20260230-20260301", "x"]
)
def test_what_is_no_period_is_refused(code: str) -> None:
    with pytest.raises(Invalid):
        periods.parse(code)


@given(day=DAYS, kind=st.sampled_from(list(MONTHS)), inner=st.sampled_from(list(MONTHS)))
def test_parts_cover_a_period_without_gap_or_overlap(day: date, kind: PeriodKind, inner: PeriodKind) -> None:
    period = periods.of(kind, day)
    assert period.first <= day < period.end
    assert periods.parse(period.code) == period
    parts = periods.parts(period, inner)
    if MONTHS[inner] > MONTHS[kind]:
        assert parts == []
        return
    assert [part.first for part in parts] == [period.first, *(part.end for part in parts[:-1])]
    assert parts[-1].end == period.end
    assert periods.last_ended(kind, period.end) == period
    assert periods.year_before(period).first.year == period.first.year - 1


@pytest.mark.parametrize(
    ("value", "bound", "style", "step", "text"),
    [
        (1523, Bound.EXACT, Style.EXACT, 1, "1523"),
        (1350, Bound.AT_LEAST, Style.OVER, 50, "1350余"),
        (1357, Bound.EXACT, Style.OVER, 50, "1350余"),
        (1350, Bound.EXACT, Style.OVER, 50, "1350"),
        (780, Bound.ABOUT, Style.ABOUT, 10, "约780"),
        (784, Bound.EXACT, Style.ABOUT, 10, "约780"),
        (13_300, Bound.AT_LEAST, Style.WAN_OVER, 100, "1.33万余"),
        (80_345, Bound.EXACT, Style.WAN_OVER, 100, "8.03万余"),
        (9_870, Bound.EXACT, Style.WAN_OVER, 100, "9800余"),
        (40_000, Bound.ABOUT, Style.WAN_ABOUT, 1000, "约4万"),
        (20_000, Bound.EXACT, Style.WAN_OVER, 100, "2万"),
        (50, Bound.AT_LEAST, Style.EXACT, 1, "50余"),
        (96, Bound.ABOUT, Style.OVER, 1, "约96"),
        (0, Bound.EXACT, Style.OVER, 50, "0"),
    ],
)
def test_styles(value: int, bound: Bound, style: Style, step: int, text: str) -> None:
    assert styles.shown(value * 100, bound, style, step) == text


@given(st.integers(0, 10**9), st.sampled_from([Style.OVER, Style.WAN_OVER]), st.sampled_from([1, 10, 50, 100]))
def test_over_never_says_more_than_there_is(value: int, style: Style, step: int) -> None:
    text = styles.shown(value * 100, Bound.EXACT, style, step)
    number = text.removesuffix("余")
    said = float(number.removesuffix("万")) * (10_000 if number.endswith("万") else 1)
    assert said <= value + 1e-6
    assert text.endswith("余") == (value % step > 0)
    assert value - said < step


def test_money_keeps_its_cents_and_people_are_whole() -> None:
    assert styles.plain(styles.parse("31.5", decimals=True)) == "31.5"
    assert styles.parse("1,523", decimals=False) == 152_300
    for text in ("31.5", "-1", "1e3", "", "１２", "999999999999"):
        with pytest.raises(Invalid):
            styles.parse(text, decimals=False)


def test_the_file_is_whole_and_what_is_wrong_is_named(tmp_path: Path) -> None:
    assert definitions.check(CONTENT) == []
    for name in ("orgs.yaml", "tags.yaml"):
        (tmp_path / name).write_text((CONTENT / name).read_text("utf-8"), "utf-8")
    content = yaml.safe_load((CONTENT / definitions.FILE).read_text("utf-8"))
    content["figures"][0] |= {"unit": "尺", "owner": "nobody", "auto": {"of": "moon"}}
    content["figures"].append(content["figures"][1])
    content["checks"][0]["whole"] = "missing"
    (tmp_path / definitions.FILE).write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    problems = "\n".join(definitions.check(tmp_path))
    for words in (
        "单位不认识：尺",
        "填报单位不存在：nobody",
        "统计办法不认识",
        "编号重复：peixun-ren",
        "数字不存在：missing",
    ):
        assert words in problems
