"""What the event forms send, read into plain values; nothing is decided here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from werkzeug.datastructures import MultiDict

from sorting_miniapp import clock
from sorting_miniapp.errors import DomainError, Invalid
from sorting_miniapp.events.models import Event, EventTemplate, Shift
from sorting_miniapp.events.planning import Draft

TEXTS = ("title", "kind", "summary", "description", "risks", "needs", "place", "contact")


def draft(form: MultiDict[str, str]) -> Draft:
    texts = {name: form.get(name, "").strip().replace("\r\n", "\n") for name in TEXTS}
    return Draft(**texts, counts_hours="counts_hours" in form, tags=tuple(form.getlist("tags")))


def values_of(source: Event | EventTemplate | None, tags: tuple[str, ...] = ()) -> dict[str, Any]:
    """The form's first values: an event's, a template's, or empty ones."""
    found: dict[str, Any] = {name: getattr(source, name, "") or "" for name in TEXTS}
    return found | {"tags": tags, "counts_hours": getattr(source, "counts_hours", True)}


def typed(form: MultiDict[str, str]) -> dict[str, Any]:
    """What was typed, to be shown again after an error."""
    found: dict[str, Any] = {name: form.get(name, "") for name in form}
    return found | {"tags": tuple(form.getlist("tags")), "counts_hours": "counts_hours" in form}


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


def shift_values(form: Mapping[str, str]) -> dict[str, Any]:
    """The arguments of shifts.add and shifts.change. Raises Invalid."""
    return {
        "starts_at": moment(form.get("starts_at", ""), "开始时间"),
        "ends_at": moment(form.get("ends_at", ""), "结束时间"),
        "capacity": number(form.get("capacity", ""), "名额"),
        "title": form.get("title", "").strip(),
    }


def shift_typed(shift: Shift | None) -> dict[str, str]:
    if shift is None:
        return {"starts_at": "", "ends_at": "", "capacity": "", "title": ""}
    return {
        "starts_at": clock.local(shift.starts_at).strftime("%Y-%m-%dT%H:%M"),
        "ends_at": clock.local(shift.ends_at).strftime("%Y-%m-%dT%H:%M"),
        "capacity": str(shift.capacity),
        "title": shift.title,
    }


def problems(error: DomainError) -> dict[str, Any]:
    """Messages by field; what belongs to no field stands under ''."""
    fields = error.details.get("fields")
    return dict(fields) if isinstance(fields, dict) else {"": error.message}
