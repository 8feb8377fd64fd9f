"""Words for classes, and words for the same thing, as content/guide/synonyms.yaml has them; kept in each process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import select

from sorting_miniapp import state
from sorting_miniapp.db import db
from sorting_miniapp.guide.cache import VERSION
from sorting_miniapp.guide.models import WasteClass
from sorting_miniapp.guide.models_search import Synonym

MOST_VARIANTS = 12
MATERIAL = "~"
T = TypeVar("T")


@dataclass(frozen=True)
class Lexicon:
    """{folded word: class}, {folded word: the other words of its group} and {head of a name: item's key}; a head that
    ends with MATERIAL is what the thing is made of and stands at the beginning.

    In the last two longer words stand first.
    """

    classes: Mapping[str, WasteClass]
    others: Mapping[str, tuple[str, ...]]
    kinds: Mapping[str, str]

    def variants(self, text: str) -> list[str]:
        """The text with one word said otherwise, at most MOST_VARIANTS; a word of one character only at the end."""
        found: list[str] = []
        for word, others in self.others.items():
            if len(word) > 1 and word in text:
                found += [text.replace(word, other, 1) for other in others]
            elif text.endswith(word):
                found += [text.removesuffix(word) + other for other in others]
        return found[:MOST_VARIANTS]

    def kind(self, text: str) -> tuple[str, str]:
        """(head or material of the text, key of the item that such things are put out as), ('', '') for none."""
        for word, key in self.kinds.items():
            if text.endswith(word):
                return word, key
            material = word.removesuffix(MATERIAL)
            if material != word and text.startswith(material):
                return material, key
        return "", ""


_kept: tuple[int, Lexicon] | None = None


def current() -> Lexicon:
    """The words in force; read again when the dictionary's version has moved."""
    global _kept
    version = state.get(VERSION)
    if _kept is None or _kept[0] != version:
        _kept = (version, _read())
    return _kept[1]


def forget() -> None:
    global _kept
    _kept = None


def _read() -> Lexicon:
    classes: dict[str, WasteClass] = {}
    groups: dict[int, list[str]] = {}
    kinds: dict[str, str] = {}
    for row in db.session().scalars(select(Synonym).order_by(Synonym.id)):
        if row.waste_class is not None:
            classes[row.word] = row.waste_class
        elif row.group_number is not None:
            groups.setdefault(row.group_number, []).append(row.word)
        else:
            kinds[row.word] = row.item_key or ""
    others: dict[str, tuple[str, ...]] = {}
    for group in groups.values():
        for word in group:
            others[word] = (*others.get(word, ()), *(one for one in group if one != word))
    return Lexicon(classes, _longest_first(others), _longest_first(kinds))


def _longest_first(found: dict[str, T]) -> dict[str, T]:
    return dict(sorted(found.items(), key=lambda pair: -len(pair[0])))
