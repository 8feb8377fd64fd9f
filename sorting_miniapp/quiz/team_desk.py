"""What staff do with classes and teams of their branch: look, make, give a new code, close; audited."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from sorting_miniapp import audit
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Forbidden, NotFound
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within
from sorting_miniapp.quiz import teams
from sorting_miniapp.quiz.models_teams import Team, TeamKind

READERS = (Role.EDITOR, Role.ORGANISER, Role.ANALYST, Role.ADMIN)
MANAGERS = (Role.EDITOR, Role.ORGANISER, Role.ADMIN)
PAGE = 50


def listed(actor: StaffActor, words: str, before: int | None) -> tuple[list[dict[str, Any]], int | None]:
    """Teams of the actor's branches, open ones first within a page, the newest first; and where to go on."""
    query = (
        select(Team, Node.name)
        .join(Node, Node.id == Team.node_id)
        .where(within(Node.path, actor.branches(*READERS)))
        .order_by(Team.id.desc())
        .limit(PAGE + 1)
    )
    if words:
        query = query.where(Team.name.contains(words, autoescape=True))
    if before is not None:
        query = query.where(Team.id < before)
    rows = db.session().execute(query).all()
    sizes = teams.counts([row.Team.id for row in rows])
    shown = [{"team": row.Team, "unit": row.name, "members": sizes.get(row.Team.id, 0)} for row in rows[:PAGE]]
    return shown, rows[PAGE - 1].Team.id if len(rows) > PAGE else None


def get(actor: StaffActor, team_id: int) -> tuple[Team, Node]:
    """A team of the actor's branches, and its unit. Raises NotFound."""
    row = db.session().execute(select(Team, Node).join(Node, Node.id == Team.node_id).where(Team.id == team_id)).first()
    if row is None or not any(row.Node.path.startswith(branch) for branch in actor.branches(*READERS)):
        raise NotFound("team_not_found", "没有找到这个班级或小队")
    return row.Team, row.Node


def may_manage(actor: StaffActor, node: Node) -> bool:
    return any(actor.may(role, node.path) for role in MANAGERS)


def _managed(actor: StaffActor, team_id: int) -> tuple[Team, Node]:
    row, node = get(actor, team_id)
    if not may_manage(actor, node):
        raise Forbidden()
    return row, node


def make(actor: StaffActor, node_id: int, kind: TeamKind, name: str) -> int:
    """A class or team at a unit of the actor's branch; returns its key. Raises NotFound, Invalid."""
    node = orgs.get(node_id, actor.branches(*MANAGERS))
    with transaction() as session:
        row = teams.add(session, kind, name, node.id, staff_id=actor.id)
        audit.record(actor.username, "team.create", "team", row.id, node_path=node.path, after={"name": row.name})
        return row.id


def renew_code(actor: StaffActor, team_id: int) -> None:
    """Raises NotFound, Forbidden, Conflict team_closed."""
    row, node = _managed(actor, team_id)
    with transaction():
        teams.renew_code(row)
        audit.record(actor.username, "team.renew_code", "team", team_id, node_path=node.path)


def close(actor: StaffActor, team_id: int) -> None:
    """Raises NotFound, Forbidden, Conflict team_closed."""
    row, node = _managed(actor, team_id)
    with transaction():
        teams.close(row)
        audit.record(actor.username, "team.close", "team", team_id, node_path=node.path, before={"name": row.name})
