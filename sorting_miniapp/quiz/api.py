"""Quizzes, attempts and their submission."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from sorting_miniapp.accounts.access import current_resident, open_to_all, resident_only
from sorting_miniapp.accounts.text_check import Readers, require_fit
from sorting_miniapp.certificates import service as certificates
from sorting_miniapp.certificates.api import own_answer
from sorting_miniapp.certificates.schemas import CertificateSchema, CertificatesSchema
from sorting_miniapp.idempotency import idempotent
from sorting_miniapp.quiz import (
    attempts,
    disqualifying,
    learning_certificates,
    offers,
    schemas,
    submission,
    traces,
)
from sorting_miniapp.web import ApiBlueprint, cached_answer, json_bytes
from sorting_miniapp.wechat.mini_program import Scene

blueprint = ApiBlueprint("quiz", __name__, description="答题")


def _raw(body: Any, status: int = 200) -> Response:
    """Bytes made at once: the paper's shape is ours, marshmallow would only cost time on it."""
    return Response(json_bytes(body), status=status, mimetype="application/json")


def who(slug: str = "") -> attempts.Who:
    """Who starts, as the account and the request say."""
    resident = current_resident()
    marks = traces.marks(slug, request.remote_addr or "", request.headers.get("User-Agent", ""))
    unit = resident.node_id or resident.school_id
    return attempts.Who(resident.id, unit, resident.no_time_limit, *marks)


def _answers(body: dict[str, Any]) -> dict[str, Any]:
    return {one["question"]: one["options"] if "options" in one else one["sorted"] for one in body["answers"]}


@blueprint.get("/quizzes")
@blueprint.response(200, schemas.QuizListSchema)
@blueprint.doc(security=[])
@open_to_all
def quizzes() -> Response:
    """可以参加的答题"""
    return cached_answer(*offers.kept.get("quizzes", offers.quizzes))


@blueprint.get("/quizzes/<string:slug>")
@blueprint.response(200, schemas.QuizSchema)
@blueprint.doc(security=[])
@open_to_all
def quiz(slug: str) -> Response:
    """一个答题的规则：题数、时限、计分、次数、奖励、咨询方式"""
    return cached_answer(*offers.kept.get(f"quiz/{slug}", lambda: offers.quiz(slug)))


@blueprint.get("/me/quizzes")
@blueprint.response(200, schemas.OwnQuizzesSchema)
@resident_only
def own_quizzes() -> dict[str, Any]:
    """我在各个答题里的进度：没做完的、今天还剩几次、最好成绩、星、是否解锁"""
    return offers.mine(current_resident().id)


@blueprint.get("/me/attempts")
@blueprint.arguments(schemas.CursorSchema, location="query")
@blueprint.response(200, schemas.OwnAttemptsSchema)
@resident_only
def own_attempts(query: dict[str, Any]) -> dict[str, Any]:
    """我的历次答题"""
    return offers.attempts_of(current_resident().id, query.get("cursor"))


@blueprint.post("/quizzes/<string:slug>/attempts")
@blueprint.arguments(schemas.StartSchema, location="query")
@blueprint.response(201, schemas.AttemptSchema)
@idempotent
@resident_only
def start(query: dict[str, Any], slug: str) -> Response:
    """开始答题：试卷里没有答案；按班级、小队统计的竞赛要说明代表哪一个"""
    return _raw(attempts.start(who(slug), slug, team=query.get("team", "")), 201)


@blueprint.get("/attempts/<string:attempt_id>")
@blueprint.response(200, schemas.AttemptSchema)
@resident_only
def attempt(attempt_id: str) -> Response:
    """我的一次答题；提交后有成绩和解析"""
    return _raw(disqualifying.with_standing(current_resident().id, attempt_id))


@blueprint.put("/attempts/<string:attempt_id>/answers")
@blueprint.arguments(schemas.SubmissionSchema)
@blueprint.response(200, schemas.SavedSchema)
@resident_only
def save(body: dict[str, Any], attempt_id: str) -> dict[str, Any]:
    """边答边存，断线后可以接着做；到时没有交卷的，按存下的答案交卷"""
    return submission.save(current_resident().id, attempt_id, _answers(body))


@blueprint.post("/attempts/<string:attempt_id>/appeal")
@blueprint.arguments(schemas.ResultAppealSchema)
@blueprint.response(201, schemas.DisqualificationSchema)
@idempotent
@resident_only
def appeal(body: dict[str, Any], attempt_id: str) -> tuple[dict[str, Any], int]:
    """对取消成绩提出申诉，由另一名工作人员复核"""
    resident = current_resident()
    require_fit(resident.openid, body["reason"], Scene.COMMENT, Readers.STAFF, "reason")
    return disqualifying.appeal(resident.id, attempt_id, body["reason"]), 201


@blueprint.post("/attempts/<string:attempt_id>/certificate")
@blueprint.arguments(schemas.CertificateNameSchema)
@blueprint.response(201, CertificateSchema)
@idempotent
@resident_only
def certificate(body: dict[str, Any], attempt_id: str) -> tuple[dict[str, Any], int]:
    """学习测试及格后领取学习证明（PDF 见 /me/certificates/{number}/pdf）"""
    resident = current_resident()
    require_fit(resident.openid, body["name"], Scene.PROFILE, Readers.STAFF, "name")
    number = learning_certificates.issue(resident.id, attempt_id, body["name"])
    return own_answer(certificates.own(resident.id, number)), 201


@blueprint.get("/me/learning-certificates")
@blueprint.arguments(schemas.CursorSchema, location="query")
@blueprint.response(200, CertificatesSchema)
@resident_only
def own_certificates(query: dict[str, Any]) -> dict[str, Any]:
    """我的学习证明"""
    page = learning_certificates.listed(current_resident().id, query.get("cursor"))
    return {"items": [own_answer(found) for found in page["items"]], "next": page["next"]}


@blueprint.post("/attempts/<string:attempt_id>/submission")
@blueprint.arguments(schemas.SubmissionSchema)
@blueprint.response(200, schemas.AttemptSchema)
@idempotent
@resident_only
def submit(body: dict[str, Any], attempt_id: str) -> Response:
    """提交答案，只能一次"""
    return _raw(submission.submit(current_resident().id, attempt_id, _answers(body)))
