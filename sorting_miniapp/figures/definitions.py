"""content/figures.yaml: which figures there are, checked and loaded."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from sorting_miniapp import clock
from sorting_miniapp.db import transaction
from sorting_miniapp.figures.models import CheckKind, Figure, FigureBlock, FigureCheck, FigureOwner, OverTime, Source
from sorting_miniapp.figures.periods import MONTHS, PeriodKind
from sorting_miniapp.figures.styles import Style
from sorting_miniapp.orgs.models import Node, NodeKind

FILE = "figures.yaml"
TOWNS = "towns"
UNITS = frozenset(
    ("人", "人次", "场", "场次", "份", "篇", "家", "家次", "个", "个次", "次", "宗", "辆次", "小时", "元", "万元")
)
DECIMAL_UNITS = frozenset(("元", "万元"))
MOST_UNIT, MOST_NAME = 8, 60
# What the report's counters understand: the thing counted, and which of its counts may be named.
COUNTED: dict[str, tuple[str, ...]] = {
    "events": (),
    "head_count": ("direct", "influenced", "served", "leaflets", "party_members"),
    "records": ("people", "times", "hours"),
    "signups": (),
    "groups": (),
    "volunteers": (),
    "articles": (),
    "pushes": (),
    "media": (),
}
FILTERS = frozenset(("of", "count", "kinds", "tags", "node", "origin"))
_KEYS = frozenset(
    ("id", "block", "name", "unit", "source", "owner", "period", "over_time", "style", "step", "auto", "note")
)


def _read(folder: Path) -> dict[str, list[dict[str, Any]]]:
    found = yaml.safe_load((folder / FILE).read_text("utf-8")) or {}
    return {part: list(found.get(part) or []) for part in ("blocks", "figures", "checks")}


def _owners(row: dict[str, Any]) -> list[str]:
    owner = row.get("owner") or []
    return [owner] if isinstance(owner, str) else [str(one) for one in owner]


def check(folder: Path) -> list[str]:
    """What is wrong with the file, in Chinese; empty when it is good."""
    content = _read(folder)
    units = {row["key"] for row in yaml.safe_load((folder / "orgs.yaml").read_text("utf-8"))}
    tags = {row["key"] for row in yaml.safe_load((folder / "tags.yaml").read_text("utf-8"))}
    ids = [str(row.get("id", "")) for row in content["figures"]]
    blocks = [str(row.get("key", "")) for row in content["blocks"]]
    problems = [
        f"{FILE}: 编号重复：{one}" for one in sorted({one for one in ids + blocks if (ids + blocks).count(one) > 1})
    ]
    for block in content["blocks"]:
        named = re.findall(r"\{([a-z0-9-]+)\}", str(block.get("says", "")))
        name = f"{FILE}: {block.get('key')}"
        problems += [f"{name} 的句子里没有这个数字：{one}" for one in named if one not in ids]
        problems += [
            f"{FILE}: {block.get('key')} 再次列出的数字不存在：{one}"
            for one in block.get("again", [])
            if one not in ids
        ]
    for row in content["figures"]:
        problems += [f"{FILE}: {row.get('id', '?')} {wrong}" for wrong in _wrong(row, blocks, units, tags)]
    for row in content["checks"]:
        name = f"{FILE}: 校验 {row.get('id', '?')}"
        if row.get("kind") not in set(CheckKind) or not row.get("says") or not row.get("parts"):
            problems.append(f"{name} 缺少种类、数字或说明")
        problems += [
            f"{name} 的数字不存在：{one}" for one in [*row.get("parts", []), row.get("whole")] if one not in ids
        ]
    return problems


def _wrong(row: dict[str, Any], blocks: list[str], units: set[str], tags: set[str]) -> Iterable[str]:
    unknown = sorted(set(row) - _KEYS)
    if unknown:
        yield f"有不认识的项：{'、'.join(unknown)}"
    if not row.get("id") or not 1 <= len(str(row.get("name") or "")) <= MOST_NAME:
        yield f"缺少编号，或名称不是 1 到 {MOST_NAME} 个字"
    if row.get("block") not in blocks:
        yield f"的部分不存在：{row.get('block')}"
    if row.get("unit") not in UNITS:
        yield f"的单位不认识：{row.get('unit')}"
    if row.get("source") not in set(Source):
        yield f"的来源不认识：{row.get('source')}"
    if row.get("period") not in set(MONTHS):
        yield f"的周期不认识：{row.get('period')}"
    if row.get("style") not in set(Style) or row.get("over_time", "sum") not in set(OverTime):
        yield "的写法或合计办法不认识"
    if not _owners(row):
        yield "没有填报单位"
    yield from (f"的填报单位不存在：{one}" for one in _owners(row) if one != TOWNS and one not in units)
    yield from _wrong_auto(row, units, tags)


def _wrong_auto(row: dict[str, Any], units: set[str], tags: set[str]) -> Iterable[str]:
    auto, source = row.get("auto"), row.get("source")
    if bool(auto) != (source in (Source.AUTO, Source.COUNTED)):
        yield "的来源与统计办法不一致：自动统计和现场统计的数字须写 auto，其余不写"
    if not auto:
        return
    if auto.get("of") not in COUNTED or set(auto) - FILTERS:
        yield f"的统计办法不认识：{auto}"
        return
    counts = COUNTED[auto["of"]]
    if (auto.get("count") not in counts) if counts else "count" in auto:
        yield f"的统计办法没有写清数什么：{auto}"
    if auto.get("node") and auto["node"] not in units:
        yield f"的统计单位不存在：{auto['node']}"
    yield from (f"的标签不存在：{tag}" for tag in auto.get("tags", []) if tag not in tags)


def load(folder: Path) -> dict[str, int]:
    """Load the file in one transaction. Returns counts added, changed, same. Staff do not edit these rows."""
    content, counts = _read(folder), {"added": 0, "changed": 0, "same": 0}
    with transaction() as session:
        for position, row in enumerate(content["blocks"]):
            values = {"name": row["name"], "position": position, "again": list(row.get("again") or [])}
            values |= {"says": row.get("says", ""), "week": bool(row.get("week"))}
            counts[_put(session, FigureBlock, row["key"], values)] += 1
        blocks = {block.key: block.id for block in session.scalars(select(FigureBlock))}
        for position, row in enumerate(content["figures"]):
            counts[_put(session, Figure, row["id"], _values(row, position, blocks))] += 1
        for row in content["checks"]:
            values = {"kind": CheckKind(row["kind"]), "parts": row["parts"], "whole": row["whole"], "says": row["says"]}
            counts[_put(session, FigureCheck, row["id"], values)] += 1
        ids, checks = [row["id"] for row in content["figures"]], [row["id"] for row in content["checks"]]
        for figure in session.scalars(select(Figure).where(Figure.key.not_in(ids), Figure.active)):
            figure.active, counts["changed"] = False, counts["changed"] + 1
        session.execute(delete(FigureCheck).where(FigureCheck.key.not_in(checks)))
        _load_owners(session, content["figures"])
    return counts


def _values(row: dict[str, Any], position: int, blocks: dict[str, int]) -> dict[str, Any]:
    return {
        "block_id": blocks[row["block"]],
        "position": position,
        "name": row["name"],
        "unit": row["unit"],
        "source": Source(row["source"]),
        "period": PeriodKind(row["period"]),
        "over_time": OverTime(row.get("over_time", "sum")),
        "style": Style(row["style"]),
        "step": int(row.get("step", 1)),
        "auto": row.get("auto"),
        "note": row.get("note", ""),
        "active": True,
    }


def _put(session: Session, table: Any, key: str, values: dict[str, Any]) -> str:
    row = session.scalars(select(table).where(table.key == key)).one_or_none()
    if row is None:
        since = {"since": clock.today()} if table is Figure else {}
        session.add(table(key=key, **values, **since))
        session.flush()
        return "added"
    if all(getattr(row, name) == value for name, value in values.items()):
        return "same"
    for name, value in values.items():
        setattr(row, name, value)
    session.flush()
    return "changed"


def _load_owners(session: Session, rows: list[dict[str, Any]]) -> None:
    """Who enters what, written anew: the rows carry nothing of their own."""
    nodes = {node.key: node for node in session.scalars(select(Node))}
    towns = [node.id for node in nodes.values() if node.kind is NodeKind.TOWN]
    figures = {figure.key: figure.id for figure in session.scalars(select(Figure))}
    session.execute(delete(FigureOwner))
    for row in rows:
        named = [nodes[key].id for key in _owners(row) if key != TOWNS and key in nodes]
        own = sorted({*named, *(towns if TOWNS in _owners(row) else [])})
        if own:
            session.execute(insert(FigureOwner), [{"figure_id": figures[row["id"]], "node_id": node} for node in own])
