"""What the members of classes and teams have done since they joined, counted with their submissions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from sorting_miniapp.quiz.marking import Version
from sorting_miniapp.quiz.models_teams import Team, TeamMember, TeamProgress
from sorting_miniapp.quiz.tallies import add_to


def record(
    session: Session,
    resident_id: int,
    at: datetime,
    marks: Sequence[tuple[Version, bool]],
    topics: Mapping[int, str],
) -> None:
    """Add a submission to every open team the resident was in by then. The caller holds the learner's lock."""
    members = session.scalars(
        select(TeamMember.id)
        .join(Team, Team.id == TeamMember.team_id)
        .where(
            TeamMember.resident_id == resident_id, TeamMember.live == 1, TeamMember.joined_at <= at,
            Team.closed_at.is_(None),
        )
        .order_by(TeamMember.id)
    ).all()  # fmt: skip
    if not members:
        return
    by_topic: dict[str, list[int]] = {}
    for version, good in marks:
        sums = by_topic.setdefault(topics.get(version.question_id, ""), [0, 0])
        sums[0], sums[1] = sums[0] + 1, sums[1] + good
    values = {"attempts": TeamMember.attempts + 1, "last_at": at}
    session.execute(update(TeamMember).where(TeamMember.id.in_(members)).values(**values))
    for member in members:
        for topic, (asked, right) in sorted(by_topic.items()):
            add_to(session, TeamProgress, {"member_id": member, "topic": topic}, {"asked": asked, "right_count": right})
