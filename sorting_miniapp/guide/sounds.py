"""How Chinese characters sound: what is typed by ear still finds its name. Pure.

sounds.txt holds the most usual reading of each character of GB 2312, without tones; what people of the south mix up
(zh and z, sh and s, in and ing) sounds alike here. One reading for each character is enough, as names and questions
are read by the same table.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

_ALIKE = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ang", "an"), ("eng", "en"), ("ing", "in"))
_LONGEST = 6  # letters of the longest syllable, zhuang


@functools.cache
def _readings() -> dict[str, str]:
    lines = (Path(__file__).parent / "sounds.txt").read_text("utf-8").splitlines()
    return {letter: sound for sound, letters in (line.split(" ") for line in lines) for letter in letters}


@functools.cache
def _syllables() -> frozenset[str]:
    return frozenset(_readings().values())


def alike(sound: str) -> str:
    """A syllable as it is heard by people who do not tell these sounds apart."""
    for heard, kept in _ALIKE:
        sound = sound.replace(heard, kept)
    return sound


@functools.cache
def _heard() -> dict[str, str]:
    return {letter: alike(sound) for letter, sound in _readings().items()}


def spoken(folded: str) -> tuple[str, ...]:
    """One syllable for each character; letters and numbers stand for themselves."""
    heard = _heard()
    return tuple(heard.get(letter, letter) for letter in folded)


def sound(folded: str) -> str:
    """The whole name as it is heard: the same for 充电宝, 充电保 and cong dian bao."""
    return "".join(spoken(folded))


def same(one: str, other: str) -> bool:
    """Whether two characters have the same reading, also for those who tell all sounds apart."""
    readings = _readings()
    return one == other or readings.get(one, one) == readings.get(other, other)


def syllables(latin: str) -> tuple[str, ...]:
    """Pinyin cut into syllables as they are heard, the fewest; () where it is no pinyin."""
    best: list[tuple[str, ...] | None] = [()] + [None] * len(latin)
    for end in range(1, len(latin) + 1):
        for start in range(max(0, end - _LONGEST), end):
            before, last = best[start], latin[start:end]
            found = best[end]
            if before is not None and last in _syllables() and (found is None or len(before) + 1 < len(found)):
                best[end] = (*before, last)
    return tuple(alike(one) for one in best[-1] or ())


_SPACED = re.compile(r"[a-z]+(?:[\s']+[a-z]+)+")


def spaced(typed: str) -> tuple[str, ...]:
    """Pinyin typed with spaces, as it is heard; () for anything else."""
    words = typed.strip().casefold()
    found = words.replace("'", " ").split() if _SPACED.fullmatch(words) else []
    return tuple(alike(one) for one in found) if found and all(one in _syllables() for one in found) else ()
