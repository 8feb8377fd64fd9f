"""Checks of what a volunteer says of themselves. Pure."""

from __future__ import annotations

import re
from datetime import date

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK = "10X98765432"


def id_card_birth(number: str) -> date | None:
    """The birth date in a resident identity number, or None when the number is not valid (GB 11643-1999)."""
    if not re.fullmatch(r"[1-9][0-9]{16}[0-9X]", number):
        return None
    if CHECK[sum(int(digit) * weight for digit, weight in zip(number[:17], WEIGHTS, strict=True)) % 11] != number[17]:
        return None
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def age_on(birth: date, day: date) -> int:
    """Full years."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
