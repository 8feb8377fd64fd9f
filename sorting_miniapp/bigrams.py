"""How Chinese text is found without a search server: folded characters and their neighbouring pairs. Pure."""

from __future__ import annotations

import re
import unicodedata

TOP = "\uffff"  # sorts after every folded character we keep
_IGNORED = re.compile(r"[\s\-·,，。、()（）“”\"'！!？?/：:]+")


def fold(text: str) -> str:
    """The form in which words compare: full-width and half-width alike, no spaces or punctuation, small letters."""
    return _IGNORED.sub("", unicodedata.normalize("NFKC", text)).casefold()


def bigrams(folded: str) -> set[str]:
    """Neighbouring pairs; a single character stands for itself."""
    return {folded[i : i + 2] for i in range(len(folded) - 1)} or ({folded} if folded else set())
