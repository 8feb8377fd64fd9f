"""Folding of names and words for the search, and their bigrams. Pure."""

from __future__ import annotations

from sorting_miniapp import bigrams as text
from sorting_miniapp.bigrams import bigrams

__all__ = ["LONGEST", "bigrams", "fold", "is_latin"]
LONGEST = 40


def fold(word: str) -> str:
    """A word as it is compared, cut to what a name may have."""
    return text.fold(word)[:LONGEST]


def is_latin(folded: str) -> bool:
    """Whether it may be pinyin."""
    return folded.isascii() and folded.isalpha()
