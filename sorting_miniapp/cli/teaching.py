"""`flask content check|load`: every feature's part of content/, in the order their references need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from flask import current_app

from sorting_miniapp.accounts import consents
from sorting_miniapp.articles import content as articles
from sorting_miniapp.deliveries import content as deliveries
from sorting_miniapp.events import content as events
from sorting_miniapp.figures import definitions as figures
from sorting_miniapp.guide import content as guide
from sorting_miniapp.orgs import service as org_service
from sorting_miniapp.quiz import content as quiz

FEATURES: tuple[tuple[str, Any], ...] = (
    ("同意文本", consents),
    ("活动模板", events),
    ("栏目、用语和文章", articles),
    ("分类词条", guide),
    ("题库和答题", quiz),
    ("年度数据", figures),
)


def check(folder: Path) -> list[str]:
    """What is wrong, in Chinese."""
    return [*deliveries.check(folder), *(problem for _, feature in FEATURES for problem in feature.check(folder))]


def load(folder: Path) -> dict[str, dict[str, int]]:
    """Load everything; counts of added, changed and same rows by part."""
    units = yaml.safe_load((folder / "orgs.yaml").read_text("utf-8"))
    counts = {"组织机构": org_service.load(units)}
    rehearsal = current_app.extensions["settings"].simulated
    notices = yaml.safe_load((folder / "notices.yaml").read_text("utf-8"))
    ids = {row["key"]: f"sim_{row['key']}" for row in notices} if rehearsal else {}
    counts["消息文案"] = deliveries.load(folder, ids)
    for name, feature in FEATURES:
        counts[name] = feature.load(folder)
    return counts
