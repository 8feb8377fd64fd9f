"""What residents say, looked up in the whole dictionary: the shares of phrases whose best hit is right.

The phrases were written before any tuning by somebody who had seen neither aliases nor code. The open half was used
while the search was made, the held-out half was not looked at. A hit is right when the best item has one of the
expected names (its own, another, or a local one) and the expected class; by class alone when only the class is right.
A phrase about a class (no expected names) is right when that class is the best hit.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from sorting_miniapp.db import db
from sorting_miniapp.guide import content, search, words
from sorting_miniapp.guide.models import Item, Name
from tests.events.helpers import CONTENT

HERE = Path(__file__).parent
# 95 % is the goal for both. The held-out half stood at 86.5 % when it was first measured.
LEAST = {"open": 0.95, "held": 0.85}


def phrases(half: str) -> list[dict[str, str]]:
    with (HERE / f"phrases_{half}.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def judged(row: dict[str, str], items: dict[int, Item], names: dict[int, set[str]]) -> tuple[bool, bool, str]:
    """(right, class right, what was found) of one phrase."""
    answer = search.look_up(row["phrase"])
    expected = {words.fold(one) for one in row["expected"].split("；") if one}
    if not expected:
        good = bool(answer.classes) and answer.classes[0].value == row["class"]
        return good, good, str(answer.classes)
    if answer.classes or not answer.hits:
        return False, False, str(answer.classes or answer.suggestions)
    best = items[answer.hits[0].item_id]
    same = best.waste_class.value == row["class"]
    return same and bool(expected & names[best.id]), same, f"{best.name}（{answer.hits[0].shown}）"


@pytest.mark.parametrize("half", ["open", "held"])
def test_the_best_hit_is_right(sqlite_app: Flask, half: str, capsys: pytest.CaptureFixture[str]) -> None:
    rows = phrases(half)
    assert len(rows) == 170
    with sqlite_app.app_context():
        content.load(CONTENT)
        items = {item.id: item for item in db.session.scalars(select(Item))}
        names: dict[int, set[str]] = {}
        for name in db.session.scalars(select(Name)):
            names.setdefault(name.item_id, set()).add(name.folded)
        outcome = [judged(row, items, names) for row in rows]
    right, by_class = (sum(one[n] for one in outcome) for n in (0, 1))
    kinds = Counter(row["kind"] for row in rows)
    wrong = Counter(row["kind"] for row, one in zip(rows, outcome, strict=True) if not one[0])
    with capsys.disabled():
        shares = f"{right / len(rows):.1%} right, {by_class / len(rows):.1%} by class alone"
        print(f"\n{half}: {shares}; wrong of {dict(kinds)}: {dict(wrong)}")
    enough = right >= LEAST[half] * len(rows)
    assert enough, f"{half}: {shares}"  # no rows in a failure: the held-out half stays unseen
