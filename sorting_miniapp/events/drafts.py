"""What is written about an event, and what of it must be there when. Pure, but for the kinds' names given in."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sorting_miniapp.errors import Invalid

LENGTHS = {
    "title": 80,
    "summary": 200,
    "place": 120,
    "contact": 80,
    "description": 20_000,
    "risks": 5_000,
    "needs": 5_000,
}
LABELS = {
    "title": "标题",
    "summary": "摘要",
    "place": "地点",
    "contact": "联系人",
    "description": "活动说明",
    "risks": "风险告知",
    "needs": "人员与物资",
}
NEEDED = ("title", "place", "description", "risks", "contact")
MOST_LINES, LINE_LENGTH = 40, 80
MOST_EARLY_HOURS = 720


@dataclass(frozen=True)
class Draft:
    """What is written about an event.

    `tags` are keys, `cohosts` node ids, `checklist` lines; `counts_hours`: check-outs become service records.
    `place_at` is (latitude, longitude) in degrees. Sign-up opens at `opens_at`, `early_hours` before for people
    without a record of absences. `report_fields` are keys of CountKind.
    """

    title: str
    kind: str
    summary: str = ""
    description: str = ""
    risks: str = ""
    needs: str = ""
    place: str = ""
    contact: str = ""
    counts_hours: bool = True
    tags: tuple[str, ...] = ()
    cohosts: tuple[int, ...] = ()
    place_at: tuple[float, float] | None = None
    campaign_id: int | None = None
    opens_at: datetime | None = None
    early_hours: int = 0
    checklist: tuple[str, ...] = ()
    report_fields: tuple[str, ...] = ()


def refuse(name: str, message: str) -> Invalid:
    return Invalid(name, message, {"fields": {name: [message]}})


def check(draft: Draft, kinds: Collection[str]) -> None:
    """Raises Invalid, naming the field."""
    if not draft.title:
        raise refuse("title", "请填写标题")
    if draft.kind not in kinds:
        raise refuse("kind", "请选择活动类型")
    for name, longest in LENGTHS.items():
        if len(getattr(draft, name)) > longest:
            raise refuse(name, f"{LABELS[name]}最多 {longest} 个字")
    if draft.place_at is not None:
        lat, lng = draft.place_at
        if not (-90 <= lat <= 90 and -180 <= lng <= 180):
            raise refuse("place_at", "坐标有误，请按“纬度,经度”填写，例如 24.7790,112.3770")
    if not 0 <= draft.early_hours <= MOST_EARLY_HOURS:
        raise refuse("early_hours", f"提前报名须为 0 到 {MOST_EARLY_HOURS} 小时")
    if draft.early_hours and draft.opens_at is None:
        raise refuse("opens_at", "有提前报名的，请填写报名开始时间")
    if len(draft.checklist) > MOST_LINES or any(not 0 < len(line) <= LINE_LENGTH for line in draft.checklist):
        raise refuse("checklist", f"检查清单最多 {MOST_LINES} 行，每行最多 {LINE_LENGTH} 个字")


def check_complete(draft: Any) -> None:
    """What recruiting must state (志愿服务条例 art. 12), of a Draft or an Event. Raises Invalid, naming the field."""
    for name in NEEDED:
        if not getattr(draft, name):
            message = f"请填写{LABELS[name]}"
            raise Invalid(name, f"招募信息不完整：{message}", {"fields": {name: [message]}})


def columns(draft: Draft) -> dict[str, Any]:
    """The draft as values of the event's columns; tags and co-hosts stand in tables of their own."""
    lat, lng = draft.place_at or (None, None)
    plain = (*LENGTHS, "kind", "counts_hours", "campaign_id", "opens_at", "early_hours")
    return {name: getattr(draft, name) for name in plain} | {
        "lat_e5": None if lat is None else round(lat * 100_000),
        "lng_e5": None if lng is None else round(lng * 100_000),
        "report_fields": list(draft.report_fields),
    }


def ticked(lines: Collection[str], old: Any) -> list[dict[str, Any]]:
    """The checklist's rows for these lines; what was ticked off stays so."""
    done = {row["text"] for row in old or [] if row["done"]}
    return [{"text": line, "done": line in done} for line in lines]
