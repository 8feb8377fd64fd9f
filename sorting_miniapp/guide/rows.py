"""A row of content/guide/items/*.csv: its columns, and what its cells mean."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sorting_miniapp.guide import words
from sorting_miniapp.guide.models import Item, Name, WasteClass
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
_PLAIN = ("name", "subclass", "why", "how", "conditions", "basis", "note", "season", "confidence", "reviewer", "family")


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


def as_row(item: Item, found: Collection[Name]) -> dict[str, Any]:
    """An item as a row of the files."""
    ordered = sorted(
        (one for one in found if not one.own and not one.derived), key=lambda one: (one.position, one.folded)
    )
    values = {column: getattr(item, column) for column in _PLAIN} | {
        "id": item.key,
        "category": item.waste_class.value,
        "aliases": "；".join(one.shown for one in ordered if not one.local),
        "local_names": "；".join(one.shown for one in ordered if one.local),
        "parts": "；".join(f"{one['name']}={one['category']}" for one in item.parts or []),
        "low_value": "1" if item.low_value else "",
    }
    return {column: values[column] for column in COLUMNS}


def item_values(row: Mapping[str, str]) -> dict[str, Any]:
    """A row's columns of the table."""
    return {column: row[column] for column in _PLAIN} | {
        "waste_class": WasteClass(row["category"]),
        "parts": [{"name": name, "category": code} for name, code in parts(row["parts"])],
        "low_value": row["low_value"] == "1",
        "active": True,
    }


def others(row: Mapping[str, str]) -> list[tuple[str, bool]]:
    """The other names of a row, each with whether it is a local one."""
    aliases = [(name, False) for name in several(row["aliases"])]
    return aliases + [(name, True) for name in several(row["local_names"])]
