"""A series of pushes laid out around a week in one action: the publicity week, from content/push_series.yaml.

What the pattern proposes is shown first; a person chooses the articles, and all of it is planned or nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.articles import calendar, check, push_rules, pushes, quotas, slots
from sorting_miniapp.articles.audience import Target
from sorting_miniapp.articles.models import Channel, Column
from sorting_miniapp.articles.models_planning import PushSeries
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import DomainError, Invalid, NotFound
from sorting_miniapp.teaching.files import Entry, Files, Level, Report, keys, unique

FILE = "push_series.yaml"
FIELDS = ("key", "name", "about", "month", "week", "lines")
LINE = {"day", "time", "channel", "column", "article", "note"}
CHANNELS = (Channel.MASS, Channel.PUBLISH, Channel.SUBSCRIBE, Channel.IN_APP)
TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
MOST_LINES, FURTHEST_DAY = 40, 60


@dataclass(frozen=True)
class Proposed:
    """One line of the pattern on its day: what may be chosen [(key, title)], what is proposed, what is in the way."""

    number: int
    at: datetime
    channel: Channel
    column: str
    note: str
    choices: list[tuple[int, str]]
    chosen: int | None
    problem: str
    left: str


def known() -> list[PushSeries]:
    return list(db.session().scalars(select(PushSeries).order_by(PushSeries.key)))


def get(key: str) -> PushSeries:
    """Raises NotFound."""
    found = db.session().get(PushSeries, key)
    if found is None:
        raise NotFound("series_not_found", "没有找到这套安排")
    return found


def usual_start(series: PushSeries) -> date:
    """The Monday of the pattern's next week: this year's, or next year's when that is over."""
    this_year = slots.monday_of(clock.today().year, series.month, series.week)
    over = this_year + timedelta(days=6) < clock.today()
    return slots.monday_of(clock.today().year + 1, series.month, series.week) if over else this_year


def propose(actor: StaffActor, series: PushSeries, monday: date, branches: Sequence[str]) -> list[Proposed]:
    """What the pattern means for the week of `monday`, with the articles of the branches that may be planned."""
    rows = calendar.plannable(branches, "")
    names = {row.slug: row.name for row in db.session().execute(select(Column.slug, Column.name))}
    moments = [_at(line, monday) for line in series.lines]
    lefts = quotas.left(None, {clock.local(at).date() for at in moments})
    used: set[tuple[int, str]] = set()
    found = []
    for number, (line, at) in enumerate(zip(series.lines, moments, strict=True), 1):
        fitting = _fitting(rows, line, names)
        chosen = next((key for key, _ in fitting if (key, line["channel"]) not in used), None)
        if chosen is not None:
            used.add((chosen, line["channel"]))
        channel, left = Channel(line["channel"]), lefts[clock.local(at).date()]
        words = left.words if channel is Channel.MASS else ""
        problem = _problem(channel, at, left)
        name = names.get(line["column"], "")
        found.append(Proposed(number, at, channel, name, line["note"], fitting, chosen, problem, words))
    return found


def _at(line: Mapping[str, Any], monday: date) -> datetime:
    day = monday + timedelta(days=int(line["day"]))
    return datetime.combine(day, time.fromisoformat(line["time"]), clock.LOCAL)


def _fitting(rows: Sequence[Any], line: Mapping[str, Any], names: Mapping[str, str]) -> list[tuple[int, str]]:
    """The article the pattern names first, then those of its column, then the others."""
    column = names.get(line["column"], "")

    def rank(row: Any) -> tuple[bool, bool]:
        return row.Article.key != (line["article"] or None), row.column_name != column

    return [(row.Article.id, row.title) for row in sorted(rows, key=rank)]


def _problem(channel: Channel, at: datetime, left: quotas.Left) -> str:
    try:
        push_rules.check_time(channel, at)
    except DomainError as error:
        return error.message
    return "这一天的群发次数已经用完" if channel is Channel.MASS and not left.day else ""


def lay_out(actor: StaffActor, key: str, monday: date, node_id: int | None, chosen: Mapping[int, int]) -> list[int]:
    """Plan the chosen lines {number: article}, all or none; returns the pushes' keys.

    `node_id`: whose residents the subscribe messages reach. Raises Invalid without a line, and what pushes.plan raises,
    naming the line.
    """
    series, made = get(key), []
    lines = [(number, series.lines[number - 1]) for number in sorted(chosen) if 1 <= number <= len(series.lines)]
    if not lines:
        raise Invalid("lines", "请至少为一条选择文章")
    with transaction():
        for number, line in lines:
            channel = Channel(line["channel"])
            target = Target(node_id) if channel is Channel.SUBSCRIBE else Target()
            try:
                made.append(pushes.plan(actor, chosen[number], channel, _at(line, monday), target))
            except DomainError as error:
                error.message = f"第 {number} 条（{line['note']}）：{error.message}"
                raise
        audit.record(
            actor.username, "push.lay_out", "push", made[0],
            after={"title": series.name, "day": monday.isoformat(), "count": len(made)},
        )  # fmt: skip
    return made


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
    if not isinstance(line, dict) or set(line) != LINE:
        return [f"须有且只有 {'、'.join(sorted(LINE))}"]
    found = []
    if not isinstance(line["day"], int) or abs(line["day"]) > FURTHEST_DAY:
        found.append(f"day 须为 -{FURTHEST_DAY} 到 {FURTHEST_DAY} 的整数")
    if not TIME.fullmatch(str(line["time"])):
        found.append('time 须写成 "09:00" 的样子')
    if line["channel"] not in {one.value for one in CHANNELS}:
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
