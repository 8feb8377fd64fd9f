"""content/notices/<key>-<version>.md: the legal texts people read before they agree; every version stays."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sorting_miniapp.teaching import language
from sorting_miniapp.teaching.files import Entry, Files, Level, Problem, Report, keys

FOLDER = "notices"
NEEDED = {
    "privacy-guide": "隐私保护指引",
    "minors-rules": "未成年人规则",
    "risk-notice": "风险告知书",
    "contest-rules": "竞赛规则",
    "content-rules": "内容发布规则",
}
TITLE = 80
_VERSION = re.compile(r"\d{4}-\d{2}(-\d{2})?")


def _read(files: Files) -> list[Entry]:
    return [one for name in files.names(f"{FOLDER}/*.md") if (one := files.markdown(name))]


def rows(folder: Path) -> list[dict[str, Any]]:
    """{key, version, title, text} of every text, older versions first."""
    found = [one.values for one in _read(Files(folder))]
    return [{"text": row["body"]} | {key: str(row[key]) for key in ("key", "version", "title")} for row in found]


def check(folder: Path) -> Report:
    """Names and versions, and whether the sentences can be read."""
    files, report = Files(folder), Report()
    entries = _read(files)
    for entry in entries:
        if not keys(report, entry, ("key", "version", "title", "body"), ("reviewer", "sources")):
            continue
        row = entry.values
        if not _VERSION.fullmatch(str(row["version"])):
            report.add(entry, f"version 须写成 2026-11 或 2026-11-01：{row['version']}", Level.STRUCTURE)
        if entry.file != f"{FOLDER}/{row['key']}-{row['version']}.md":
            report.add(entry, f"文件名须是 {row['key']}-{row['version']}.md", Level.STRUCTURE)
        if len(str(row["title"])) > TITLE:
            report.add(entry, f"标题超过 {TITLE} 个字", Level.STRUCTURE)
        _lines(report, entry)
        if not row.get("reviewer"):
            report.add(entry, f"{row['title']} 还没有复核（reviewer 为空）", Level.DRAFT)
    here = {entry.values.get("key") for entry in entries}
    report.amount(FOLDER, "规则和告知文本", len(here & set(NEEDED)), len(NEEDED))
    missing = [name for key, name in NEEDED.items() if key not in here]
    report.problems += [Problem(FOLDER, 0, f"缺少：{name}", Level.DRAFT) for name in missing]
    report.problems += files.problems
    return report


def _lines(report: Report, entry: Entry) -> None:
    body: str = entry.values["body"]
    first = entry.end - body.count("\n") - 1
    for number, line in enumerate(body.splitlines()):
        for wrong in language.unreadable(line, final=False):
            report.problems.append(Problem(entry.file, first + number, wrong, Level.TEXT))
