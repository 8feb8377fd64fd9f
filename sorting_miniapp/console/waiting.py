"""待办: what waits for a person's decision, asked of the features that know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import url_for

from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import pushes, reviews
from sorting_miniapp.articles.models import PUSH_STATE_NAMES

MOST_ITEMS = 20


@dataclass(frozen=True)
class Item:
    """One thing to decide: its kind, what it is, why it waits, since when, and the page on which to decide."""

    kind: str
    title: str
    reason: str
    url: str
    since: datetime | None = None


def _reviews(actor: StaffActor) -> list[Item]:
    return [
        Item(
            "待审文章",
            found.title,
            f"等待{reviews.LEVEL_NAMES[found.article.level]}",
            url_for("console.article", article_id=found.article.id),
            found.article.changed_at,
        )
        for found in reviews.waiting_for(actor, MOST_ITEMS)
    ]


def _held_pushes(actor: StaffActor) -> list[Item]:
    return [
        Item(
            "推送",
            title,
            push.reason or PUSH_STATE_NAMES[push.state],
            url_for("console.push", push_id=push.id),
            push.due_at,
        )
        for push, title in pushes.held(actor.branches(Role.EDITOR), MOST_ITEMS)
    ]


SOURCES: tuple[Callable[[StaffActor], list[Item]], ...] = (_held_pushes, _reviews)


def of(actor: StaffActor) -> list[Item]:
    """What waits for this person, the features in the order of SOURCES, each at most MOST_ITEMS."""
    return [item for source in SOURCES for item in source(actor)[:MOST_ITEMS]]
