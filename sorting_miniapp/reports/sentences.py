"""The report's sections: our own sentences around the figures, from content/figures.yaml. Pure: no database."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

DIGITS = "零一二三四五六七八九"
_PLACE = re.compile(r"\{([a-z0-9-]+)\}")


@dataclass(frozen=True)
class Part:
    """A block of the report: its name, its sentence with {ids}, and its figures as (id, name, text).

    `idle`: every figure is nought, so that there is nothing to write about.
    """

    name: str
    says: str
    figures: tuple[tuple[str, str, str], ...]
    idle: bool = False


@dataclass(frozen=True)
class Section:
    """A numbered section as the document prints it."""

    number: str
    name: str
    text: str


def chinese(number: int) -> str:
    """1 to 99 as 一, 十, 十二, 三十五."""
    tens, ones = divmod(number, 10)
    head = "" if not tens else "十" if tens == 1 else f"{DIGITS[tens]}十"
    return head + (DIGITS[ones] if ones or not tens else "")


def sections(parts: Sequence[Part]) -> list[Section]:
    """The parts that have something to tell, numbered."""
    there = [part for part in parts if part.figures and not part.idle]
    return [Section(chinese(number), part.name, sentence(part)) for number, part in enumerate(there, start=1)]


def sentence(part: Part) -> str:
    """The part's sentence when every figure it names is there, else its figures one after the other."""
    texts = {key: text for key, _, text in part.figures}
    wanted = _PLACE.findall(part.says)
    if wanted and all(key in texts for key in wanted):
        return _PLACE.sub(lambda found: texts[found[1]], part.says)
    return "，".join(f"{name}{text}" for _, name, text in part.figures) + "。"
