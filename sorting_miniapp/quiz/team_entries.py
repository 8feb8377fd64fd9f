"""Contests by class and team: who enters for which, once and for the whole contest.

Whoever enters must belong to a team at that moment. The first entry fixes the team: nobody's result wanders from team
to team, and what somebody reached for a team stays with it when they leave.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import insert, select

from sorting_miniapp import clock
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, NotFound
from sorting_miniapp.quiz import teams
from sorting_miniapp.quiz.models_teams import Team, TeamEntry

ENTRY: Any = TeamEntry.__table__


def require(quiz_id: int, resident_id: int, wanted: str) -> int | None:
    """The team to be entered now, None where the resident has entered for theirs before.

    `wanted` is its public id, '' where there is no choice. Raises NotFound; Conflict team_needed,
    team_choice_needed (with the teams), team_fixed, team_left, team_dissolved.
    """
    mine, entered = teams.played_for(resident_id), _entered(quiz_id, resident_id)
    if entered is not None:
        _check_still(entered, mine, wanted)
        return None
    if wanted:
        found = next((team.id for team in mine if team.public_id == wanted), None)
        if found is None:
            raise NotFound("team_not_found", "您不在这个班级或小队里，请先用班级码加入")
        return found
    if not mine:
        raise Conflict("team_needed", "这次竞赛按班级、小队统计，请先用班级码加入一个班级或小队，也可以自己建一个小队")
    if len(mine) > 1:
        choice = [{"id": team.public_id, "name": team.name} for team in mine]
        words = "您在几个班级或小队里，请选一个代表它参加；选定后这次竞赛不能更换"
        raise Conflict("team_choice_needed", words, {"teams": choice})
    return mine[0].id


def _entered(quiz_id: int, resident_id: int) -> Team | None:
    here = (TeamEntry.quiz_id == quiz_id, TeamEntry.resident_id == resident_id)
    return db.session().scalar(select(Team).join(TeamEntry, TeamEntry.team_id == Team.id).where(*here))


def _check_still(entered: Team, mine: Collection[Team], wanted: str) -> None:
    name = f"“{entered.name}”"
    if wanted and wanted != entered.public_id:
        raise Conflict("team_fixed", f"您已经代表{name}参加这次竞赛，不能换成别的班级或小队")
    if entered.closed_at is not None:
        raise Conflict("team_dissolved", f"您代表的{name}已经解散，不能再参加；已有的成绩仍算给它")
    if entered.id not in {team.id for team in mine}:
        raise Conflict("team_left", f"您代表{name}参加过这次竞赛，后来退出了；重新加入{name}后可以继续参加")


def enter(quiz_id: int, resident_id: int, team_id: int) -> None:
    """Fix the team, in the transaction of the first attempt; a violated constraint says another device was first."""
    with transaction() as session:
        session.execute(
            insert(ENTRY).values(quiz_id=quiz_id, resident_id=resident_id, team_id=team_id, entered_at=clock.now())
        )


def of_resident(resident_id: int, quizzes: Collection[int]) -> dict[int, dict[str, str]]:
    """For which team the resident has entered each of these contests; one statement, none without contests."""
    if not quizzes:
        return {}
    query = (
        select(TeamEntry.quiz_id, Team.public_id, Team.name)
        .join(Team, Team.id == TeamEntry.team_id)
        .where(TeamEntry.resident_id == resident_id, TeamEntry.quiz_id.in_(quizzes))
    )
    return {row.quiz_id: {"id": row.public_id, "name": row.name} for row in db.session().execute(query)}
