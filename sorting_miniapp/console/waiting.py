"""待办: what waits for a person's decision, asked of the features that know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sorting_miniapp.accounts.access import StaffActor

MOST_ITEMS = 20


@dataclass(frozen=True)
class Item:
    """One thing to decide: its kind, what it is, why it waits, since when, and the page on which to decide."""

    kind: str
    title: str
    reason: str
    url: str
    since: datetime | None = None


SOURCES: tuple[Callable[[StaffActor], list[Item]], ...] = ()


def of(actor: StaffActor) -> list[Item]:
    """What waits for this person, the features in the order of SOURCES, each at most MOST_ITEMS."""
    return [item for source in SOURCES for item in source(actor)[:MOST_ITEMS]]
