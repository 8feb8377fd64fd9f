"""Part of the real content/, so that a test that needs a dictionary or questions does not load thousands of rows."""

from __future__ import annotations

import csv
import functools
import shutil
import tempfile
from pathlib import Path

import yaml

from tests.events.helpers import CONTENT

SECTIONS = ("lamps-batteries", "paper", "plastic", "bulky", "drinks-takeaway")
MOST_QUESTIONS = 60  # of each file


@functools.cache
def few() -> Path:
    """A folder like content/ with some sections of the dictionary and the first questions of each file."""
    folder = Path(tempfile.mkdtemp(prefix="content-")) / "content"
    shutil.copytree(CONTENT, folder)
    for path in (folder / "guide/items").glob("*.csv"):
        if path.stem not in SECTIONS:
            path.unlink()
    named = {row["id"] for path in (folder / "guide/items").glob("*.csv") for row in _rows(path)}
    for path in (folder / "quiz").glob("*.yaml"):
        if path.stem != "quizzes":
            found = yaml.safe_load(path.read_text(encoding="utf-8"))
            kept = [row for row in found if row.get("item", "") in {"", *named}][:MOST_QUESTIONS]
            path.write_text(yaml.safe_dump(kept, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return folder


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))
