"""A small content folder of its own for each test: a few rows of everything, so that loading takes no time."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from sorting_miniapp.accounts import staff
from sorting_miniapp.cli.content import FOLDER
from tests.events.helpers import CHEAP

ITEMS = ("kitchen", "lamps-batteries")
FEW = 12


def few_items(path: Path) -> None:
    """The head and the first rows of a section, as bytes of the real file."""
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: FEW + 1]))


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff, "_hasher", CHEAP)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of content/ with few items, questions and articles."""
    copy = tmp_path / "content"
    shutil.copytree(FOLDER, copy)
    for path in (copy / "guide/items").glob("*.csv"):
        if path.stem in ITEMS:
            few_items(path)
        else:
            path.unlink()
    named = {row["id"] for stem in ITEMS for row in rows(copy / f"guide/items/{stem}.csv")}
    for path in (copy / "quiz").glob("*.yaml"):
        if path.stem != "quizzes":
            found = yaml.safe_load(path.read_text(encoding="utf-8"))
            kept = [row for row in found if row.get("item", "") in {"", *named}][:60]
            path.write_text(yaml.safe_dump(kept, allow_unicode=True, sort_keys=False), encoding="utf-8")
    for path in sorted((copy / "articles").glob("*.md"))[2:]:
        path.unlink()
    quizzes = copy / "quiz/quizzes.yaml"
    lines = [line for line in quizzes.read_text(encoding="utf-8").splitlines() if "slug: daily" in line]
    quizzes.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return copy


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def change() -> Callable[[Path, str, str], None]:
    """Replace a text of a file once; it must be there."""

    def replace(path: Path, old: str, new: str) -> None:
        text = path.read_bytes().decode("utf-8")
        assert old in text, old
        path.write_bytes(text.replace(old, new, 1).encode("utf-8"))

    return replace
