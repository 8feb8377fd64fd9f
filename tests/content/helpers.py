"""Good rows and questions, and edits of a copy of the content."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from sorting_miniapp.guide.rows import COLUMNS

SECTION = "guide/items/textiles.csv"  # the last of the files, so that a pair is reported here
QUESTIONS = "quiz/zz.yaml"
Edit = Callable[[Path], None]


def make_item(**values: str) -> dict[str, str]:
    row = dict.fromkeys(COLUMNS, "") | {
        "id": "liangzi-bu", "name": "量子布偶", "category": "recyclable", "subclass": "织物", "confidence": "high",
        "why": "量子布偶的面料可以拆成纤维再纺成纱线。", "how": "拍净灰尘再装袋投放。", "basis": "gb-19095",
        "reviewer": "测试",
    }  # fmt: skip
    return row | values


def add_items(*rows: dict[str, str], file: str = SECTION) -> Edit:
    def edit(folder: Path) -> None:
        with (folder / file).open("a", encoding="utf-8", newline="") as stream:
            csv.DictWriter(stream, COLUMNS, lineterminator="\n").writerows(rows)

    return edit


def replace(file: str, old: str, new: str, times: int = 1) -> Edit:
    def edit(folder: Path) -> None:
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text, old
        (folder / file).write_text(text.replace(old, new, times), encoding="utf-8")

    return edit


def append(file: str, text: str) -> Edit:
    def edit(folder: Path) -> None:
        with (folder / file).open("a", encoding="utf-8") as stream:
            stream.write(text)

    return edit


def make_question(**values: Any) -> dict[str, Any]:
    texts = ("放进蓝色桶", "放进红色桶", "放进灰色桶")
    return {
        "id": "liangzi", "kind": "single", "pool": "practice", "topic": "生活常识", "difficulty": 1, "audience": "all",
        "text": "量子布偶拆开洗净以后，最合适的去处是什么？", "explanation": "面料能再纺成纱线，所以放进蓝色桶。",
        "options": [{"text": text, "correct": number == 0} for number, text in enumerate(texts)],
        "source": "gb-19095", "reviewer": "测试",
    } | values  # fmt: skip


def add_questions(*rows: dict[str, Any], drop: str = "") -> Edit:
    kept = [{key: value for key, value in row.items() if key != drop} for row in rows]
    return append(QUESTIONS, yaml.safe_dump(kept, allow_unicode=True, sort_keys=False))


def options(*texts: str, right: int = 0) -> list[dict[str, Any]]:
    return [{"text": text, "correct": number == right} for number, text in enumerate(texts)]
