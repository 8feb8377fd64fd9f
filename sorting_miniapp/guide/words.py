"""Folding of names and words for the search, and their pairs of characters. Pure."""

from __future__ import annotations

import re

from sorting_miniapp import bigrams

LONGEST = 40
_SIZE = re.compile(r"(?<!\d)(\d)号")
_NUMERALS = "零一二三四五六七八九"


def fold(word: str) -> str:
    """A word as it is compared, cut to what a name may have; 5号 is written 五号, as batteries are named both ways."""
    return _SIZE.sub(lambda found: f"{_NUMERALS[int(found[1])]}号", bigrams.fold(word))[:LONGEST]


def pairs(folded: str) -> set[str]:
    """Characters that stand next to each other, or have one between them; a single character stands for itself.

    With the second kind a name still shares a pair with one that has a wrong, missing or added character.
    """
    return bigrams.bigrams(folded) | {folded[i] + folded[i + 2] for i in range(len(folded) - 2)}


def is_latin(folded: str) -> bool:
    """Whether it may be pinyin."""
    return folded.isascii() and folded.isalpha()
