"""Checks of what a volunteer says of themselves. Pure."""

from __future__ import annotations

import re
from datetime import date

from sorting_miniapp.hours.models import DocumentKind

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK = "10X98765432"
# Travel permits, and residence permits of 18 digits: 810000… Hong Kong, 820000… Macau, 830000… Taiwan.
PATTERNS = {
    DocumentKind.HK_MACAU: r"[HM][0-9]{8}([0-9]{2})?|8[12]0000[0-9]{11}[0-9X]",
    DocumentKind.TAIWAN: r"[0-9]{8}|[0-9]{10}[A-Z]?|830000[0-9]{11}[0-9X]",
    DocumentKind.PASSPORT: r"[A-Z0-9]{5,20}",
    DocumentKind.OTHER: r"[A-Z0-9-]{4,40}",
}


def tidy(document: str) -> str:
    """Without spaces, letters large, full-width digits and the several ways to write X made one."""
    return re.sub(r"\s", "", document).translate(str.maketrans("０１２３４５６７８９ｘＸ×", "0123456789XXX")).upper()


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


def check_document(kind: DocumentKind, number: str) -> tuple[bool, date | None]:
    """(whether a tidied number can be right, the birth date it holds). Eighteen digits carry a check digit."""
    holds_birth = kind is DocumentKind.ID_CARD or (
        kind in (DocumentKind.HK_MACAU, DocumentKind.TAIWAN) and len(number) == 18
    )
    if kind is not DocumentKind.ID_CARD and not re.fullmatch(PATTERNS[kind], number):
        return False, None
    birth = id_card_birth(number) if holds_birth else None
    return not holds_birth or birth is not None, birth


def age_on(birth: date, day: date) -> int:
    """Full years."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
