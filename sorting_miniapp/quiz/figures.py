"""The quizzes' part of the front page's figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, or_, select

from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.db import db
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within
from sorting_miniapp.quiz.models import Attempt


def between(start: datetime, end: datetime, branches: Sequence[str]) -> dict[str, int]:
    """份 attempts submitted in [start, end). A resident without a community belongs to the city (design.md §6)."""
    here = within(Node.path, branches)
    if any(path.count("/") == 1 for path in branches):
        here = or_(Resident.node_id.is_(None), here)
    found = db.session().scalar(
        select(func.count())
        .select_from(Attempt)
        .join(Resident, Resident.id == Attempt.resident_id)
        .outerjoin(Node, Node.id == Resident.node_id)
        .where(Attempt.submitted_at >= start, Attempt.submitted_at < end, here)
    )
    return {"attempts": int(found or 0)}
