"""What looks odd about a contest's attempts. Pure: it says what and why, a person decides (rules.md, Quizzes)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

FEWEST = 20  # among fewer attempts a fifth percentile says nothing
PERCENT = 5
FULL = 100


class Sign(StrEnum):
    TOO_FAST = "too_fast"
    TOO_PERFECT = "too_perfect"
    SAME_DEVICE = "same_device"
    SAME_ADDRESS = "same_address"


SIGN_NAMES = {
    Sign.TOO_FAST: "答得过快",
    Sign.TOO_PERFECT: "又快又全对",
    Sign.SAME_DEVICE: "同一手机多人",
    Sign.SAME_ADDRESS: "同一网络多人",
}


_OWN = frozenset({Sign.TOO_FAST, Sign.TOO_PERFECT})  # of the attempt itself; a school shares one network


@dataclass(frozen=True)
class Seen:
    """A submitted attempt as far as it matters here."""

    id: int
    resident_id: int
    score: int
    count: int
    duration_ms: int
    too_fast: bool
    address: str | None
    device: str | None


@dataclass(frozen=True)
class Limits:
    """From how many people on one model in one network, and in one network, they are pointed out."""

    device_people: int
    address_people: int


def slow_enough(durations: Sequence[int]) -> int | None:
    """The time that all but the fastest five of a hundred took at least; None among too few."""
    if len(durations) < FEWEST:
        return None
    return sorted(durations)[len(durations) * PERCENT // 100]


def signs(seen: Sequence[Seen], limits: Limits) -> dict[int, list[tuple[Sign, str]]]:
    """{attempt: [(sign, the evidence in words)]} of those with any."""
    found: dict[int, list[tuple[Sign, str]]] = defaultdict(list)
    quick = slow_enough([one.duration_ms for one in seen])
    for one in seen:
        pace = f"平均每题 {one.duration_ms / 1000 / max(1, one.count):.1f} 秒"
        if one.too_fast:
            found[one.id].append((Sign.TOO_FAST, pace))
        if quick is not None and one.score == FULL and one.duration_ms < quick:
            found[one.id].append(
                (Sign.TOO_PERFECT, f"满分，用时 {one.duration_ms / 1000:.1f} 秒；95% 的人不少于 {quick / 1000:.1f} 秒")
            )
    _together(seen, "device", limits.device_people, Sign.SAME_DEVICE, "同一网络、同一型号手机上有 {} 人参加", found)
    _together(seen, "address", limits.address_people, Sign.SAME_ADDRESS, "同一网络里有 {} 人参加", found)
    return dict(found)


def weight(signs: Sequence[tuple[Sign, str]]) -> tuple[int, int]:
    """What to look at first: signs of the attempt itself before those of its surroundings, then how many."""
    return sum(sign in _OWN for sign, _ in signs), len(signs)


def _together(
    seen: Sequence[Seen], name: str, least: int, sign: Sign, words: str, found: dict[int, list[tuple[Sign, str]]]
) -> None:
    people: dict[str, set[int]] = defaultdict(set)
    for one in seen:
        mark = getattr(one, name)
        if mark:
            people[mark].add(one.resident_id)
    for one in seen:
        many = len(people[getattr(one, name)]) if getattr(one, name) else 0
        if many >= least:
            found[one.id].append((sign, words.format(many)))
