"""The volunteers' stars among the badges: their measure is effective service hours, and nothing else.

Quizzes and hours do not know each other (two ledgers that never meet); what joins a star's row in content/badges.yaml
to the ledger of minutes is here, above both.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from sorting_miniapp.db import db, transaction
from sorting_miniapp.hours import ledger
from sorting_miniapp.hours.signals import minutes_changed
from sorting_miniapp.quiz import badges
from sorting_miniapp.quiz.models_learning import BadgeRule

STARS = (BadgeRule.SERVICE_HOURS,)


def hours_of(_session: Session, resident_id: int) -> int:
    """Full effective hours."""
    return ledger.of_resident(resident_id) // 60


def on_change(_sender: object, resident_id: int) -> None:
    """Give the stars reached, and take back those that a correction of the record undid, in its transaction."""
    with transaction():
        session = db.session()
        badges.settle(session, resident_id, STARS)
        badges.take_back(session, resident_id, BadgeRule.SERVICE_HOURS)


def register() -> None:
    """Called by create_app; calling it twice does it once."""
    badges.measure(BadgeRule.SERVICE_HOURS, hours_of)
    minutes_changed.connect(on_change)
