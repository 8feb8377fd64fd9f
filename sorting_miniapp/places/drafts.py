"""What is written about a place, and whether it can be right. Pure: no database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from sorting_miniapp import points
from sorting_miniapp.errors import Invalid
from sorting_miniapp.places import opening
from sorting_miniapp.places.models import PlaceKind, PlaceState
from sorting_miniapp.waste import WasteClass

CENTRE = (24.780, 112.380)  # the city's middle, from which the area is measured
DEGREES = re.compile(r"-?\d{1,3}(\.\d{1,15})?")
CODE = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,29}")
LENGTHS = {
    "name": (60, "名称"),
    "address": (120, "地址"),
    "hours": (120, "开放时间"),
    "contact": (60, "联系方式"),
    "remarks": (200, "备注"),
    "state_note": (120, "状态说明"),
    "source": (120, "信息来源"),
}
NEEDED = ("name", "address", "source")


@dataclass(frozen=True)
class Draft:
    """A place as somebody writes it. Coordinates are degrees (GCJ-02), None where they could not be read; `classes`
    are codes of WasteClass; `hours` is text for opening.py."""

    code: str
    kind: str
    name: str
    node_id: int
    address: str = ""
    lat: float | None = None
    lng: float | None = None
    hours: str = ""
    classes: tuple[str, ...] = ()
    contact: str = ""
    remarks: str = ""
    state: str = PlaceState.ACTIVE.value
    state_note: str = ""
    source: str = ""
    checked_on: date | None = None


def columns(draft: Draft, area_km: int, today: date) -> dict[str, Any]:
    """The draft as values of the place's columns. Raises Invalid with every field's problem."""
    problems = _problems(draft, area_km, today)
    if problems:
        raise refused(problems)
    assert draft.lat is not None
    assert draft.lng is not None
    return {name: getattr(draft, name) for name in LENGTHS} | {
        "code": draft.code.upper(),
        "kind": PlaceKind(draft.kind),
        "node_id": draft.node_id,
        "lat_e5": round(draft.lat * points.E5),
        "lng_e5": round(draft.lng * points.E5),
        "classes": [one.value for one in WasteClass if one.value in draft.classes],
        "state": PlaceState(draft.state),
        "checked_on": draft.checked_on,
    }


def refused(problems: dict[str, str]) -> Invalid:
    """The error that names each field and what is wrong with it."""
    first = next(iter(problems))
    return Invalid(first, problems[first], {"fields": {name: [words] for name, words in problems.items()}})


def _problems(draft: Draft, area_km: int, today: date) -> dict[str, str]:
    found: dict[str, str] = {}
    if not CODE.fullmatch(draft.code.upper()):
        found["code"] = "编号须为 1 到 30 个字母、数字或 -_.，例如 TF001"
    if draft.kind not in set(PlaceKind):
        found["kind"] = "请选择类别"
    for name, (most, label) in LENGTHS.items():
        value = getattr(draft, name)
        if name in NEEDED and not value:
            found[name] = f"请填写{label}"
        elif len(value) > most:
            found[name] = f"{label}不能超过 {most} 个字"
    if where := misplaced(draft.lat, draft.lng, area_km):
        found["at"] = where
    try:
        opening.parse(draft.hours)
    except ValueError:
        found.setdefault("hours", opening.PROBLEM)
    if any(one not in set(WasteClass) for one in draft.classes):
        found["classes"] = "收运类别填写有误"
    if draft.state not in set(PlaceState):
        found["state"] = "请选择状态"
    elif draft.state == PlaceState.PAUSED and not draft.state_note:
        found.setdefault("state_note", "暂停使用的，请在状态说明里写明原因")
    if draft.checked_on is None or not date(2000, 1, 1) <= draft.checked_on <= today:
        found["checked_on"] = "核实日期须写成 2026-06-10 的样子，不晚于今天"
    return found


def degrees(text: str) -> float | None:
    """A coordinate somebody typed; None for what is no number."""
    return float(text) if DEGREES.fullmatch(text.strip()) else None


def misplaced(lat: float | None, lng: float | None, area_km: int) -> str:
    """What is wrong with the coordinates, '' for nothing: unreadable, swapped, or too far from the city."""
    if lat is None or lng is None:
        return "请填写纬度和经度，例如 24.77900 和 112.37700"
    if _inside(lat, lng, area_km):
        return ""
    if _inside(lng, lat, area_km):
        return "纬度和经度填反了：纬度在 24 度左右，经度在 112 度左右"
    if not points.on_earth(lat, lng):
        return "坐标有误：纬度在 24 度左右，经度在 112 度左右"
    return f"坐标不在本市范围内（离市区 {points.metres(CENTRE, (lat, lng)) // 1000} 公里）"


def _inside(lat: float, lng: float, area_km: int) -> bool:
    return points.on_earth(lat, lng) and points.metres(CENTRE, (lat, lng)) <= area_km * 1000
