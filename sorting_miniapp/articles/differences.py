"""What changed between two texts: paragraph beside paragraph, and in a changed one character by character. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

ALIKE = 0.4  # below this two paragraphs are two, not one that was changed
MOST_WORK = 4_000_000  # characters times characters; a longer pair is shown as replaced
_BLANK = re.compile(r"\n[ \t]*\n+")


@dataclass(frozen=True)
class Piece:
    """A stretch of characters, and whether the other side has it otherwise."""

    text: str
    changed: bool


@dataclass(frozen=True)
class Row:
    """A paragraph on both sides; one side is empty where it was added or removed."""

    left: tuple[Piece, ...]
    right: tuple[Piece, ...]

    @property
    def same(self) -> bool:
        return self.left == self.right


def texts(old: str, new: str) -> list[Row]:
    """The paragraphs of both, those that belong together in one row, in order."""
    left, right = _paragraphs(old), _paragraphs(new)
    found: list[Row] = []
    for kind, i, j, k, m in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if kind == "equal":
            found += [line(one, one) for one in left[i:j]]
        else:
            found += _changed(left[i:j], right[k:m])
    return found


def _paragraphs(text: str) -> list[str]:
    return [one.strip("\n") for one in _BLANK.split(text.strip()) if one.strip()]


def _changed(left: Sequence[str], right: Sequence[str]) -> Iterator[Row]:
    """Paragraphs between two equal ones: each left one with the first right one that is like it."""
    start = 0
    for one in left:
        match = next((k for k in range(start, len(right)) if _alike(one, right[k])), None)
        if match is None:
            yield Row(_whole(one), ())
            continue
        for added in right[start:match]:
            yield Row((), _whole(added))
        yield line(one, right[match])
        start = match + 1
    for added in right[start:]:
        yield Row((), _whole(added))


def _alike(one: str, two: str) -> bool:
    matcher = SequenceMatcher(None, one, two, autojunk=False)
    if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:
        return False
    return len(one) * len(two) > MOST_WORK or matcher.ratio() >= ALIKE


def _whole(text: str) -> tuple[Piece, ...]:
    return (Piece(text, True),) if text else ()


def line(old: str, new: str) -> Row:
    """Two states of one paragraph, the changed characters marked on both sides."""
    if old == new:
        same = (Piece(old, False),) if old else ()
        return Row(same, same)
    if len(old) * len(new) > MOST_WORK:
        return Row(_whole(old), _whole(new))
    left, right = [], []
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        left += [Piece(old[i:j], kind != "equal")] if j > i else []
        right += [Piece(new[k:m], kind != "equal")] if m > k else []
    return Row(tuple(left), tuple(right))


def fields(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, Row]:
    """The short fields that differ, by name."""
    return {key: line(old[key], new[key]) for key in old if old[key] != new[key]}


def merged(base: str, mine: str, theirs: str) -> str | None:
    """Both sides' changes of `base` in one text; None where they changed the same paragraph or neighbours."""
    parts = _paragraphs(base)
    ours, others = _edits(parts, _paragraphs(mine)), _edits(parts, _paragraphs(theirs))
    edits = sorted({**ours, **others}.items())
    if any(ours[span] != others[span] for span in ours.keys() & others.keys()):
        return None
    for ((_, end), _), ((start, _), _) in zip(edits, edits[1:], strict=False):
        if start <= end:
            return None
    found, at = [], 0
    for (start, end), new in edits:
        found += [*parts[at:start], *new]
        at = end
    return "\n\n".join([*found, *parts[at:]])


def _edits(base: Sequence[str], text: Sequence[str]) -> dict[tuple[int, int], tuple[str, ...]]:
    matcher = SequenceMatcher(None, base, text, autojunk=False)
    return {(i, j): tuple(text[k:m]) for kind, i, j, k, m in matcher.get_opcodes() if kind != "equal"}
