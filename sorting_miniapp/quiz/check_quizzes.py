"""What `flask content check` finds in content/quiz/quizzes.yaml: each can be drawn, and has what its kind asks for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sorting_miniapp.quiz.models import AUDIENCE_NAMES, Pool, QuizKind
from sorting_miniapp.teaching import language
from sorting_miniapp.teaching.files import Entry, Files, Level, Report, keys, unique

QUIZZES = "quiz/quizzes.yaml"
NEEDED = ("slug", "title", "kind", "pool", "count", "minutes", "audience", "intro")
OF_KIND: dict[str, tuple[str, ...]] = {
    QuizKind.LEVEL: ("series", "stage", "pass_percent", "stars"),
    QuizKind.EXAM: ("pass_percent", "per_day"),
    QuizKind.CONTEST: ("per_day",),
}
BOUNDS = {"pass_percent": (1, 100), "per_day": (1, 20), "question_seconds": (5, 3600), "stage": (1, 50)}


def check(files: Files, report: Report, questions: list[Entry]) -> None:
    """Problems of the quizzes; `questions` are those of the other files."""
    entries = files.yaml(QUIZZES)
    unique(report, entries, "slug")
    series: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        own = OF_KIND.get(str(entry.values.get("kind")), ())
        if not keys(report, entry, (*NEEDED, *own), ("topics", "question_seconds")):
            continue
        if _known(report, entry):
            _numbers(report, entry)
            _drawable(report, entry, questions)
            if entry.values["kind"] == QuizKind.LEVEL:
                series[str(entry.values["series"])].append(entry)
    for levels in series.values():
        _series(report, levels)


def _known(report: Report, entry: Entry) -> bool:
    row = entry.values
    known = row["kind"] in set(QuizKind) and row["pool"] in set(Pool) and row["audience"] in AUDIENCE_NAMES
    if not known:
        report.add(entry, "kind、pool 或 audience 不认识", Level.STRUCTURE)
    if known and row["kind"] == QuizKind.CONTEST and row["pool"] != Pool.CONTEST:
        report.add(entry, "竞赛只从竞赛题库出题", Level.STRUCTURE)
    if known and row["kind"] != QuizKind.CONTEST and row["pool"] == Pool.CONTEST:
        report.add(entry, "竞赛题库只用于竞赛", Level.STRUCTURE)
    return known


def _numbers(report: Report, entry: Entry) -> None:
    row = entry.values
    for key, (low, high) in BOUNDS.items():
        if key in row and (not isinstance(row[key], int) or not low <= row[key] <= high):
            report.add(entry, f"{key} 须为 {low} 到 {high} 的整数：{row[key]}", Level.STRUCTURE)
    for wrong in language.unreadable(row["intro"]):
        report.add(entry, f"说明：{wrong}")
    if row["kind"] == QuizKind.LEVEL:
        steps = row["stars"]
        whole = isinstance(steps, list) and all(isinstance(one, int) and 1 <= one <= 100 for one in steps)
        if not whole or len(steps) != 3 or sorted(set(steps)) != steps or steps[0] != row["pass_percent"]:
            report.add(entry, "stars 须是三个从小到大的分数，第一个等于 pass_percent", Level.STRUCTURE)


def fits(quiz: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether a quiz may draw a question."""
    return (
        row["pool"] == quiz["pool"]
        and row["audience"] == quiz["audience"]
        and (not quiz["topics"] or row["topic"] in quiz["topics"])
    )


def _drawable(report: Report, entry: Entry, questions: list[Entry]) -> None:
    row = entry.values
    fit = sum(fits(row | {"topics": row.get("topics") or []}, one.values) for one in questions)
    if fit < row["count"]:
        report.add(entry, f"要出 {row['count']} 道题，合适的只有 {fit} 道", Level.STRUCTURE)


def _series(report: Report, levels: list[Entry]) -> None:
    stages = sorted(entry.values["stage"] for entry in levels)
    if stages != list(range(1, len(levels) + 1)):
        report.add(levels[0], f"闯关 {levels[0].values['series']} 的 stage 须从 1 起连续：{stages}", Level.STRUCTURE)
