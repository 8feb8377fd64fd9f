"""What the event forms send, read into plain values; nothing is decided here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from werkzeug.datastructures import MultiDict

from sorting_miniapp import clock, points
from sorting_miniapp.errors import DomainError, Invalid
from sorting_miniapp.events import requirements
from sorting_miniapp.events.campaigns import Plan
from sorting_miniapp.events.drafts import LENGTHS, Draft, refuse
from sorting_miniapp.events.models import Shift
from sorting_miniapp.events.models_counts import CountKind
from sorting_miniapp.events.requirements import Requirements
from sorting_miniapp.events.shifts import Post
from sorting_miniapp.places import service as places
from sorting_miniapp.places.models import Place

TEXTS = ("title", "kind", "summary", "description", "risks", "needs", "place", "contact")
LISTS = ("tags", "cohosts", "report_fields")


def draft(form: MultiDict[str, str]) -> Draft:
    """What the event form says. Raises Invalid where a field cannot be read."""
    texts = {name: form.get(name, "").strip().replace("\r\n", "\n") for name in TEXTS}
    texts["place"], at = where(form, texts["place"])
    opens_at, early = form.get("opens_at", ""), form.get("early_hours", "").strip()
    return replace(
        Draft(texts["title"], texts["kind"]),
        **texts,
        counts_hours="counts_hours" in form,
        tags=tuple(form.getlist("tags")),
        cohosts=tuple(number(one, "协办单位") for one in form.getlist("cohosts")),
        place_at=at,
        campaign_id=number(form["campaign_id"], "主题活动") if form.get("campaign_id") else None,
        opens_at=moment(opens_at, "报名开始时间") if opens_at else None,
        early_hours=number(early, "提前报名") if early else 0,
        checklist=tuple(line.strip() for line in form.get("checklist", "").splitlines() if line.strip()),
        report_fields=tuple(one for one in form.getlist("report_fields") if one in set(CountKind)),
    )


def values_of(source: Draft) -> dict[str, Any]:
    """The form's first values."""
    at = source.place_at
    return {name: getattr(source, name) for name in TEXTS} | {
        "tags": source.tags,
        "cohosts": source.cohosts,
        "report_fields": source.report_fields,
        "counts_hours": source.counts_hours,
        "place_at": f"{at[0]:.5f},{at[1]:.5f}" if at else "",
        "known_place": "",
        "campaign_id": source.campaign_id or "",
        "opens_at": local_input(source.opens_at),
        "early_hours": source.early_hours or "",
        "checklist": "\n".join(source.checklist),
        "first_at": "",
    }


def typed(form: MultiDict[str, str]) -> dict[str, Any]:
    """What was typed, to be shown again after an error."""
    found: dict[str, Any] = {name: form.get(name, "") for name in form}
    return found | {name: tuple(form.getlist(name)) for name in LISTS} | {"counts_hours": "counts_hours" in form}


def coordinates(text: str) -> tuple[float, float] | None:
    """`latitude,longitude`, a full-width comma too. Raises Invalid."""
    if not text:
        return None
    found = points.read(text.replace("，", ",").replace(" ", ""))
    if found is None:
        raise refuse("place_at", "坐标有误，请按“纬度,经度”填写，例如 24.7790,112.3770")
    return found


def where(form: Mapping[str, str], place: str) -> tuple[str, tuple[float, float] | None]:
    """The place's name and coordinates as typed, or those of the known place that was chosen. Raises Invalid."""
    chosen = form.get("known_place", "").strip().split(" ")[0]
    if not chosen:
        return place, coordinates(form.get("place_at", "").strip())
    found = places.by_code(chosen)
    if found is None:
        raise refuse("known_place", f"没有编号为 {chosen[:30]} 的点位，请从列表里选")
    return place_words(found), places.at(found)


def place_words(place: Place) -> str:
    """A known place as an event's place: its name, with the address where there is room."""
    words = f"{place.name}（{place.address}）"
    return words if len(words) <= LENGTHS["place"] else place.name


def local_input(moment: datetime | None) -> str:
    """A moment as <input type="datetime-local"> shows it."""
    return clock.local(moment).strftime("%Y-%m-%dT%H:%M") if moment else ""


def moment(text: str, label: str) -> datetime:
    """A value of <input type="datetime-local">, in local time. Raises Invalid."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=clock.LOCAL)
    except ValueError as error:
        raise Invalid("moment", f"{label}填写有误") from error


def number(text: str, label: str) -> int:
    """Raises Invalid for what is no whole number of at most nine digits."""
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Invalid("number", f"{label}须为整数")
    return int(text)


def day(text: str, label: str, name: str) -> date:
    """A value of <input type="date">. Raises Invalid, naming the field."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise refuse(name, f"{label}填写有误") from error


def plan(form: Mapping[str, str]) -> Plan:
    """What the campaign form says. Raises Invalid."""
    return Plan(
        title=form.get("title", "").strip(),
        theme=form.get("theme", "").strip(),
        summary=form.get("summary", "").strip().replace("\r\n", "\n"),
        starts_on=day(form.get("starts_on", ""), "开始日期", "starts_on"),
        ends_on=day(form.get("ends_on", ""), "结束日期", "ends_on"),
        parent_id=number(form["parent_id"], "上级主题活动") if form.get("parent_id") else None,
    )


def _age(form: Mapping[str, str], name: str, label: str) -> int | None:
    text = form.get(name, "").strip()
    return number(text, label) if text else None


def shift_values(form: Mapping[str, str]) -> dict[str, Any]:
    """The arguments of shifts.add and shifts.change. Raises Invalid."""
    asked = Requirements(
        min_age=_age(form, "min_age", "年龄下限"),
        max_age=_age(form, "max_age", "年龄上限"),
        quiz=form.get("quiz", ""),
        training=form.get("training", ""),
        group=number(form["group"], "志愿服务团体") if form.get("group") else None,
    )
    return {
        "starts_at": moment(form.get("starts_at", ""), "开始时间"),
        "ends_at": moment(form.get("ends_at", ""), "结束时间"),
        "capacity": number(form.get("capacity", ""), "名额"),
        "title": form.get("title", "").strip(),
        "post": Post(form.get("tasks", "").strip(), form.get("served", "").strip(), asked),
    }


def shift_typed(shift: Shift | None) -> dict[str, Any]:
    if shift is None:
        return {}
    asked = requirements.of(shift.requirements)
    return {
        "starts_at": local_input(shift.starts_at),
        "ends_at": local_input(shift.ends_at),
        "capacity": str(shift.capacity),
        "title": shift.title,
        "tasks": shift.tasks,
        "served": shift.served,
        "min_age": "" if asked.min_age is None else asked.min_age,
        "max_age": "" if asked.max_age is None else asked.max_age,
        "quiz": asked.quiz,
        "training": asked.training,
        "group": asked.group or "",
    }


def problems(error: DomainError) -> dict[str, Any]:
    """Messages by field; what belongs to no field stands under ''."""
    fields = error.details.get("fields")
    return dict(fields) if isinstance(fields, dict) else {"": error.message}
