"""The simulator's own reading of the value rules of subscribe messages (Tencent: subscribeMessage.send). Pure."""

from __future__ import annotations

import re

HOUR = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
DATE = r"\d{4}(?:年\d{1,2}月\d{1,2}日|-\d{1,2}-\d{1,2}|/\d{1,2}/\d{1,2})"
STAMP = rf"(?:{DATE}(?:\s?{HOUR})?|{HOUR})"
RULES = {
    "thing": r".{1,20}",
    "number": r"(?=.{1,32}$)[+-]?\d+(?:\.\d+)?",
    "letter": r"[A-Za-z]{1,32}",
    "symbol": r"[^\w\s]{1,5}",
    "character_string": r"[\x20-\x7e]{1,32}",
    "time": rf"{STAMP}(?:\s?~\s?{STAMP})?",
    "date": rf"{DATE}(?:\s?{HOUR})?(?:\s?~\s?{STAMP})?",
    "amount": r"[^\w\s.+-]?\d{1,10}(?:\.\d{1,2})?元?",
    "phone_number": r"[\d+() -]{1,17}",
    "car_number": r"[\u4e00-\u9fff]?[A-Za-z0-9]{1,7}[\u4e00-\u9fff]?",
    "phrase": r"[\u4e00-\u9fff]{1,5}",
    "enum": r".+",
}
KEY = re.compile(r"([a-z_]+?)(\d+)")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
COMPILED = {kind: re.compile(rule) for kind, rule in RULES.items()}


def wrong(key: str, value: object) -> str | None:
    """What WeChat would say of `value` in the field `key` (a type and a number, `thing1`); None when it is good."""
    named = KEY.fullmatch(key)
    kind = named[1] if named else ""
    if kind != "name" and kind not in COMPILED:
        return "keyword not exist"
    if not isinstance(value, str):
        return "is not string"
    if not value.strip():
        return "is empty"
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in value):
        return "has control character"
    if kind == "name":
        return None if len(value) <= (10 if CHINESE.search(value) else 20) else "invalid"
    if kind == "car_number" and len(value) > 8:
        return "invalid"
    return None if COMPILED[kind].fullmatch(value) else "invalid"
