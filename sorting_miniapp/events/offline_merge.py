"""Merging a paper list with what was scanned: any order gives the same pairs, and nothing counts twice. Pure.

A line that touches a pair that is known adds nothing: the machine saw it, or an earlier upload brought it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sorting_miniapp import clock
from sorting_miniapp.events.models import PAIRS_A_DAY


class Fate(StrEnum):
    ADD = "add"
    KNOWN = "known"
    CLASH = "clash"  # two lines of the sheet that contradict each other
    TOO_MANY = "too_many"


@dataclass(frozen=True)
class Stay:
    """From a coming to a going, both included; aware moments."""

    begin: datetime
    end: datetime

    def touches(self, other: Stay) -> bool:
        return self.begin <= other.end and other.begin <= self.end

    @property
    def day(self) -> date:
        return clock.local(self.begin).date()


def fates(known: Sequence[Stay], wanted: Sequence[Stay]) -> list[Fate]:
    """What becomes of each of one person's lines, in their order. `known` are the event's pairs of that person."""
    found = [Fate.KNOWN] * len(wanted)
    days = [stay.day for stay in known]
    added: list[Stay] = []
    for number, stay in sorted(enumerate(wanted), key=lambda one: (one[1].begin, one[1].end, one[0])):
        if any(stay.touches(other) for other in known) or stay in added:
            continue
        if any(stay.touches(other) for other in added):
            found[number] = Fate.CLASH
        elif days.count(stay.day) >= PAIRS_A_DAY:
            found[number] = Fate.TOO_MANY
        else:
            found[number] = Fate.ADD
            added.append(stay)
            days.append(stay.day)
    return found
