"""Papers and marks. Pure: the same seed and versions always give the same order and the same opaque ids.

Nothing here that leaves before the submission tells the key: ids and order come from the attempt's own seed.

A question is worth 100, the score is their mean, rounded down. Single choice, true or false and pictures: all or
nothing. Multiple choice: 100 for exactly the right options; a wrong one among those chosen, or none chosen, gives 0;
fewer than all of the right ones give what the rule says: nothing (`none`), 50 (`half`) or their share (`share`).
Sorting: 100 for everything in its bin; else nothing (`none`) or the share that is (`share`). Shares are rounded down.
The rule is a setting, written on each attempt when it begins ("half.share": multiple choice, then sorting).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

SORT, MULTIPLE = "sort", "multiple"
FULL, HALF = 100, 50
EVERYONE_RIGHT, VOID = "everyone_right", "void"  # what a correction may say of a version
CHOICES = (("recyclable", "可回收物"), ("food", "厨余垃圾"), ("hazardous", "有害垃圾"), ("residual", "其他垃圾"))
TRUE_FIRST = ("对", "正确", "是")
MULTIPLE_WORDS = {
    "none": "多选题全部选对得分，少选、选错不得分",
    "half": "多选题全部选对得满分，少选得一半，有选错的不得分",
    "share": "多选题全部选对得满分，少选按选对的比例得分，有选错的不得分",
}
SORT_WORDS = {"none": "分拣题全部放对得分", "share": "分拣题按放对的件数得分"}


@dataclass(frozen=True)
class Version:
    """A question's version as plain values; `options` are (text, right), `picture` an address or ''.

    `ruling` is what a correction of the version says: '' for nothing but the key in `options`.
    """

    id: int
    question_id: int
    kind: str
    text: str
    options: tuple[tuple[str, Any], ...]
    explanation: str
    source: str
    picture: str = ""
    ruling: str = ""


@dataclass(frozen=True)
class Asked:
    """A question on a paper: its opaque id, and for each option shown its opaque id and place in the version."""

    id: str
    version: Version
    options: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Marks:
    """What an attempt got: for each question 0 to 100, None where it is void; how many wholly right, of how many."""

    worth: tuple[int | None, ...]

    @property
    def right(self) -> int:
        return sum(credit == FULL for credit in self.worth)

    @property
    def total(self) -> int:
        return sum(credit is not None for credit in self.worth)

    @property
    def score(self) -> int:
        """0 to 100, rounded down; 0 where every question is void."""
        return sum(credit or 0 for credit in self.worth) // self.total if self.total else 0


def _digest(seed: str, *place: int) -> str:
    return blake2b(".".join(map(str, place)).encode(), key=seed.encode(), digest_size=12).hexdigest()


def paper(seed: str, versions: Sequence[Version]) -> list[Asked]:
    """The questions in this attempt's order."""
    asked = []
    for number, version in enumerate(versions):
        question = _digest(seed, number)
        named = [(_digest(seed, number, place), place) for place in range(len(version.options))]
        options = _in_order(version, named)
        asked.append(Asked(question[:16], version, tuple((name[:16], place) for name, place in options)))
    return sorted(asked, key=lambda one: one.id)


def _in_order(version: Version, named: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """By the random ids; true and false stay as they are, by their words: an editor may write the right one first."""
    if version.kind == "true_false":
        return sorted(named, key=lambda one: version.options[one[1]][0] not in TRUE_FIRST)
    return sorted(named)


def problem(asked: Sequence[Asked], answers: Mapping[str, Any]) -> str:
    """What does not belong to this paper in the answers, '' when all does."""
    known = {one.id: one for one in asked}
    for question, given in answers.items():
        if question not in known:
            return "题目不属于这次答题"
        one, ids = known[question], {name for name, _ in known[question].options}
        if isinstance(given, dict) != (one.version.kind == SORT):
            return "答案的形式与题型不符"
        if not set(given) <= ids:
            return "选项不属于这道题"
        if isinstance(given, dict) and not set(given.values()) <= {code for code, _ in CHOICES}:
            return "没有这个类别"
        if not isinstance(given, dict) and one.version.kind in ("single", "true_false", "picture") and len(given) > 1:
            return "这道题只能选一项"
    return ""


def credit(one: Asked, given: Any, rule: str) -> int | None:
    """What one answer is worth, 0 to 100, None for a void question; see the module's first lines."""
    if one.version.ruling == VOID:
        return None
    if one.version.ruling == EVERYONE_RIGHT:
        return FULL
    multiple, _, sorting = rule.partition(".")
    options = one.version.options
    if one.version.kind == SORT:
        placed = given if isinstance(given, Mapping) else {}
        hits = sum(placed.get(name) == options[place][1] for name, place in one.options)
        return hits * FULL // len(options) if sorting == "share" or hits == len(options) else 0
    wanted = {name for name, place in one.options if options[place][1]}
    chosen = set(given or ())
    if chosen == wanted:
        return FULL
    if one.version.kind != MULTIPLE or not chosen or not chosen < wanted:
        return 0
    return {"half": HALF, "share": len(chosen) * FULL // len(wanted)}.get(multiple, 0)


def mark(asked: Sequence[Asked], answers: Mapping[str, Any], rule: str) -> Marks:
    """Question by question in the paper's order; an unanswered one is worth nothing."""
    return Marks(tuple(credit(one, answers.get(one.id), rule) for one in asked))


def ruled(version: Version, action: str, options: Sequence[Mapping[str, Any]] | None) -> Version:
    """The version as a correction leaves it: with another key, or with its ruling."""
    if options is not None:
        return replace(version, options=tuple((one["text"], one["right"]) for one in options))
    return replace(version, ruling=action)


def words(rule: str) -> str:
    """The rule as residents read it before they start."""
    multiple, _, sorting = rule.partition(".")
    return f"单选、判断、看图题答对得分；{MULTIPLE_WORDS[multiple]}；{SORT_WORDS[sorting]}。"


def stars(score: int, steps: Sequence[int]) -> int:
    """How many stars a level's score is worth; `steps` are the percents for one, two, three."""
    return sum(score >= step for step in steps)


def shown(one: Asked) -> dict[str, Any]:
    """A question before the submission: no key, no hint of it."""
    return {
        "id": one.id,
        "kind": one.version.kind,
        "text": one.version.text,
        "picture": one.version.picture,
        "options": [{"id": name, "text": one.version.options[place][0]} for name, place in one.options],
        "choices": [{"code": code, "name": name} for code, name in CHOICES] if one.version.kind == SORT else [],
    }


def explained(one: Asked, given: Any, rule: str) -> dict[str, Any]:
    """A question after the submission, with the key, what was chosen, the explanation and its source."""
    options = []
    for name, place in one.options:
        text, right = one.version.options[place]
        chosen = given.get(name) if isinstance(given, Mapping) else (name in (given or ()))
        options.append({"id": name, "text": text, "correct": right, "chosen": chosen})
    found = credit(one, given, rule)
    return shown(one) | {
        "options": options,
        "right": found == FULL,
        "credit": found,
        "corrected": one.version.ruling,
        "explanation": one.version.explanation,
        "source": one.version.source,
    }
