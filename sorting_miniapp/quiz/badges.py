"""Badges of content/badges.yaml: what each counts, how far somebody has come, and the award, once.

Quiz badges count quizzes only. The volunteers' stars count service hours only; this feature knows nothing of hours
(two ledgers that never meet), so their measure is named from above (`measure`), and who counts hours asks for the
awards. The badges for points are the levels.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sorting_miniapp import clock
from sorting_miniapp.db import db, transaction
from sorting_miniapp.quiz import knowledge
from sorting_miniapp.quiz.models import PointsLedger
from sorting_miniapp.quiz.models_learning import Badge, BadgeAward, BadgeRule, Learner
from sorting_miniapp.teaching.files import Files

FILE = "badges.yaml"
OWN = frozenset(set(BadgeRule) - {BadgeRule.SERVICE_HOURS})
Measure = Callable[[Session, int], int]


def _learner(column: str) -> Measure:
    def measure(session: Session, resident_id: int) -> int:
        return int(session.scalar(select(getattr(Learner, column)).where(Learner.resident_id == resident_id)) or 0)

    return measure


def _points(session: Session, resident_id: int) -> int:
    balance = select(func.sum(PointsLedger.amount)).where(PointsLedger.resident_id == resident_id)
    return int(session.scalar(balance) or 0)


_measures: dict[BadgeRule, Measure] = {
    BadgeRule.ATTEMPTS: _learner("attempts"),
    BadgeRule.PERFECT: _learner("perfect"),
    BadgeRule.DAYS_IN_ROW: _learner("longest_run"),
    BadgeRule.POINTS: _points,
    BadgeRule.CLASSES: knowledge.right_in_every_class,
}


def measure(rule: BadgeRule, function: Measure) -> None:
    """Name what a rule counts; create_app calls this for what other features count."""
    _measures[rule] = function


def counted() -> Collection[BadgeRule]:
    """The rules whose measure is known."""
    return list(_measures)


def settle(session: Session, resident_id: int, rules: Collection[BadgeRule] = OWN) -> list[str]:
    """Award what has been reached and is not there yet, in the caller's transaction; the new badges' names.

    Two who settle at once are told apart by the award's key: one of them awards, the other finds it done.
    """
    held = select(BadgeAward.badge_id).where(BadgeAward.resident_id == resident_id)
    missing = session.scalars(
        select(Badge).where(Badge.active, Badge.rule.in_(rules), Badge.id.not_in(held)).order_by(Badge.position)
    ).all()
    reached = {rule: _measures[rule](session, resident_id) for rule in {one.rule for one in missing} & set(_measures)}
    new = [one for one in missing if reached.get(one.rule, 0) >= one.value]
    return [one.name for one in new if _award(session, resident_id, one.id)]


def _award(session: Session, resident_id: int, badge_id: int) -> bool:
    values = {"resident_id": resident_id, "badge_id": badge_id, "awarded_at": clock.now()}
    try:
        with session.begin_nested():
            session.execute(insert(BadgeAward).values(**values))
    except IntegrityError:
        return False
    return True


def take_back(session: Session, resident_id: int, rule: BadgeRule) -> None:
    """Take awards away whose measure has been corrected to less: for what must stay true, as service hours."""
    reached = _measures[rule](session, resident_id)
    above = select(Badge.id).where(Badge.rule == rule, Badge.value > reached)
    gone = delete(BadgeAward).where(BadgeAward.resident_id == resident_id, BadgeAward.badge_id.in_(above))
    session.execute(gone)


def of_resident(resident_id: int) -> dict[str, Any]:
    """Every badge with its progress, and the level that the points have reached."""
    session = db.session()
    held = select(BadgeAward.badge_id, BadgeAward.awarded_at).where(BadgeAward.resident_id == resident_id)
    awarded = {row.badge_id: row.awarded_at for row in session.execute(held)}
    badges = session.scalars(select(Badge).order_by(Badge.position, Badge.id)).all()
    reached = {rule: function(session, resident_id) for rule, function in _measures.items()}
    shown = [one for one in badges if one.active or one.id in awarded]
    return {
        "level": _level(shown, reached[BadgeRule.POINTS]),
        "items": [
            {
                "key": one.key,
                "name": one.name,
                "about": one.about,
                "rule": one.rule.value,
                "progress": min(reached.get(one.rule, 0), one.value),
                "goal": one.value,
                "awarded_at": awarded.get(one.id),
            }
            for one in shown
        ],
        "next": None,
    }


def _level(badges: Collection[Badge], points: int) -> dict[str, Any]:
    """The highest points badge reached, and the next one. Pure."""
    steps = sorted((one.value, one.name) for one in badges if one.rule is BadgeRule.POINTS)
    below = [name for value, name in steps if value <= points]
    above = [(value, name) for value, name in steps if value > points]
    return {
        "number": len(below),
        "name": below[-1] if below else "",
        "points": points,
        "next_name": above[0][1] if above else None,
        "next_points": above[0][0] if above else None,
    }


def load(folder: Path) -> dict[str, int]:
    """Load badges.yaml: what is in no file any more is awarded no longer, and stays with those who have it."""
    counts = {"added": 0, "changed": 0, "same": 0}
    with transaction() as session:
        known = {row.key: row for row in session.scalars(select(Badge))}
        entries = [entry.values for entry in Files(folder).yaml(FILE)]
        for position, values in enumerate(entries):
            fields = {
                "name": values["name"], "about": values["about"], "rule": BadgeRule(values["rule"]["kind"]),
                "value": values["rule"]["value"], "position": position, "active": True,
            }  # fmt: skip
            counts[_put(session, known.pop(values["key"], None), values["key"], fields)] += 1
        for row in known.values():
            counts["changed"] += row.active
            row.active = False
        session.flush()
    return counts


def _put(session: Session, row: Badge | None, key: str, fields: dict[str, Any]) -> str:
    if row is None:
        session.add(Badge(key=key, **fields))
        return "added"
    if all(getattr(row, name) == value for name, value in fields.items()):
        return "same"
    for name, value in fields.items():
        setattr(row, name, value)
    return "changed"
