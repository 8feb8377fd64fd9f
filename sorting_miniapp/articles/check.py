"""What `flask content check` finds in articles/, columns.yaml and slogans.yaml."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path

from sorting_miniapp.articles import render, writing
from sorting_miniapp.articles.models import SloganPlace
from sorting_miniapp.teaching import language
from sorting_miniapp.teaching.files import Entry, Files, Level, Problem, Report, keys, sources, unique

FOLDER, COLUMNS, SLOGANS = "articles", "columns.yaml", "slogans.yaml"
HEAD = ("key", "title", "author", "digest", "column", "cover", "sources")
OPTIONAL = ("tags", "reviewer", "body")
# WeChat's limits, and what reads well on a phone: 500 to 1,200 characters.
LENGTHS = {"title": (4, writing.TITLE), "author": (2, writing.AUTHOR), "digest": (8, writing.DIGEST), "cover": (6, 80)}
LABELS = {"title": "标题", "author": "作者", "digest": "摘要", "cover": "封面说明"}
SHORTEST, LONGEST = 500, 1_200
WEEK = "宣传周"
ARTICLES, FOR_THE_WEEK, SLOGAN_COUNT, ALIKE = 26, 8, 30, 0.6
SLOGAN_TEXT = 30


def check(folder: Path) -> Report:
    """Problems and amounts of articles, columns and slogans."""
    files, report = Files(folder), Report()
    columns = files.yaml(COLUMNS)
    unique(report, columns, "slug")
    for entry in columns:
        keys(report, entry, ("slug", "name"), ("about",))
    _slogans(files, report)
    entries = [one for name in files.names(f"{FOLDER}/*.md") if (one := files.markdown(name))]
    unique(report, entries, "key")
    slugs, known = {entry.values.get("slug") for entry in columns}, set(sources(files))
    whole = [entry for entry in entries if keys(report, entry, HEAD, OPTIONAL)]
    for entry in whole:
        _head(report, entry, slugs, known)
        _body(report, entry)
    _alike(report, whole)
    _amounts(report, whole)
    report.problems += files.problems
    return report


def _slogans(files: Files, report: Report) -> None:
    entries = files.yaml(SLOGANS)
    unique(report, entries, "key")
    unique(report, _dated(entries), "用语和开始日期", pattern=False)
    for entry in entries:
        row = entry.values
        if not keys(report, entry, ("key", "text", "place", "from"), ("to",)):
            continue
        if row["place"] not in set(SloganPlace):
            report.add(entry, f"place 只能是 head（版头）或 foot（版尾）：{row['place']}", Level.STRUCTURE)
        to = row.get("to")
        if not isinstance(row["from"], date) or (to is not None and not isinstance(to, date)):
            report.add(entry, "日期须写成 2026-05-01 的样子", Level.STRUCTURE)
        elif to is not None and to < row["from"]:
            report.add(entry, "结束日期早于开始日期", Level.STRUCTURE)
        if len(row["text"]) > SLOGAN_TEXT:
            report.add(entry, f"用语超过 {SLOGAN_TEXT} 个字")
        for wrong in language.unreadable(row["text"].replace(" ", "，"), final=False):
            report.add(entry, f"用语：{wrong}")
        if found := language.foreign_label(row["text"]):
            report.add(entry, f"用语：“{found}”不是法定类别名称")
    places = Counter(entry.values.get("place") for entry in entries)
    report.amount(SLOGANS, "公益用语", len(entries), SLOGAN_COUNT)
    for place, label in (("head", "版头"), ("foot", "版尾")):
        report.amount(SLOGANS, f"其中{label}", places[place], 1)


def _dated(entries: list[Entry]) -> list[Entry]:
    """A slogan may return in another year, not stand twice at one time."""
    return [
        Entry(one.file, one.line, one.end, {"用语和开始日期": f"{one.values.get('text')} {one.values.get('from')}"})
        for one in entries
    ]


def _head(report: Report, entry: Entry, slugs: set[object], known: set[str]) -> None:
    row = entry.values
    if row["column"] not in slugs:
        report.add(entry, f"栏目不在 {COLUMNS} 里：{row['column']}", Level.STRUCTURE)
    named = row["sources"] if isinstance(row["sources"], list) else [row["sources"]]
    for one in named:
        if one not in known:
            report.add(entry, f"依据不在 sources.yaml 里：{one}", Level.STRUCTURE)
    if entry.file != f"{FOLDER}/{row['key']}.md":
        report.add(entry, f"文件名须和 key 相同：{row['key']}.md")
    for key, (low, high) in LENGTHS.items():
        if not low <= len(str(row[key])) <= high:
            report.add(entry, f"{LABELS[key]}须为 {low} 到 {high} 个字，现为 {len(str(row[key]))} 个")
        for wrong in language.unreadable(str(row[key]), final=key == "digest"):
            report.add(entry, f"{LABELS[key]}：{wrong}")
    if not row.get("reviewer"):
        report.add(entry, f"{row['title']} 还没有复核（reviewer 为空）", Level.DRAFT)


def plain(markdown: str) -> str:
    """The text without Markdown's marks."""
    return re.sub(r"(?m)^\s*(#+|[-*+]|\d+\.|>)\s+|\*\*|`|!?\[|\]\([^)]*\)|^\|?[-| :]+\|?$|\|", "", markdown)


def _body(report: Report, entry: Entry) -> None:
    body: str = entry.values["body"]
    size = len("".join(plain(body).split()))
    if not SHORTEST <= size <= LONGEST:
        report.add(entry, f"正文须为 {SHORTEST} 到 {LONGEST} 个字，现为 {size} 个")
    if len(render.to_html(body)) > writing.HTML:
        report.add(entry, "正文太长，公众号一篇文章放不下", Level.STRUCTURE)
    first = entry.end - body.count("\n") - 1
    for number, line in enumerate(body.splitlines()):
        heading = re.match(r"\s*(#|[-*+] |\d+\. |\|)", line)
        text = plain(line).strip()
        wrong = language.unreadable(text, final=not heading) if text and not line.rstrip().endswith("：") else []
        if found := language.foreign_label(text):
            wrong = [*wrong, f"“{found}”不是法定类别名称"]
        report.problems += [Problem(entry.file, first + number, one, Level.TEXT) for one in wrong]


def _alike(report: Report, entries: list[Entry]) -> None:
    for i, j, _ in language.alike([entry.values["body"] for entry in entries], ALIKE):
        report.add(entries[j], f"和 {entries[i].file} 大半相同")


def _amounts(report: Report, entries: list[Entry]) -> None:
    report.amount(FOLDER, "文章", len(entries), ARTICLES)
    week = sum(WEEK in (entry.values.get("tags") or []) for entry in entries)
    report.amount(FOLDER, f"其中{WEEK}文章", week, FOR_THE_WEEK)
    report.amount(FOLDER, "已复核的文章", sum(bool(entry.values.get("reviewer")) for entry in entries))
    for column, count in sorted(Counter(entry.values["column"] for entry in entries).items()):
        report.amount(FOLDER, f"栏目 {column}", count, 1)
