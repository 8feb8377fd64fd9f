"""Classes and teams: made, joined by a code and left by residents; the teacher's progress, also as a sheet."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from flask import Response

from sorting_miniapp.accounts.access import current_resident, resident_only
from sorting_miniapp.accounts.text_check import Readers, require_fit
from sorting_miniapp.idempotency import idempotent
from sorting_miniapp.imports import workbook
from sorting_miniapp.limits import JOIN, limiter
from sorting_miniapp.quiz import schemas_teams as shapes
from sorting_miniapp.quiz import team_boards, teams
from sorting_miniapp.quiz.leaderboards import Span
from sorting_miniapp.quiz.models_teams import TeamKind
from sorting_miniapp.web import ApiBlueprint
from sorting_miniapp.wechat.mini_program import Scene

blueprint = ApiBlueprint("teams", __name__, description="班级和小队")


def _joiner() -> str:
    """Tries are counted for each person: a whole class shares one address."""
    return f"join:{current_resident().id}"


def name_checked(view: Callable[..., Any]) -> Callable[..., Any]:
    """The name passes WeChat's text check, with no transaction open: everybody in the team will read it."""

    @functools.wraps(view)
    def wrapper(body: dict[str, Any], **where: str) -> Any:
        require_fit(current_resident().openid, body.get("name", ""), Scene.PROFILE, Readers.EVERYBODY, "name")
        return view(body, **where)

    return wrapper


@blueprint.post("/teams")
@blueprint.arguments(shapes.TeamDraftSchema)
@blueprint.response(201, shapes.TeamSchema)
@name_checked
@idempotent
@resident_only
def make(body: dict[str, Any]) -> dict[str, Any]:
    """建一个班级或小队，得到班级码"""
    return teams.make(current_resident().id, TeamKind(body["kind"]), body["name"])


@blueprint.get("/me/teams")
@blueprint.response(200, shapes.TeamsSchema)
@resident_only
def mine() -> dict[str, Any]:
    """我的班级和小队"""
    return {"items": teams.of_resident(current_resident().id), "next": None}


@blueprint.get("/teams/<string:team_id>")
@blueprint.response(200, shapes.TeamSchema)
@resident_only
def one(team_id: str) -> dict[str, Any]:
    """一个班级或小队"""
    resident_id = current_resident().id
    return teams.shown(teams.get(resident_id, team_id), resident_id)


@blueprint.patch("/teams/<string:team_id>")
@blueprint.arguments(shapes.TeamChangeSchema)
@blueprint.response(200, shapes.TeamSchema)
@name_checked
@resident_only
def change(body: dict[str, Any], team_id: str) -> dict[str, Any]:
    """改名，停止或恢复加入（老师、队长）"""
    resident_id = current_resident().id
    teams.change(teams.taught(resident_id, team_id), body.get("name"), body.get("open"))
    return teams.shown(teams.taught(resident_id, team_id), resident_id)


@blueprint.post("/teams/<string:team_id>/code")
@blueprint.response(201, shapes.TeamSchema)
@idempotent
@resident_only
def renew_code(team_id: str) -> dict[str, Any]:
    """换一个班级码，旧的作废（老师、队长）"""
    resident_id = current_resident().id
    teams.renew_code(teams.taught(resident_id, team_id))
    return teams.shown(teams.taught(resident_id, team_id), resident_id)


@blueprint.delete("/teams/<string:team_id>")
@blueprint.response(204)
@resident_only
def close(team_id: str) -> None:
    """解散（老师、队长）"""
    teams.close(teams.taught(current_resident().id, team_id))


@blueprint.post("/team-members")
@blueprint.arguments(shapes.JoinSchema)
@blueprint.response(201, shapes.TeamSchema)
@limiter.limit(JOIN, key_func=_joiner)
@idempotent
@resident_only
def join(body: dict[str, Any]) -> dict[str, Any]:
    """用班级码加入"""
    return teams.join(current_resident().id, body["code"])


@blueprint.delete("/me/teams/<string:team_id>")
@blueprint.response(204)
@resident_only
def leave(team_id: str) -> None:
    """退出班级或小队"""
    teams.leave(current_resident().id, team_id)


@blueprint.delete("/teams/<string:team_id>/members/<int:number>")
@blueprint.response(204)
@resident_only
def remove(team_id: str, number: int) -> None:
    """移出成员（老师、队长）"""
    teams.remove(teams.taught(current_resident().id, team_id), number)


@blueprint.get("/teams/<string:team_id>/leaderboard")
@blueprint.arguments(shapes.TeamBoardQuerySchema, location="query")
@blueprint.response(200, shapes.TeamBoardSchema)
@resident_only
def board(query: dict[str, Any], team_id: str) -> dict[str, Any]:
    """班级或小队自己的排行榜"""
    resident_id = current_resident().id
    return team_boards.board(teams.get(resident_id, team_id), resident_id, query["quiz"], Span(query["span"]))


@blueprint.get("/teams/<string:team_id>/progress")
@blueprint.response(200, shapes.ProgressSchema)
@resident_only
def progress(team_id: str) -> dict[str, Any]:
    """成员的学习情况，按主题（老师、队长）"""
    return team_boards.progress(teams.taught(current_resident().id, team_id))


@blueprint.get("/teams/<string:team_id>/progress.xlsx")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type=workbook.XLSX)
@resident_only
def progress_sheet(team_id: str) -> Response:
    """成员的学习情况，表格（老师、队长）"""
    name, data = team_boards.sheet(teams.taught(current_resident().id, team_id))
    answer = Response(data, mimetype=workbook.XLSX)
    answer.headers["Content-Disposition"] = f"attachment; filename=\"progress.xlsx\"; filename*=UTF-8''{quote(name)}"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
