"""How a number is printed: 1523, 1350余, 约780, 1.33万余 (rules.md, Numbers in reports). Pure: no database.

The exact value is kept; the style is the figure's. `step` is what it rounds to: 余 rounds down and says over, 约 rounds
to the nearest and says about. What is known only as "over" or "about" is never printed as exact, whatever the style.
"""

from __future__ import annotations

import re
from decimal import Decimal
from enum import StrEnum

from sorting_miniapp.errors import Invalid

MOST = 10**13  # hundredths
WAN = 10_000 * 100


class Style(StrEnum):
    EXACT = "exact"
    OVER = "over"
    ABOUT = "about"
    WAN_OVER = "wan_over"
    WAN_ABOUT = "wan_about"


STYLE_NAMES = {
    Style.EXACT: "确数",
    Style.OVER: "余",
    Style.ABOUT: "约",
    Style.WAN_OVER: "万余",
    Style.WAN_ABOUT: "约…万",
}


class Bound(StrEnum):
    """What is known of a value: itself, that it is more, or that it is about so much; from best to worst."""

    EXACT = "exact"
    AT_LEAST = "at_least"
    ABOUT = "about"


BOUND_NAMES = {Bound.EXACT: "确数", Bound.AT_LEAST: "余（不少于）", Bound.ABOUT: "约"}
_ORDER = list(Bound)


def worst(bounds: list[Bound]) -> Bound:
    """What is known of a sum of values."""
    return max(bounds, key=_ORDER.index, default=Bound.EXACT)


def plain(hundredths: int) -> str:
    """The number itself, without trailing zeros: 1523, 31.5."""
    return f"{Decimal(hundredths).scaleb(-2):f}".rstrip("0").rstrip(".") if hundredths % 100 else str(hundredths // 100)


def parse(text: str, decimals: bool) -> int:
    """What somebody typed, in hundredths; decimals only for money. Raises Invalid."""
    text = text.strip().replace(",", "").replace("，", "")
    if not re.fullmatch(r"[0-9]{1,11}(\.[0-9]{1,2})?", text):
        raise Invalid("value", "数值须为不小于 0 的数" + ("，最多两位小数" if decimals else ""))
    hundredths = int(Decimal(text).scaleb(2))
    if hundredths % 100 and not decimals:
        raise Invalid("value", "数值须为整数")
    if hundredths > MOST:
        raise Invalid("value", "数值太大")
    return hundredths


def shown(hundredths: int, bound: Bound, style: Style, step: int = 1) -> str:
    """The number as the report prints it, without its unit. `step` counts whole units."""
    unit = max(step, 1) * 100
    if style is Style.EXACT:
        return _with(plain(hundredths), bound)
    about = style in (Style.ABOUT, Style.WAN_ABOUT) or bound is Bound.ABOUT
    rounded = (hundredths + unit // 2) // unit * unit if about else hundredths // unit * unit
    text = plain(rounded)
    if style in (Style.WAN_OVER, Style.WAN_ABOUT) and rounded >= WAN:
        text = f"{Decimal(rounded) / WAN:f}".rstrip("0").rstrip(".") if rounded % WAN else str(rounded // WAN)
        text += "万"
    if about:
        return f"约{text}"
    return f"{text}余" if bound is Bound.AT_LEAST or rounded < hundredths else text


def _with(text: str, bound: Bound) -> str:
    return {Bound.EXACT: text, Bound.AT_LEAST: f"{text}余", Bound.ABOUT: f"约{text}"}[bound]
