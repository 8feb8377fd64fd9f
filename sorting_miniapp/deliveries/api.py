"""GET /subscriptions, GET and POST /me/subscriptions."""

from __future__ import annotations

from typing import Any

from sorting_miniapp.accounts.access import current_resident, open_to_all, resident_only
from sorting_miniapp.deliveries import subscriptions
from sorting_miniapp.deliveries.schemas import AnswersSchema, SubscriptionsSchema, TemplatesSchema
from sorting_miniapp.web import ApiBlueprint

blueprint = ApiBlueprint("deliveries", __name__, description="订阅消息")


@blueprint.get("/subscriptions")
@blueprint.response(200, TemplatesSchema)
@blueprint.doc(security=[])
@open_to_all
def templates() -> dict[str, Any]:
    """可以订阅的消息模板"""
    return {"items": subscriptions.templates(), "next": None}


@blueprint.get("/me/subscriptions")
@blueprint.response(200, SubscriptionsSchema)
@resident_only
def mine() -> dict[str, Any]:
    """本人的订阅情况"""
    return {"items": subscriptions.held(current_resident().id)}


@blueprint.post("/me/subscriptions")
@blueprint.arguments(AnswersSchema)
@blueprint.response(200, SubscriptionsSchema)
@resident_only
def answer(body: dict[str, str]) -> dict[str, Any]:
    """记录订阅弹窗的选择"""
    resident = current_resident()
    subscriptions.answer(resident.id, body)
    return {"items": subscriptions.held(resident.id)}
