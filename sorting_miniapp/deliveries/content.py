"""content/notices.yaml: the texts of the notices. WeChat's template ids are the office's own and never overwritten."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from sorting_miniapp.db import transaction
from sorting_miniapp.deliveries.models import NoticeTemplate, TemplateKind
from sorting_miniapp.deliveries.texts import NAMES
from sorting_miniapp.wechat.template_values import problem


def _rows(folder: Path) -> list[dict[str, Any]]:
    found = yaml.safe_load((folder / "notices.yaml").read_text("utf-8"))
    return list(found)


def check(folder: Path) -> list[str]:
    """What is wrong with the notices' texts, in Chinese; empty when all is well."""
    wrong: list[str] = []
    seen: set[str] = set()
    for row in _rows(folder):
        key = row["key"]
        if key in seen:
            wrong.append(f"notices.yaml：{key} 重复")
        seen.add(key)
        for field in row["fields"]:
            names = {name for _, name, _, _ in string.Formatter().parse(field["value"]) if name}
            if names - set(NAMES):
                wrong.append(f"notices.yaml：{key} 用了未知名称 {sorted(names - set(NAMES))}")
            if not names and (found := problem(field["key"], field["value"])):
                wrong.append(f"notices.yaml：{key} 的 {field['key']} {found}")
    return wrong


def load(folder: Path, template_ids: dict[str, str] | None = None) -> dict[str, int]:
    """Add and change texts by their key; `template_ids` fills ids still empty. Returns added, changed, same."""
    counts = {"added": 0, "changed": 0, "same": 0}
    with transaction() as session:
        known = {row.key: row for row in session.scalars(select(NoticeTemplate))}
        for row in _rows(folder):
            values = {
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
            if wanted_id and not found.template_id:
                values["template_id"] = wanted_id
            changed = {name: value for name, value in values.items() if getattr(found, name) != value}
            for name, value in changed.items():
                setattr(found, name, value)
            counts["changed" if changed else "same"] += 1
        session.flush()
    return counts
