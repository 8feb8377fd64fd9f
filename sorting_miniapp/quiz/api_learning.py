"""Leaderboards, and what a resident has learned: rank, points, mistakes, knowledge, days in a row, badges."""

from __future__ import annotations

from typing import Any

from flask import Response

from sorting_miniapp.accounts.access import current_resident, open_to_all, resident_only
from sorting_miniapp.idempotency import idempotent
from sorting_miniapp.quiz import leaderboards, learning, schemas, standings
from sorting_miniapp.quiz import schemas_learning as shapes
from sorting_miniapp.quiz.api import who
from sorting_miniapp.quiz.leaderboards import By, Span
from sorting_miniapp.quiz.mistakes import Mode
from sorting_miniapp.web import ApiBlueprint, cached_answer, json_bytes

blueprint = ApiBlueprint("learning", __name__, description="排行榜、积分、错题、徽章")


@blueprint.get("/quizzes/<string:slug>/leaderboard")
@blueprint.arguments(shapes.BoardQuerySchema, location="query")
@blueprint.response(200, shapes.LeaderboardSchema)
@blueprint.doc(security=[])
@open_to_all
def leaderboard(query: dict[str, Any], slug: str) -> Response:
    """排行榜：先比得分，再比用时，再比先后；也可按社区、学校、镇，按队统计的竞赛可按班级、小队"""
    by, span, on = By(query["by"]), Span(query["span"]), query.get("on")
    name = f"{slug}/{by}/{span}/{on or ''}"
    return cached_answer(*leaderboards.kept.get(name, lambda: leaderboards.page(learning.board(slug, span, on), by)))


@blueprint.get("/me/ranks/<string:slug>")
@blueprint.arguments(shapes.SpanSchema, location="query")
@blueprint.response(200, shapes.RankSchema)
@resident_only
def rank(query: dict[str, Any], slug: str) -> dict[str, Any]:
    """我的名次，和前后的人"""
    return learning.rank(current_resident().id, slug, Span(query["span"]), query.get("on"))


@blueprint.get("/me/points")
@blueprint.arguments(schemas.CursorSchema, location="query")
@blueprint.response(200, shapes.PointsSchema)
@resident_only
def points(query: dict[str, Any]) -> dict[str, Any]:
    """我的积分"""
    return standings.points(current_resident().id, query.get("cursor"))


@blueprint.get("/me/mistakes")
@blueprint.arguments(shapes.MistakeQuerySchema, location="query")
@blueprint.response(200, shapes.MistakeListSchema)
@resident_only
def mistakes(query: dict[str, Any]) -> dict[str, Any]:
    """我的错题：该复习的在前"""
    return learning.book(current_resident().id, query.get("topic", ""), query["due"], query.get("cursor", 0))


@blueprint.post("/me/mistakes/review")
@blueprint.arguments(shapes.ReviewSchema, location="query")
@blueprint.response(201, schemas.AttemptSchema)
@idempotent
@resident_only
def review(query: dict[str, Any]) -> Response:
    """错题重练：先出该复习的；until_cleared 只出上次答错的"""
    paper = learning.review(who(), query.get("topic", ""), Mode(query["mode"]))
    return Response(json_bytes(paper), status=201, mimetype="application/json")


@blueprint.get("/me/knowledge")
@blueprint.response(200, shapes.KnowledgeSchema)
@resident_only
def knowledge() -> dict[str, Any]:
    """我的掌握情况：按主题和四个类别"""
    return learning.known(current_resident().id)


@blueprint.get("/me/streak")
@blueprint.response(200, shapes.StreakSchema)
@resident_only
def streak() -> dict[str, Any]:
    """我连续答题的天数"""
    return learning.streak(current_resident().id)


@blueprint.post("/me/streak/repair")
@blueprint.response(201, shapes.StreakSchema)
@idempotent
@resident_only
def repair() -> dict[str, Any]:
    """补上漏掉的一天，每月一次"""
    return learning.repair(current_resident().id)


@blueprint.get("/me/badges")
@blueprint.response(200, shapes.BadgesSchema)
@resident_only
def badges() -> dict[str, Any]:
    """我的徽章、等级和进度"""
    return learning.earned(current_resident().id)
