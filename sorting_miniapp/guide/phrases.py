"""A question as people say it, cut down to the thing asked about: 喝完的奶茶杯怎么扔 is about 喝完的奶茶杯. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from sorting_miniapp.guide import traditional, words
from sorting_miniapp.guide.phrase_words import (
    AFTERWARDS,
    AND,
    CONDITIONS,
    COUNTED,
    DONE_TO,
    HOLDS,
    OLD,
    OPENING,
    QUESTIONS,
    SMALL,
    SPLIT,
    TURNED,
    WHERE,
    Condition,
)

MOST_CLAUSES = 4


@dataclass(frozen=True)
class Phrase:
    """`folded` is all that was typed, `clauses` what is asked about, `cores` the same without old, empty, two …"""

    folded: str
    clauses: tuple[str, ...]
    cores: tuple[str, ...]


def read(typed: str) -> Phrase:
    """What a question is about."""
    text = traditional.simplified(unicodedata.normalize("NFKC", typed))[: words.LONGEST]
    parts = [words.fold(part) for part in SPLIT.split(text)]
    if any(len(part) == 1 for part in parts):  # spaced out, 干 电 池, or a slip of the finger
        parts = [words.fold(text)]
    clauses = tuple(found for part in parts if (found := _asked(part)))[:MOST_CLAUSES]
    folded = words.fold(text)
    clauses = clauses or ((folded,) if folded else ())
    return Phrase(folded, clauses, tuple(map(core, clauses)))


def _asked(clause: str) -> str:
    """A clause without its question; '' where nothing else is in it."""
    rest = OPENING.sub("", clause)
    for question in QUESTIONS:
        found = question.search(rest)
        if found:
            left, right = rest[: found.start()], rest[found.end() :]
            rest = left + right if len(left) < 2 else left
    return rest.strip("的了呢吗呀啊是")


def core(clause: str) -> str:
    """A clause without the number and the condition before its noun; the clause itself where nothing would be left."""
    rest = COUNTED.sub("", OLD.sub("", COUNTED.sub("", clause))) or clause
    return AFTERWARDS.sub("", rest) or rest


def plainer(clause: str) -> list[str]:
    """Other readings: each of two things joined by 和; 猫屎 of 猫拉的屎, 水袋 of 水袋子, 脏袋子 of 袋子脏了."""
    both = [one for one in AND.split(clause) if len(one) > 1]
    found = both if len(both) > 1 else []
    joined = DONE_TO.sub("", WHERE.sub("", clause))
    found += [joined, SMALL.sub(r"\1", joined), HOLDS.sub("", clause)]
    if turned := TURNED.fullmatch(clause):
        found.append(turned[2] + turned[1])
    return [one for one in dict.fromkeys(found) if one and one != clause]


def conditions(folded: str) -> frozenset[Condition]:
    """What the words say about the thing's condition."""
    found, rest = set(), folded
    for condition, pattern in CONDITIONS:
        if pattern.search(rest):
            found.add(condition)
            rest = pattern.sub("", rest)
    return frozenset(found)
