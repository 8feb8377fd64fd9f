"""GET /me/timeline."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from sorting_miniapp.accounts.access import current_resident, resident_only
from sorting_miniapp.me import timeline
from sorting_miniapp.web import ApiBlueprint, LocalTime, QueryNumber, Schema

blueprint = ApiBlueprint("me", __name__, description="我的足迹")


class CursorSchema(Schema):
    cursor = QueryNumber(low=0, high=2**53)


class StepSchema(Schema):
    """`kind` is one of joined, first_quiz, registered, group, sign_up, service, training, award, evaluation, star,
    badge, certificate, place_report; `reference` the public id or number of what it is about, or empty."""

    kind = ma.fields.String(required=True)
    at = LocalTime(required=True)
    title = ma.fields.String(required=True)
    detail = ma.fields.String(required=True)
    reference = ma.fields.String(required=True)


class TimelineSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(StepSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


@blueprint.get("/me/timeline")
@blueprint.arguments(CursorSchema, location="query")
@blueprint.response(200, TimelineSchema)
@resident_only
def my_timeline(query: dict[str, Any]) -> dict[str, Any]:
    """我的足迹：从第一次答题到证明"""
    return timeline.of(current_resident().id, query.get("cursor"))
