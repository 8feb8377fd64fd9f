"""What `flask content check` finds in the short lists: sources, organisations, badges."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from sorting_miniapp.orgs.models import NodeKind
from sorting_miniapp.teaching import language
from sorting_miniapp.teaching.files import Entry, Files, Level, Report, keys, unique

SOURCES, ORGS, BADGES = "sources.yaml", "orgs.yaml", "badges.yaml"
CHECKED = ("已读", "未核")
# What a badge counts; service hours make the volunteers' stars.
RULES = ("attempts", "days_in_row", "points", "perfect", "classes", "service_hours")
STARS = {100, 300, 600, 1_000, 1_500}  # rules.md: star levels by hours
TOWNS, BADGE_COUNT = 12, 12


def sources(folder: Path) -> Report:
    """Each source has a title, its clause, date and whether its text was read."""
    files, report = Files(folder), Report()
    entries = files.yaml(SOURCES)
    unique(report, entries)
    unique(report, entries, "title", pattern=False)
    for entry in entries:
        if not keys(report, entry, ("id", "title", "issuer", "date", "checked"), ("article", "note")):
            continue
        if entry.values["checked"] not in CHECKED:
            report.add(entry, f"checked 只能是 {'、'.join(CHECKED)}：{entry.values['checked']}", Level.STRUCTURE)
        if not str(entry.values["date"])[:4].isdigit():
            report.add(entry, f"date 须以年份开头：{entry.values['date']}", Level.STRUCTURE)
    checked = Counter(entry.values.get("checked") for entry in entries)
    report.amount(SOURCES, "依据", len(entries))
    for label in CHECKED:
        report.amount(SOURCES, f"其中{label}", checked[label])
    report.problems += files.problems
    return report


def orgs(folder: Path) -> Report:
    """Units come after their parent; one city, one lead department, the twelve towns."""
    files, report = Files(folder), Report()
    entries = files.yaml(ORGS)
    unique(report, entries, "key")
    seen: set[object] = set()
    for entry in entries:
        row = entry.values
        if keys(report, entry, ("key", "name", "kind"), ("parent", "lead")):
            if row["kind"] not in set(NodeKind):
                report.add(entry, f"kind 不认识：{row['kind']}", Level.STRUCTURE)
            if (row.get("parent") or None) not in (seen or {None}):
                report.add(entry, f"上级单位须写在前面：{row.get('parent')}", Level.STRUCTURE)
        seen.add(row.get("key"))
    if sum(bool(entry.values.get("lead")) for entry in entries) != 1 and entries:
        report.add(entries[0], "牵头部门（lead: true）须正好有一个", Level.STRUCTURE)
    kinds = Counter(entry.values.get("kind") for entry in entries)
    report.amount(ORGS, "镇（乡）", kinds["town"], TOWNS)
    report.amount(ORGS, "部门", kinds["department"], 1)
    report.problems += files.problems
    return report


def badges(folder: Path) -> Report:
    """Badges have a rule the service can count; the stars stand at the hours of the rules."""
    files, report = Files(folder), Report()
    entries = files.yaml(BADGES)
    unique(report, entries, "key")
    unique(report, entries, "name", pattern=False)
    for entry in entries:
        if keys(report, entry, ("key", "name", "about", "rule")):
            _badge(report, entry)
    rules = [entry.values["rule"] for entry in entries if isinstance(entry.values.get("rule"), dict)]
    hours = {rule.get("value") for rule in rules if rule.get("kind") == "service_hours"}
    stars = sum(rule.get("kind") == "service_hours" for rule in rules)
    report.amount(BADGES, "答题徽章", len(entries) - stars, BADGE_COUNT)
    report.amount(BADGES, "志愿者星级", len(hours & STARS), len(STARS))
    report.problems += files.problems
    return report


def _badge(report: Report, entry: Entry) -> None:
    rule = entry.values["rule"]
    value = rule.get("value") if isinstance(rule, dict) else None
    if not isinstance(rule, dict) or rule.get("kind") not in RULES or not isinstance(value, int) or value < 1:
        report.add(entry, f"rule 须写成 {{kind: …, value: 数}}，kind 是 {'、'.join(RULES)} 之一", Level.STRUCTURE)
    for wrong in language.unreadable(entry.values["about"], final=False):
        report.add(entry, f"说明：{wrong}")
