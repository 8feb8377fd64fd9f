"""The teaching material of events: tags from content/tags.yaml, templates from content/events.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from sorting_miniapp.db import transaction
from sorting_miniapp.events.models import KIND_NAMES, EventTemplate, Tag

TAGS, TEMPLATES = "tags.yaml", "events.yaml"
_TEXTS = ("key", "title", "summary", "description", "risks", "needs")


def _read(folder: Path, name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load((folder / name).read_text(encoding="utf-8")) or [])


def check(folder: Path) -> list[str]:
    """What is wrong with the two files, in Chinese; empty when they are good."""
    problems: list[str] = []
    tags = _read(folder, TAGS)
    keys = [tag.get("key", "") for tag in tags]
    problems += [f"{TAGS}: 标签重复：{key}" for key in sorted({key for key in keys if keys.count(key) > 1})]
    problems += [f"{TAGS}: 标签缺少名称或分组：{tag}" for tag in tags if not tag.get("name") or not tag.get("set")]
    seen: set[str] = set()
    for row in _read(folder, TEMPLATES):
        name = f"{TEMPLATES}: {row.get('key', '?')}"
        problems += [f"{name} 缺少 {field}" for field in _TEXTS if not row.get(field)]
        if row.get("key") in seen:
            problems.append(f"{name} 重复")
        seen.add(str(row.get("key")))
        if row.get("kind") not in KIND_NAMES:
            problems.append(f"{name} 的类型不认识：{row.get('kind')}")
        if not 1 <= int(row.get("minutes") or 0) <= 1440 or not 1 <= int(row.get("capacity") or 0) <= 100_000:
            problems.append(f"{name} 的时长或名额有误")
        problems += [f"{name} 的标签不存在：{tag}" for tag in row.get("tags", []) if tag not in keys]
    return problems


def load(folder: Path) -> dict[str, int]:
    """Load both files in one transaction. Returns counts added, changed, same. Staff do not edit these rows."""
    counts = {"added": 0, "changed": 0, "same": 0}
    with transaction():
        for position, row in enumerate(_read(folder, TAGS)):
            values = {"name": row["name"], "set_name": row["set"], "position": position}
            counts[_put(Tag, row["key"], values)] += 1
        for position, row in enumerate(_read(folder, TEMPLATES)):
            fields = (*_TEXTS[1:], "kind", "minutes", "capacity", "tags")
            counts[_put(EventTemplate, row["key"], {f: row[f] for f in fields} | {"position": position})] += 1
    return counts


def _put(table: type[Tag] | type[EventTemplate], key: str, values: dict[str, Any]) -> str:
    with transaction() as session:
        row = session.scalars(select(table).where(table.key == key)).one_or_none()
        if row is None:
            session.add(table(key=key, **values))
            session.flush()
            return "added"
        if all(getattr(row, field) == value for field, value in values.items()):
            return "same"
        for field, value in values.items():
            setattr(row, field, value)
        session.flush()
        return "changed"
