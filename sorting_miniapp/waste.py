"""The classes of household waste and their legal names, for every feature that names one."""

from __future__ import annotations

from enum import StrEnum


class WasteClass(StrEnum):
    """The four classes of the law, and two kinds of waste that are handled apart from them (rules.md)."""

    RECYCLABLE = "recyclable"
    FOOD = "food"
    HAZARDOUS = "hazardous"
    RESIDUAL = "residual"
    BULKY = "bulky"
    RENOVATION = "renovation"


# 清远市城市生活垃圾管理条例, art. 3: legal names, never others on a label.
CLASS_NAMES = {
    WasteClass.RECYCLABLE: "可回收物",
    WasteClass.FOOD: "厨余垃圾",
    WasteClass.HAZARDOUS: "有害垃圾",
    WasteClass.RESIDUAL: "其他垃圾",
    WasteClass.BULKY: "大件垃圾",
    WasteClass.RENOVATION: "装修垃圾",
}
