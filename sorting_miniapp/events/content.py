"""The teaching material of events: content/event_kinds.yaml, content/tags.yaml, a template in each file of events/."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from sorting_miniapp.db import transaction
from sorting_miniapp.events.models import EventTemplate, Tag
from sorting_miniapp.events.models_counts import CountKind
from sorting_miniapp.events.models_planning import EventKind

KINDS, TAGS, TEMPLATES = "event_kinds.yaml", "tags.yaml", "events"
_TEXTS = ("key", "title", "summary", "description", "risks", "needs")
_FIELDS = (*_TEXTS[1:], "kind", "minutes", "tags", "posts", "checklist", "report_fields", "risk_version")
_LENGTHS = {"key": 64, "title": 80, "summary": 200}
LONGEST_MINUTES, MOST_PLACES = 1440, 100_000


def _read(folder: Path, name: str) -> list[dict[str, Any]]:
    path = folder / name
    return list(yaml.safe_load(path.read_text(encoding="utf-8")) or []) if path.exists() else []


def _templates(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """(file, template) in the order of the files' names."""
    files = sorted((folder / TEMPLATES).glob("*.yaml"))
    read = {file.name: yaml.safe_load(file.read_text(encoding="utf-8")) or {} for file in files}
    return [(f"{TEMPLATES}/{name}", dict(row)) for name, row in read.items()]


def check(folder: Path) -> list[str]:
    """What is wrong with the files, in Chinese; empty when they are good."""
    kinds, tags = _read(folder, KINDS), _read(folder, TAGS)
    problems = _repeated(KINDS, "类型", kinds) + _repeated(TAGS, "标签", tags)
    problems += [f"{KINDS}: 类型缺少名称：{row}" for row in kinds if not row.get("key") or not row.get("name")]
    problems += [f"{TAGS}: 标签缺少名称或分组：{tag}" for tag in tags if not tag.get("name") or not tag.get("set")]
    templates = _templates(folder)
    problems += _repeated(TEMPLATES, "模板", [row for _, row in templates])
    known = {row.get("key") for row in kinds}, {row.get("key") for row in tags}
    return problems + [f"{name}: {problem}" for name, row in templates for problem in _problems(row, *known)]


def _repeated(name: str, what: str, rows: list[dict[str, Any]]) -> list[str]:
    keys = [row.get("key", "") for row in rows]
    return [f"{name}: {what}重复：{key}" for key in sorted({key for key in keys if keys.count(key) > 1})]


def _problems(row: dict[str, Any], kinds: set[Any], tags: set[Any]) -> list[str]:
    found = [f"缺少 {field}" for field in _TEXTS if not row.get(field)]
    found += [f"{field} 超过 {most} 个字" for field, most in _LENGTHS.items() if len(str(row.get(field, ""))) > most]
    if row.get("kind") not in kinds:
        found.append(f"类型不认识：{row.get('kind')}")
    if not _between(row.get("minutes"), 1, LONGEST_MINUTES):
        found.append("时长有误")
    if not _between(row.get("risk_version", 1), 1, 1_000):
        found.append("风险告知版本有误")
    found += [f"标签不存在：{tag}" for tag in row.get("tags") or [] if tag not in tags]
    counted = set(CountKind)
    found += [f"统计项目不认识：{field}" for field in row.get("report_fields") or [] if field not in counted]
    if any(not isinstance(line, str) or not 0 < len(line) <= 80 for line in row.get("checklist") or []):
        found.append("检查清单须为 1 到 80 个字的文字")
    if not row.get("posts"):
        found.append("缺少岗位")
    return found + [problem for post in row.get("posts") or [] for problem in _post_problems(post)]


def _post_problems(post: dict[str, Any]) -> list[str]:
    name = f"岗位 {post.get('title', '?')}"
    unknown = sorted(set(post) - {"title", "capacity", "minutes", "tasks", "min_age"})
    found = [f"{name} 有不认识的字段：{field}" for field in unknown]
    if not 0 < len(str(post.get("title", ""))) <= 80 or not 0 < len(str(post.get("tasks", ""))) <= 500:
        found.append(f"{name} 的名称或职责有误")
    if not _between(post.get("capacity"), 1, MOST_PLACES) or not _between(post.get("minutes"), 1, LONGEST_MINUTES):
        found.append(f"{name} 的名额或时长有误")
    if "min_age" in post and not _between(post["min_age"], 0, 120):
        found.append(f"{name} 的年龄有误")
    return found


def _between(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def load(folder: Path) -> dict[str, int]:
    """Load all files in one transaction. Returns counts added, changed, same. Staff do not edit these rows."""
    counts = {"added": 0, "changed": 0, "same": 0}
    with transaction():
        for key, number in load_kinds(folder).items():
            counts[key] += number
        for position, row in enumerate(_read(folder, TAGS)):
            values = {"name": row["name"], "set_name": row["set"], "position": position}
            counts[_put(Tag, row["key"], values)] += 1
        for position, (_, row) in enumerate(_templates(folder)):
            values = {"risk_version": 1} | {field: row[field] for field in _FIELDS if field in row}
            counts[_put(EventTemplate, row["key"], values | {"position": position})] += 1
    return counts


def load_kinds(folder: Path) -> dict[str, int]:
    """Load the kinds alone; counts as `load`."""
    counts = {"added": 0, "changed": 0, "same": 0}
    with transaction():
        for position, row in enumerate(_read(folder, KINDS)):
            counts[_put(EventKind, row["key"], {"name": row["name"], "position": position})] += 1
    return counts


def _put(table: type[EventKind] | type[Tag] | type[EventTemplate], key: str, values: dict[str, Any]) -> str:
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
