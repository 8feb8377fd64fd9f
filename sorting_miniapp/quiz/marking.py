"""Papers and marks. Pure: the same seed and versions always give the same order and the same opaque ids.

Nothing here that leaves before the submission tells the key: ids and order come from the attempt's own seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

SORT = "sort"
TOO_FAST_MS = 1_500
TOO_PERFECT_MS = 3_000
CHOICES = (("recyclable", "可回收物"), ("food", "厨余垃圾"), ("hazardous", "有害垃圾"), ("residual", "其他垃圾"))


@dataclass(frozen=True)
class Version:
    """A question's version as plain values; `options` are (text, right), `picture` an address or ''."""

    id: int
    question_id: int
    kind: str
    text: str
    options: tuple[tuple[str, Any], ...]
    explanation: str
    source: str
    picture: str = ""


@dataclass(frozen=True)
class Asked:
    """A question on a paper: its opaque id, and for each option shown its opaque id and place in the version."""

    id: str
    version: Version
    options: tuple[tuple[str, int], ...]


def _digest(seed: str, *place: int) -> str:
    return blake2b(".".join(map(str, place)).encode(), key=seed.encode(), digest_size=12).hexdigest()


def paper(seed: str, versions: Sequence[Version]) -> list[Asked]:
    """The questions in this attempt's order."""
    asked = []
    for number, version in enumerate(versions):
        question = _digest(seed, number)
        options = [(_digest(seed, number, place), place) for place in range(len(version.options))]
        # True and false stay in their natural order: turned round they only confuse.
        shown = options if version.kind == "true_false" else sorted(options)
        asked.append(Asked(question[:16], version, tuple((name[:16], place) for name, place in shown)))
    return sorted(asked, key=lambda one: one.id)


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


def is_right(one: Asked, given: Any) -> bool:
    """All or nothing."""
    options = one.version.options
    if one.version.kind == SORT:
        wanted = {name: options[place][1] for name, place in one.options}
        return bool(given) and dict(given) == wanted
    return {name for name, place in one.options if options[place][1]} == set(given or ())


def mark(asked: Sequence[Asked], answers: Mapping[str, Any]) -> list[bool]:
    """Right or wrong, question by question in the paper's order; an unanswered one is wrong."""
    return [is_right(one, answers.get(one.id)) for one in asked]


def score(right: int, total: int) -> int:
    """0 to 100, rounded down."""
    return right * 100 // total if total else 0


def flag(duration_ms: int, right: int, total: int) -> str:
    """What a person should look at: nothing is refused for it."""
    if duration_ms < TOO_FAST_MS * total:
        return "too_fast"
    if right == total and duration_ms < TOO_PERFECT_MS * total:
        return "too_perfect"
    return ""


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


def explained(one: Asked, given: Any) -> dict[str, Any]:
    """A question after the submission, with the key, what was chosen, the explanation and its source."""
    options = []
    for name, place in one.options:
        text, right = one.version.options[place]
        chosen = given.get(name) if isinstance(given, dict) else (name in (given or ()))
        options.append({"id": name, "text": text, "correct": right, "chosen": chosen})
    return shown(one) | {
        "options": options,
        "right": is_right(one, given),
        "explanation": one.version.explanation,
        "source": one.version.source,
    }
