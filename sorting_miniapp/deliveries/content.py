"""content/messages.yaml: the texts of subscribe messages. Template ids are the office's own, never overwritten."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

from sqlalchemy import select

from sorting_miniapp.db import transaction
from sorting_miniapp.deliveries.models import NoticeTemplate, TemplateKind
from sorting_miniapp.deliveries.texts import NAMES
from sorting_miniapp.teaching.files import Entry, Files, Level, Problem, Report, unique
from sorting_miniapp.teaching.files import keys as check_keys
from sorting_miniapp.wechat.template_values import LONGEST, kind_of, problem

MESSAGES = "messages.yaml"
MOST_FIELDS = 5  # WeChat's templates have two to five key words
# design.md §6, Notices.
NEEDED = (
    "new_article", "event_offer", "event_signed_up", "event_reminder", "event_changed", "event_cancelled",
    "request_answered", "result_ready",
)  # fmt: skip


def _read(files: Files) -> list[Entry]:
    return files.yaml(MESSAGES)


def keys(folder: Path) -> list[str]:
    """The notices there are texts for."""
    return [entry.values["key"] for entry in _read(Files(folder))]


def check(folder: Path) -> Report:
    """Problems and amounts of the messages: every notice has one, whose fields keep WeChat's value rules."""
    files, report = Files(folder), Report()
    entries = _read(files)
    unique(report, entries, "key", pattern=False)
    for entry in entries:
        row = entry.values
        if not check_keys(report, entry, ("key", "title", "kind", "fields", "page"), ("template_hint",)):
            continue
        if row["kind"] not in set(TemplateKind):
            report.add(entry, f"kind 不认识：{row['kind']}", Level.STRUCTURE)
        if not all(isinstance(one, dict) and set(one) == {"key", "label", "value"} for one in row["fields"]):
            report.add(entry, "fields 的每一项须写成 {key: …, label: …, value: …}", Level.STRUCTURE)
            continue
        _fields(report, entry)
    here = {entry.values.get("key") for entry in entries}
    report.problems += [Problem(MESSAGES, 0, f"缺少消息文案：{key}") for key in NEEDED if key not in here]
    report.amount(MESSAGES, "订阅消息文案", len(entries), len(NEEDED))
    report.problems += files.problems
    return report


def _fields(report: Report, entry: Entry) -> None:
    fields = entry.values["fields"]
    if not 1 <= len(fields) <= MOST_FIELDS or len({one["key"] for one in fields}) != len(fields):
        report.add(entry, f"字段须为 1 到 {MOST_FIELDS} 个，不能重复", Level.STRUCTURE)
    for one in fields:
        names = [name for _, name, _, _ in string.Formatter().parse(one["value"]) if name is not None]
        if unknown := sorted(set(names) - set(NAMES)):
            report.add(entry, f"{one['key']} 用了不认识的名称：{'、'.join(unknown)}", Level.STRUCTURE)
        if not names and (found := problem(one["key"], one["value"])):
            report.add(entry, f"{one['key']} {found}：{one['value']}", Level.STRUCTURE)
        elif names and (room := LONGEST.get(kind_of(one["key"]))) and len(_literal(one["value"])) * 2 > room:
            report.add(entry, f"{one['key']} 固定的文字太长，留给内容的位置不够：{one['value']}")


def _literal(pattern: str) -> str:
    return "".join(text for text, _, _, _ in string.Formatter().parse(pattern))


def load(folder: Path, template_ids: dict[str, str] | None = None) -> dict[str, int]:
    """Add and change texts by their key; `template_ids` fills ids still empty. Returns added, changed, same."""
    counts = {"added": 0, "changed": 0, "same": 0}
    with transaction() as session:
        known = {row.key: row for row in session.scalars(select(NoticeTemplate))}
        for row in (entry.values for entry in _read(Files(folder))):
            values: dict[str, Any] = {
                "title": row["title"],
                "kind": TemplateKind(row["kind"]),
                "page": row["page"],
                "fields": [{"key": f["key"], "label": f["label"], "value": f["value"]} for f in row["fields"]],
            }
            wanted_id = (template_ids or {}).get(row["key"], "")
            found = known.get(row["key"])
            if found is None:
                session.add(NoticeTemplate(key=row["key"], template_id=wanted_id, **values))
                counts["added"] += 1
                continue
            if found.template_id:
                _keep_choice(found, values)
            elif wanted_id:
                values["template_id"] = wanted_id
            changed = {name: value for name, value in values.items() if getattr(found, name) != value}
            for name, value in changed.items():
                setattr(found, name, value)
            counts["changed" if changed else "same"] += 1
        session.flush()
    return counts


def _keep_choice(found: NoticeTemplate, values: dict[str, Any]) -> None:
    """Texts change; the kind and the fields' keys stay as the template has them that an administrator chose."""
    keys = {field["label"]: field["key"] for field in found.fields}
    values["kind"] = found.kind
    values["fields"] = [{**field, "key": keys.get(field["label"], field["key"])} for field in values["fields"]]
