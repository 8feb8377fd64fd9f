"""Quizzes, attempts and their submission."""

from __future__ import annotations

from typing import Any

from flask import Response

from sorting_miniapp.accounts.access import current_resident, open_to_all, resident_only
from sorting_miniapp.quiz import attempts, schemas, standings
from sorting_miniapp.web import ApiBlueprint, cached_answer, idempotent, json_bytes

blueprint = ApiBlueprint("quiz", __name__, description="答题")


def _raw(body: Any, status: int = 200) -> Response:
    """Bytes made at once: the paper's shape is ours, marshmallow would only cost time on it."""
    return Response(json_bytes(body), status=status, mimetype="application/json")


@blueprint.get("/quizzes")
@blueprint.response(200, schemas.QuizListSchema)
@blueprint.doc(security=[])
@open_to_all
def quizzes() -> Response:
    """可以参加的答题"""
    return cached_answer(*standings.kept.get("quizzes", standings.quizzes))


@blueprint.post("/quizzes/<string:slug>/attempts")
@blueprint.response(201, schemas.AttemptSchema)
@idempotent
@resident_only
def start(slug: str) -> Response:
    """开始答题：试卷里没有答案"""
    return _raw(attempts.start(current_resident().id, slug), 201)


@blueprint.get("/attempts/<string:attempt_id>")
@blueprint.response(200, schemas.AttemptSchema)
@resident_only
def attempt(attempt_id: str) -> Response:
    """我的一次答题；提交后有成绩和解析"""
    return _raw(attempts.get(current_resident().id, attempt_id))


@blueprint.post("/attempts/<string:attempt_id>/submission")
@blueprint.arguments(schemas.SubmissionSchema)
@blueprint.response(200, schemas.AttemptSchema)
@idempotent
@resident_only
def submit(body: dict[str, Any], attempt_id: str) -> Response:
    """提交答案，只能一次"""
    answers = {one["question"]: one["options"] if "options" in one else one["sorted"] for one in body["answers"]}
    return _raw(attempts.submit(current_resident().id, attempt_id, answers))
