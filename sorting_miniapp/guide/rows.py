"""A row of content/guide/items/*.csv: its columns, and what its cells mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sorting_miniapp.guide import words
from sorting_miniapp.guide.models import WasteClass
from sorting_miniapp.teaching.files import Entry, Files

ITEMS = "guide/items"
COLUMNS = (
    "id", "name", "aliases", "local_names", "category", "subclass", "why", "how", "conditions", "parts", "basis",
    "note", "low_value", "season", "confidence", "reviewer", "family",
)  # fmt: skip
# A section is a file; in the order a household meets them.
SECTIONS = {
    "kitchen": "厨房",
    "drinks-takeaway": "饮料外卖",
    "paper": "纸",
    "plastic": "塑料",
    "glass": "玻璃",
    "metal": "金属",
    "textiles": "织物",
    "electronics": "电子电器",
    "lamps-batteries": "灯管电池",
    "medicine": "药品",
    "cosmetics": "化妆护理",
    "cleaning": "清洁日用",
    "pets": "宠物",
    "garden": "花木园艺",
    "festival": "节日用品",
    "school": "学校",
    "office": "办公",
    "baby": "母婴",
    "repair": "维修五金",
    "bulky": "大件",
}
CONFIDENCE = {"high": "确定", "medium": "较有把握", "low": "待核实"}
UNCHECKED = "未核"


def several(cell: str) -> list[str]:
    """The names in a cell, which ； separates."""
    return [one.strip() for one in cell.split("；") if one.strip()]


def parts(cell: str) -> list[tuple[str, str]]:
    """(name, class's code) of 蛋糕=food；蜡烛=residual; the code is '' where a part names none."""
    found = []
    for one in several(cell):
        name, _, code = one.partition("=")
        found.append((name.strip(), code.strip()))
    return found


def section_of(entry: Entry) -> str:
    return entry.file.rsplit("/", 1)[-1].removesuffix(".csv")


@dataclass(frozen=True)
class Dictionary:
    """What the files call things: {id: (name, class's code)}, and {folded name: class's code}."""

    items: Mapping[str, tuple[str, str]]
    names: Mapping[str, str]


def read(files: Files) -> list[Entry]:
    """Every row of every section."""
    return [entry for name in files.names(f"{ITEMS}/*.csv") for entry in files.csv(name, COLUMNS)]


def dictionary(entries: list[Entry]) -> Dictionary:
    """For those who refer to items."""
    good = [entry.values for entry in entries if entry.values["category"] in set(WasteClass)]
    names: dict[str, str] = {}
    for row in good:
        for name in (row["name"], *several(row["aliases"]), *several(row["local_names"])):
            names.setdefault(words.fold(name), row["category"])
    return Dictionary({row["id"]: (row["name"], row["category"]) for row in good}, names)
