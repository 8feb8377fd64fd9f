"""Finding items by what people type or say: names, parts of names, pinyin, slips, whole phrases, words for classes.

The database names candidates (names that stand in the question, sound like a part of it, or share pairs of characters
with it), in one statement on indexes (candidates.py); matching.py puts them in order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sorting_miniapp.guide import candidates, lexicon, matching, pages, phrases, sounds, words
from sorting_miniapp.guide.lexicon import Lexicon
from sorting_miniapp.guide.matching import Clause
from sorting_miniapp.guide.models import WasteClass
from sorting_miniapp.guide.phrases import Phrase

MOST = 20
MOST_SUGGESTED = 6
LONGEST_NAME = 14  # characters of a name that is looked for inside a sentence
SHORT = 6  # in longer questions two characters that only sound like a name are chance
OTHER_WORDS = -6.0
# What a hit is worth that was typed in letters: the whole pinyin, its beginning, the initials, their beginning; less a
# point for each letter that is still to come, and more by the number of names: the common thing has many.
PINYIN, PINYIN_BEGUN, INITIALS, INITIALS_BEGUN = 100.0, 70.0, 60.0, 59.0
KIND = 19.5  # below any name of two characters that stands where the thing itself does
OWN, MOST_KNOWN_BY = 3.0, 4


@dataclass
class Hit:
    """An item by its best name."""

    item_id: int
    shown: str
    score: float
    harmful: bool
    own: bool
    position: int
    size: int
    by_kind: bool = False

    @property
    def order(self) -> tuple[float, bool, bool, int, int, int]:
        """Best first; of equals the hazardous, as a wrong bin does most harm there, then the name people use most."""
        return (-self.score, not self.harmful, not self.own, self.position, self.size, self.item_id)


@dataclass(frozen=True)
class Answer:
    """Items best first, the classes meant (before the items), and names that are near where nothing was found."""

    hits: list[Hit]
    classes: list[WasteClass]
    suggestions: list[str]


def find(q: str = "", category: str = "", cursor: str = "") -> dict[str, Any]:
    """Items for a word, best first; without a word those of the class by name. Raises BadRequest for a wrong cursor."""
    chosen = WasteClass(category) if category else None
    if not words.fold(q):
        return pages.listed(chosen, cursor)
    found = look_up(q, chosen)
    named = {hit.item_id: hit.shown for hit in found.hits}
    kinds = [hit.item_id for hit in found.hits if hit.by_kind]
    return {
        "items": pages.found(named, phrases.conditions(words.fold(q)), kinds),
        "categories": [pages.class_link(one.value) for one in found.classes],
        "suggestions": found.suggestions,
        "next": None,
    }


def look_up(q: str, chosen: WasteClass | None = None) -> Answer:
    """What a question finds, at most MOST items of the class chosen."""
    phrase, known = phrases.read(q), lexicon.current()
    own = matching.clauses(phrase)
    asked = (phrase.folded, *(word for clause in own for word in (clause.text, clause.end)))
    classes = [known.classes[word] for word in asked if word in known.classes][:1]
    hits: dict[int, Hit] = {}
    if words.is_latin(phrase.folded):
        _add_latin(hits, q, phrase.folded, chosen)
    _add_read(hits, own, known, chosen)
    if max((hit.score for hit in hits.values()), default=0.0) < KIND:
        _add_kind(hits, own, known, chosen)
    ranked = sorted(hits.values(), key=lambda hit: hit.order)
    good = [hit for hit in ranked if hit.score >= matching.HIT][:MOST]
    if not good and not classes:
        classes = _mentioned(phrase, known)
    return Answer(good, classes, [] if good or classes else _near(phrase, ranked, chosen))


def _add_kind(hits: dict[int, Hit], own: list[Clause], known: Lexicon, chosen: WasteClass | None) -> None:
    """A name nobody has listed is put out as its kind is: 脉动瓶 as a drink's bottle."""
    for clause in own:
        word, key = known.kind(clause.text)
        found = candidates.by_key(chosen, key) if key else None
        if found:
            _keep(hits, found, KIND, word)
            return


