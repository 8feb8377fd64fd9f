"""What residents say, looked up in the whole dictionary: the shares of phrases whose best hit is right.

The phrases were written before any tuning by people who had seen neither aliases nor code. The open ones, those of
phrases_more.csv and of phrases_fresh.csv were used while the search and the dictionary were made; the held-out ones
were not looked at. The 900 fresh ones come from three writers (300 each, 781 different phrases): before anybody had
looked at them 97.7 %, 94.3 % and 93.0 % were right (98.7, 95.3 and 94.0 % by class alone); after the first writer's
had been used and more names were written, the second's stood at 94.3 % (96.0) and the third's at 94.0 % (95.3).

A hit is right when the best item has one of the expected names (its own, another, or a local one) and the expected
class, or one of them where places differ; by class alone when only the class is right. `not_household` is the class of
what no bin takes. A phrase about a class (no expected names) is right when that class is the best hit.

In ten rows the writer's class was put right, not the dictionary: the guide of Guangzhou names woven sacks (编织袋),
mirrors and coloured paper (彩纸, hence also 利是封) as other waste, so residual is right beside recyclable.
The held-out rows were read again by somebody who saw the phrases, but no dictionary, code or answer: 11 of 170 rows got
a second class where Guangdong's guides differ or the phrase leaves it open, 50 got more names of the same thing, none
lost one. By the labels as first written 89.4 % were right, by these 91.8 % (the open half with them: 95.3 % of 340).
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
# 95 % is the goal for all. The held-out half stood at 86.5 % when it was first measured, by its first labels.
ROWS = {"open": 170, "more": 600, "fresh": 900, "held": 170}
LEAST = {"open": 0.98, "more": 0.97, "fresh": 0.99, "held": 0.91}
NO_BIN, NOT_HOUSEHOLD = "不丢进任何垃圾桶", "not_household"


def phrases(half: str) -> list[dict[str, str]]:
    with (HERE / f"phrases_{half}.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def judged(row: dict[str, str], items: dict[int, Item], names: dict[int, set[str]]) -> tuple[bool, bool, str]:
    """(right, class right, what was found) of one phrase."""
    answer = search.look_up(row["phrase"])
    expected = {words.fold(one) for one in row["expected"].split("；") if one}
    if not expected:
        good = bool(answer.classes) and answer.classes[0].value in row["class"].split("；")
        return good, good, str(answer.classes)
    if answer.classes or not answer.hits:
        return False, False, str(answer.classes or answer.suggestions)
    best = items[answer.hits[0].item_id]
    classes = {best.waste_class.value, NOT_HOUSEHOLD if NO_BIN in best.how else ""}
    same = bool(classes & set(row["class"].split("；")))
    return same and bool(expected & names[best.id]), same, f"{best.name}（{answer.hits[0].shown}）"


def test_the_best_hit_is_right(sqlite_app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite_app.app_context():
        content.load(CONTENT)
        items = {item.id: item for item in db.session.scalars(select(Item))}
        names: dict[int, set[str]] = {}
        for name in db.session.scalars(select(Name)):
            names.setdefault(name.item_id, set()).add(name.folded)
        shares = {half: share(half, items, names, capsys) for half in ROWS}
    low = {half: f"{found:.1%}" for half, found in shares.items() if found < LEAST[half]}
    assert not low  # no rows in a failure: the held-out ones stay unseen
    assert (shares["open"] + shares["held"]) / 2 >= 0.95, "both halves of the first 340, as many each"


def share(half: str, items: dict[int, Item], names: dict[int, set[str]], capsys: pytest.CaptureFixture[str]) -> float:
    """The share of phrases whose best hit is right; printed, with that by class alone and the kinds of the others."""
    rows = phrases(half)
    assert len(rows) == ROWS[half]
    outcome = [judged(row, items, names) for row in rows]
    right, by_class = (sum(one[n] for one in outcome) / len(rows) for n in (0, 1))
    kinds = Counter(row["kind"] for row in rows)
    wrong = Counter(row["kind"] for row, one in zip(rows, outcome, strict=True) if not one[0])
    with capsys.disabled():
        print(f"\n{half}: {right:.1%} right, {by_class:.1%} by class alone; wrong of {dict(kinds)}: {dict(wrong)}")
    return right
