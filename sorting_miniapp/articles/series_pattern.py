"""The patterns of series as content/push_series.yaml has them: read, checked, loaded."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sorting_miniapp.articles import accounts, check
from sorting_miniapp.articles.models import Channel
from sorting_miniapp.articles.models_planning import PushSeries
from sorting_miniapp.db import transaction
from sorting_miniapp.teaching.files import Entry, Files, Level, Report, keys, unique

FILE = "push_series.yaml"
FIELDS = ("key", "name", "about", "month", "week", "lines")
LINE = {"day", "time", "channel", "column", "article", "note"}
TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
MOST_LINES, FURTHEST_DAY = 40, 60


def check_file(folder: Path) -> Report:
    """Problems of content/push_series.yaml."""
    files, report = Files(folder), Report()
    entries = files.yaml(FILE)
    unique(report, entries, "key")
    columns = {entry.values.get("slug") for entry in files.yaml(check.COLUMNS)}
    articles = {Path(name).stem for name in files.names(f"{check.FOLDER}/*.md")}
    for entry in entries:
        if keys(report, entry, FIELDS):
            _check(report, entry, columns, articles)
    report.amount(FILE, "系列推送", len(entries), 1)
    report.problems += [one for one in files.problems if one.file == FILE]
    return report


def _check(report: Report, entry: Entry, columns: set[Any], articles: set[str]) -> None:
    row = entry.values
    if row["month"] not in range(1, 13) or row["week"] not in range(1, 6):
        report.add(entry, "month 须为 1 到 12，week 须为 1 到 5", Level.STRUCTURE)
    lines = row["lines"] if isinstance(row["lines"], list) else []
    if not 1 <= len(lines) <= MOST_LINES:
        report.add(entry, f"lines 须为 1 到 {MOST_LINES} 条", Level.STRUCTURE)
    for number, line in enumerate(lines, 1):
        for wrong in _wrong(line, columns):
            report.add(entry, f"第 {number} 条：{wrong}", Level.STRUCTURE)
        named = line.get("article") if isinstance(line, dict) else None
        if named and named not in articles:  # loading goes on: another article of the column is proposed
            report.add(entry, f"第 {number} 条：没有这篇文章：{named}")


def _wrong(line: Any, columns: set[Any]) -> list[str]:
    handed = isinstance(line, dict) and line.get("channel") == Channel.HANDOVER
    wanted = LINE | {"account"} if handed else LINE
    if not isinstance(line, dict) or set(line) != wanted:
        return [f"须有且只有 {'、'.join(sorted(wanted))}"]
    found = []
    if handed and not 1 <= len(str(line["account"] or "")) <= accounts.LENGTHS["name"][2]:
        found.append("account 写交给哪个公众号")
    if not isinstance(line["day"], int) or abs(line["day"]) > FURTHEST_DAY:
        found.append(f"day 须为 -{FURTHEST_DAY} 到 {FURTHEST_DAY} 的整数")
    if not TIME.fullmatch(str(line["time"])):
        found.append('time 须写成 "09:00" 的样子')
    if line["channel"] not in set(Channel):
        found.append(f"channel 不认识：{line['channel']}")
    if line["column"] not in columns:
        found.append(f"栏目不在 {check.COLUMNS} 里：{line['column']}")
    return found


def load(folder: Path) -> dict[str, int]:
    """Load the patterns as the file has them; returns how many were added, changed, the same."""
    counts = {"added": 0, "changed": 0, "same": 0}
    with transaction() as session:
        for entry in Files(folder).yaml(FILE):
            values = {name: entry.values[name] for name in FIELDS}
            row = session.get(PushSeries, values["key"])
            if row is None:
                session.add(PushSeries(**values))
                counts["added"] += 1
            elif any(getattr(row, name) != value for name, value in values.items()):
                for name, value in values.items():
                    setattr(row, name, value)
                counts["changed"] += 1
            else:
                counts["same"] += 1
        session.flush()
    return counts
