"""What staff see of badges: how many have each, and who, by the names that those people agreed to show."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from sorting_miniapp.db import db
from sorting_miniapp.errors import NotFound
from sorting_miniapp.quiz import leaderboards
from sorting_miniapp.quiz.models_learning import Badge, BadgeAward, BadgeRule

PAGE = 50
RULE_NAMES = {
    BadgeRule.ATTEMPTS: "答题次数",
    BadgeRule.DAYS_IN_ROW: "连续天数",
    BadgeRule.POINTS: "积分",
    BadgeRule.PERFECT: "全对次数",
    BadgeRule.CLASSES: "四类各答对",
    BadgeRule.SERVICE_HOURS: "服务小时",
}


def listed() -> list[Any]:
    """Rows (Badge, people) in the file's order."""
    count = select(func.count()).where(BadgeAward.badge_id == Badge.id).correlate(Badge).scalar_subquery()
    return list(db.session().execute(select(Badge, count.label("people")).order_by(Badge.position, Badge.id)))


def holders(badge_id: int, offset: int) -> tuple[Badge, list[dict[str, Any]], bool]:
    """A badge, a page of its holders with the latest first, and whether there are more. Raises NotFound."""
    badge = db.session().get(Badge, badge_id)
    if badge is None:
        raise NotFound("badge_not_found", "没有找到这个徽章")
    query = (
        select(BadgeAward.resident_id, BadgeAward.awarded_at)
        .where(BadgeAward.badge_id == badge_id)
        .order_by(BadgeAward.awarded_at.desc(), BadgeAward.resident_id)
    )
    rows = db.session().execute(query.offset(offset).limit(PAGE + 1)).all()
    names = leaderboards.names([row.resident_id for row in rows[:PAGE]])
    shown = [{"name": names[row.resident_id], "at": row.awarded_at} for row in rows[:PAGE]]
    return badge, shown, len(rows) > PAGE