def _mentioned(phrase: Phrase, known: Lexicon) -> list[WasteClass]:
    """The class whose word stands in a question that names no item; the longest word counts."""
    inside = [word for word in known.classes if len(word) > 1 and word in phrase.folded]
    return [known.classes[max(inside, key=len)]] if inside else []


def _near(phrase: Phrase, ranked: list[Hit], chosen: WasteClass | None) -> list[str]:
    """Names that share something with the question, then things of its kind: 银行卡 for 公交卡."""
    found = dict.fromkeys(hit.shown for hit in ranked[:MOST_SUGGESTED])
    if phrase.clauses and len(found) < MOST_SUGGESTED:
        found |= dict.fromkeys(candidates.of_kind(chosen, phrase.clauses[0][-1]))
    return list(found)[:MOST_SUGGESTED]


def _add_read(hits: dict[int, Hit], own: list[Clause], known: Lexicon, chosen: WasteClass | None) -> None:
    """Names that stand in the question, are heard in it, or share pairs with it."""
    others = [_otherwise(clause, one) for clause in own for one in known.variants(clause.text)]
    readings = own + others
    texts = [clause.text for clause in readings]
    short = len(texts[0]) <= SHORT
    looks = sorted(matching.look_alikes(texts[0])) if short else []
    spoken = _windows(texts, 2)[: candidates.MOST_WINDOWS]
    heard = {sounds.sound(one) for one in spoken if short or len(one) > 2}
    pairs = {pair for clause in own for pair in clause.pairs}
    rows = candidates.near(chosen, _windows([*texts, *looks], 1), sorted(heard), sorted(pairs))
    names = {row.folded for row in rows}
    readings = [clause.among(names) for clause in readings]
    for row in rows:
        _keep(hits, row, max(clause.score(row.folded, row.sound) + clause.cost for clause in readings))


def _otherwise(clause: Clause, text: str) -> Clause:
    """A clause in other words; that these are longer makes nothing better than what was said."""
    longer = max(len(text) - len(clause.text), 0)
    return Clause(text, text, clause.cost + OTHER_WORDS - longer * matching.LETTER)


def _windows(texts: Iterable[str], least: int) -> list[str]:
    """Every piece of the texts that may be a name."""
    found: dict[str, None] = {}
    for text in texts:
        for size in range(min(len(text), LONGEST_NAME), least - 1, -1):
            for at in range(len(text) - size + 1):
                found.setdefault(text[at : at + size])
    return list(found)


def _keep(hits: dict[int, Hit], row: Any, score: float, kind: str = "") -> None:
    harmful = row.waste_class is WasteClass.HAZARDOUS
    hit = Hit(row.item_id, kind or row.shown, score, harmful, row.own, row.position, len(row.folded), bool(kind))
    known = hits.get(hit.item_id)
    if known is None or hit.order < known.order:
        hits[hit.item_id] = hit


def _add_latin(hits: dict[int, Hit], typed: str, folded: str, chosen: WasteClass | None) -> None:
    """Pinyin and initials. A name may begin with them, or stand among the syllables: jiu shu bao, old satchel."""
    heard = sounds.spaced(typed) or sounds.syllables(folded)
    pieces = {
        "".join(heard[at : at + size]) for size in range(2, len(heard) + 1) for at in range(len(heard) - size + 1)
    }
    whole = "".join(heard)
    for row in candidates.typed(chosen, folded, sorted(pieces)):
        common = min(row.known_by, MOST_KNOWN_BY) + (OWN if row.own else 0.0)
        _keep(hits, row, _worth(row, folded, whole) + common)


def _worth(row: Any, folded: str, whole: str) -> float:
    if row.pinyin == folded:
        return PINYIN
    if whole and row.sound == whole:
        return PINYIN + matching.HEARD
    if row.initials == folded:
        return INITIALS
    if row.pinyin.startswith(folded):
        return PINYIN_BEGUN - (len(row.pinyin) - len(folded)) / 3
    if row.initials.startswith(folded):
        return INITIALS_BEGUN - (len(row.initials) - len(folded))
    return len(row.folded) * matching.LETTER
