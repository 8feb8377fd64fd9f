"""Folding of names and words for the search, and their bigrams. Pure."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 40
_IGNORED = re.compile(r"[\s\-·,，。、()（）“”\"'！!？?/：:]+")


def fold(text: str) -> str:
    """The form in which words compare: full-width and half-width alike, no spaces or punctuation, small letters."""
    return _IGNORED.sub("", unicodedata.normalize("NFKC", text)).casefold()[:LONGEST]


def bigrams(folded: str) -> set[str]:
    """Neighbouring pairs; a single character stands for itself."""
    return {folded[i : i + 2] for i in range(len(folded) - 1)} or ({folded} if folded else set())


def is_latin(folded: str) -> bool:
    """Whether it may be pinyin."""
    return folded.isascii() and folded.isalpha()
