"""`flask content check|load|export`: every feature's part of content/, in the order their references need."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from flask import current_app

from sorting_miniapp.accounts import consents, notices
from sorting_miniapp.articles import check as articles_check
from sorting_miniapp.articles import content as articles
from sorting_miniapp.articles import series_pattern
from sorting_miniapp.cli import lists
from sorting_miniapp.db import transaction
from sorting_miniapp.deliveries import content as deliveries
from sorting_miniapp.errors import Invalid
from sorting_miniapp.events import content as events
from sorting_miniapp.figures import definitions as figures
from sorting_miniapp.guide import cache as guide_cache
from sorting_miniapp.guide import check as guide_check
from sorting_miniapp.guide import content as guide
from sorting_miniapp.guide import reference, rows
from sorting_miniapp.media import drawings
from sorting_miniapp.orgs import service as org_service
from sorting_miniapp.quiz import badges, bank
from sorting_miniapp.quiz import check as quiz_check
from sorting_miniapp.quiz import content as quiz
from sorting_miniapp.teaching import sync
from sorting_miniapp.teaching.export import write
from sorting_miniapp.teaching.files import Files, Level, Problem, Report
from sorting_miniapp.teaching.sync import Outcome

Loaded = tuple[dict[str, dict[str, int]], list[Outcome]]
# What has rows that staff may change in the console: compared three ways, and written back.
PARTS = tuple({part.name: part for part in (*guide.PARTS, *quiz.PARTS, *articles.PARTS)}.values())
# What only files say: loaded as they stand.
PLAIN: tuple[tuple[str, Any], ...] = (
    ("图片", drawings), ("同意文本", consents), ("活动模板", events), ("年度数据", figures),
    ("系列推送", series_pattern), ("徽章", badges),
    ("查询用语和时令", reference),
)  # fmt: skip


def _quiz(folder: Path) -> Report:
    known = rows.dictionary(rows.read(Files(folder)))
    return quiz_check.check(folder, known.items, known.names)


def _events(folder: Path) -> Report:
    found = events.check(folder)
    return Report([Problem("", 0, text) for text in found])


def _consents(folder: Path) -> Report:
    return Report([Problem("", 0, text) for text in consents.check(folder)])


def _figures(folder: Path) -> Report:
    return Report([Problem("", 0, text) for text in figures.check(folder)])


CHECKS: dict[str, tuple[str, Callable[[Path], Report]]] = {
    "sources": ("依据", lists.sources),
    "orgs": ("组织机构", lists.orgs),
    "consents": ("同意文本", _consents),
    "notices": ("规则和告知", notices.check),
    "guide": ("分类词条", guide_check.check),
    "quiz": ("题库", _quiz),
    "pictures": ("图片", drawings.check),
    "articles": ("文章和用语", articles_check.check),
    "series": ("系列推送", series_pattern.check_file),
    "events": ("活动模板", _events),
    "messages": ("订阅消息", deliveries.check),
    "figures": ("数据指标", _figures),
    "badges": ("徽章", lists.badges),
}


def check(folder: Path, only: Collection[str] = ()) -> dict[str, Report]:
    """What each part finds in the files, by the part's name in Chinese."""
    return {label: look(folder) for name, (label, look) in CHECKS.items() if not only or name in only}


def problems(reports: dict[str, Report], draft: bool) -> list[Problem]:
    """All problems by file and line; with `draft` those of unfinished work are left out."""
    found = {problem for report in reports.values() for problem in report.problems}
    return sorted(problem for problem in found if not (draft and problem.level is Level.DRAFT))


def load(
    folder: Path, take: Collection[str] = (), dry_run: bool = False
) -> tuple[dict[str, dict[str, int]], list[Outcome]]:
    """Load everything in one transaction. Returns the counts of what only files say, and what became of the rest.

    Raises Invalid where a file cannot be read or refers to nothing; DomainError as sync.load.
    """
    broken = [one for one in problems(check(folder), draft=True) if one.level is Level.STRUCTURE]
    if broken:
        raise Invalid("content_broken", "\n".join(str(one) for one in broken))
    counts: dict[str, dict[str, int]] = {}
    outcomes: list[Outcome] = []
    with suppress(_Undo), transaction():
        counts["组织机构"] = org_service.load(yaml.safe_load((folder / "orgs.yaml").read_text("utf-8")))
        rehearsal = current_app.extensions["settings"].simulated
        ids = {key: f"sim_{key}" for key in deliveries.keys(folder)} if rehearsal else {}
        counts["消息文案"] = deliveries.load(folder, ids)
        for name, feature in PLAIN:
            counts[name] = feature.load(folder)
        outcomes = sync.load(PARTS, folder, take)
        if counts["图片"]["changed"] or any(one.label == "依据" and (one.changed or one.removed) for one in outcomes):
            guide_cache.changed()
            bank.changed()
        if dry_run:
            raise _Undo
    return counts, outcomes


class _Undo(Exception):
    """Rolls a dry run back."""


def export(folder: Path) -> dict[str, list[str]]:
    """Write the database back to the files of `folder`; the names of the files that changed, by part."""
    return write(PARTS, folder)
