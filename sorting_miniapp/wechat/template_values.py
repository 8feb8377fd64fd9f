"""The value rules of subscribe messages (Tencent: subscribeMessage.send, "参数值内容限制说明"). Pure.

A field's key is its type and a number, `thing1`. A value that breaks its rule is answered 47003 and cannot be retried.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

LONGEST = {
    "thing": 20,
    "number": 32,
    "letter": 32,
    "symbol": 5,
    "character_string": 32,
    "phone_number": 17,
    "car_number": 8,
    "name": 10,
    "phrase": 5,
}
CUTTABLE = frozenset({"thing"})
CHINESE = re.compile(r"[\u4e00-\u9fff]+")
CLOCK = r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?"
DAY = r"(\d{4}年\d{1,2}月\d{1,2}日|\d{4}-\d{1,2}-\d{1,2})"
# A time needs its hour, a date its day; either may have both.
MOMENTS = {
    "time": re.compile(rf"({DAY}\s?)?{CLOCK}", re.ASCII),
    "date": re.compile(rf"{DAY}(\s?{CLOCK})?", re.ASCII),
}
AMOUNT = re.compile(r"[¥￥$€£]?\d{1,10}(\.\d{1,2})?元?", re.ASCII)
_PATTERNS: dict[str, Callable[[str], object]] = {
    "number": re.compile(r"-?\d+(\.\d+)?", re.ASCII).fullmatch,
    "letter": re.compile(r"[A-Za-z]+").fullmatch,
    "symbol": re.compile(r"[^\w\s]+").fullmatch,
    "character_string": re.compile(r"[\x21-\x7e ]+").fullmatch,
    "phone_number": re.compile(r"[\d+\-() ]+", re.ASCII).fullmatch,
    "car_number": re.compile(r"[\u4e00-\u9fff]?[A-Za-z0-9]{1,7}[\u4e00-\u9fff]?").fullmatch,
    "phrase": CHINESE.fullmatch,
    "amount": AMOUNT.fullmatch,
}


def kind_of(key: str) -> str:
    """`thing` for `thing12`."""
    return key.rstrip("0123456789")


def problem(key: str, value: str) -> str | None:
    """Why the value breaks the rule of its field, in Chinese; None when it is good."""
    kind = kind_of(key)
    if kind not in LONGEST and kind not in ("time", "date", "amount", "enum", "const"):
        return "没有这种字段"
    if not value.strip():
        return "内容为空"
    if any(unicodedata.category(letter) in ("Cc", "Zl", "Zp") for letter in value):
        return "含有换行或控制字符"
    if kind in ("time", "date"):
        parts = value.split("~")
        good = len(parts) <= 2 and all(MOMENTS[kind].fullmatch(part.strip()) for part in parts)
        return None if good else "不是 24 小时制的时间" if kind == "time" else "不是年月日"
    if kind == "name":
        most = LONGEST["name"] if CHINESE.search(value) else 20
        return None if len(value) <= most else f"超过 {most} 个字"
    if len(value) > LONGEST.get(kind, 200):
        return f"超过 {LONGEST[kind]} 个字"
    pattern = _PATTERNS.get(kind)
    return None if pattern is None or pattern(value) else "不合字段的格式"


def first_problem(values: Mapping[str, str]) -> str:
    """`thing1: 超过 20 个字` for the first field whose value breaks its rule; '' when all are good."""
    return next((f"{key}: {wrong}" for key, value in values.items() if (wrong := problem(key, value))), "")


def shorten(key: str, value: str) -> str:
    """The value with spaces for line breaks, cut with an ellipsis where its kind allows cutting (thing: 20)."""
    kind = kind_of(key)
    flat = " ".join(value.split())
    if kind in CUTTABLE and len(flat) > LONGEST[kind]:
        return flat[: LONGEST[kind] - 1] + "…"
    return flat
