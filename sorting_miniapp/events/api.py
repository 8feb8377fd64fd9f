"""Events and campaigns for everybody; a resident's sign-ups, absences and appeals; POST /checkins."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from flask import Response, request

from sorting_miniapp import points
from sorting_miniapp.accounts import text_check
from sorting_miniapp.accounts.access import current_resident, open_to_all, resident_only
from sorting_miniapp.accounts.text_check import Readers
from sorting_miniapp.events import (
    absences,
    campaigns,
    conditions,
    group_signups,
    listing,
    mine,
    month,
    scanning,
    schemas,
    schemas_day,
    schemas_sign_ups,
    search,
    service,
)
from sorting_miniapp.idempotency import idempotent
from sorting_miniapp.limits import limiter
from sorting_miniapp.web import ApiBlueprint, Schema, cached_answer
from sorting_miniapp.wechat.mini_program import Scene

blueprint = ApiBlueprint("events", __name__, description="活动、报名与签到")
SCANS = "30 per minute"
_QUERY, _MONTH = schemas.EventQuerySchema(), schemas.CalendarQuerySchema()
_FILTERS: dict[str, dict[str, Any]] = {
    "kind": {"in": "query", "name": "kind", "schema": {"type": "string", "minLength": 1, "maxLength": 24}},
    "org": {"in": "query", "name": "org", "schema": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}},
    "tag": {"in": "query", "name": "tag", "schema": {"type": "string", "minLength": 1, "maxLength": 40}},
    "campaign": {"in": "query", "name": "campaign", "schema": {"type": "string", "minLength": 1, "maxLength": 32}},
}


@blueprint.get("/events")
@blueprint.response(200, schemas.EventListSchema)
@blueprint.doc(
    security=[],
    parameters=[
        {"in": "query", "name": "from", "schema": {"type": "string", "format": "date"}},
        {"in": "query", "name": "to", "schema": {"type": "string", "format": "date"}},
        *(_FILTERS[name] for name in ("kind", "org", "tag", "campaign")),
        {"in": "query", "name": "near", "schema": {"type": "string", "pattern": points.WHOLE, "maxLength": 40}},
        {"in": "query", "name": "places_left",
         "schema": {"type": "integer", "minimum": 1, "maximum": conditions.MOST_PLACES}},
        {"in": "query", "name": "cursor", "schema": {"type": "string", "minLength": 1, "maxLength": 60}},
    ],
)  # fmt: skip
@open_to_all
def events() -> Response:
    """活动列表：按日期、类型、单位、标签、主题活动、剩余名额筛选，或由近及远"""
    key = f"list?{request.query_string.decode('latin-1')}"
    return cached_answer(*listing.kept.get(key, lambda: listing.page(search.Wanted(**_query(_QUERY)))))


def _query(schema: Schema) -> dict[str, Any]:
    """The checked query; only read where the bytes are not at hand."""
    found: dict[str, Any] = ApiBlueprint.ARGUMENTS_PARSER.parse(schema, location="query", unknown=None)
    return found


@blueprint.get("/event-calendar")
@blueprint.response(200, schemas.CalendarSchema)
@blueprint.doc(
    security=[],
    parameters=[
        {"in": "query", "name": "month", "schema": {"type": "string", "pattern": schemas.MONTH_WHOLE}},
        *(_FILTERS[name] for name in ("kind", "org", "tag", "campaign")),
    ],
)
@open_to_all
def event_calendar() -> Response:
    """活动日历：一个月里哪些天有活动，还剩多少名额"""
    key = f"calendar?{request.query_string.decode('latin-1')}"
    return cached_answer(*listing.kept.get(key, lambda: month.of(**_query(_MONTH))))


@blueprint.get("/event-filters")
@blueprint.response(200, schemas.FiltersSchema)
@blueprint.doc(security=[])
@open_to_all
def event_filters() -> Response:
    """活动类型与标签"""
    return cached_answer(*listing.kept.get("filters", listing.filters))


@blueprint.get("/campaigns")
@blueprint.response(200, schemas.CampaignListSchema)
@blueprint.doc(security=[])
@open_to_all
def campaign_list() -> Response:
    """正在进行和将要开始的主题活动"""
    return cached_answer(*listing.kept.get("campaigns", campaigns.current))


@blueprint.get("/events/<string:event_id>")
@blueprint.response(200, schemas.EventSchema)
@blueprint.doc(security=[])
@open_to_all
def event(event_id: str) -> Response:
    """活动详情：说明、风险告知、场次"""
    return cached_answer(*listing.kept.get(f"event/{event_id}", lambda: listing.detail(event_id)))


@blueprint.get("/events/<string:event_id>/ics")
@blueprint.response(200, {"type": "string"}, content_type="text/calendar")
@blueprint.doc(security=[])
@open_to_all
def calendar(event_id: str) -> Response:
    """活动的日历文件"""
    return Response(listing.calendar(event_id), mimetype="text/calendar; charset=utf-8")


@blueprint.post("/events/<string:event_id>/signups")
@blueprint.arguments(schemas_sign_ups.SignUpWishSchema)
@blueprint.response(201, schemas_sign_ups.SignUpSchema)
@idempotent
@resident_only
def sign_up(body: dict[str, Any], event_id: str) -> tuple[dict[str, Any], int]:
    """报名（名额已满时进入候补）"""
    ages = tuple(one["age"] for one in body.pop("companions", []))
    wish = conditions.Wish(shift=body.pop("shift_id", None), companions=ages, **body)
    return service.sign_up(current_resident().id, event_id, wish), 201


@blueprint.post("/events/<string:event_id>/group-signups")
@blueprint.arguments(schemas_sign_ups.GroupWishSchema)
@blueprint.response(201, schemas_sign_ups.GroupSignUpsSchema)
@idempotent
@resident_only
def sign_up_group(body: dict[str, Any], event_id: str) -> tuple[dict[str, Any], int]:
    """负责人为本团体的成员报名"""
    members = [group_signups.MemberWish(one["id"], one.get("age")) for one in body.pop("members")]
    group, wish = body.pop("group_id"), conditions.Wish(shift=body.pop("shift_id", None), **body)
    made = group_signups.sign_up(current_resident().id, event_id, group, members, wish)
    return {"items": made, "next": None}, 201


@blueprint.get("/events/<string:event_id>/group-signups")
@blueprint.arguments(schemas_sign_ups.GroupQuerySchema, location="query")
@blueprint.response(200, schemas_sign_ups.GroupListSchema)
@resident_only
def group_sign_ups(query: dict[str, Any], event_id: str) -> dict[str, Any]:
    """本团体成员的报名"""
    return {"items": group_signups.listed(current_resident().id, event_id, query["group_id"]), "next": None}


@blueprint.get("/me/signups")
@blueprint.arguments(schemas_sign_ups.MyQuerySchema, location="query")
@blueprint.response(200, schemas_sign_ups.MySignUpsSchema)
@resident_only
def my_sign_ups(query: dict[str, Any]) -> dict[str, Any]:
    """我的报名"""
    return mine.page(current_resident().id, query.get("cursor"))


@blueprint.delete("/signups/<string:sign_up_id>")
@blueprint.arguments(schemas_sign_ups.WithdrawalSchema, location="query")
@blueprint.response(204)
@resident_only
def withdraw(query: dict[str, Any], sign_up_id: str) -> None:
    """退出报名，名额顺延给候补"""
    service.withdraw(current_resident().id, sign_up_id, query.get("reason", ""))


@blueprint.post("/signups/<string:sign_up_id>/confirmation")
@blueprint.response(200, schemas_sign_ups.MySignUpSchema)
@resident_only
def confirm(sign_up_id: str) -> dict[str, Any]:
    """确认候补到的名额"""
    return service.confirm(current_resident().id, sign_up_id)


@blueprint.get("/me/absences")
@blueprint.response(200, schemas_sign_ups.AbsencesSchema)
@resident_only
def my_absences() -> dict[str, Any]:
    """我的缺席记录"""
    return absences.mine(current_resident().id)


def text_checked(view: Callable[..., Any]) -> Callable[..., Any]:
    """Ask WeChat about the reason before the transaction that keeps the answer; staff read it, nobody else."""

    @functools.wraps(view)
    def wrapper(body: dict[str, Any], sign_up_id: str) -> Any:
        text_check.require_fit(current_resident().openid, body["reason"], Scene.COMMENT, Readers.STAFF, "reason")
        return view(body, sign_up_id)

    return wrapper


@blueprint.post("/signups/<string:sign_up_id>/appeal")
@blueprint.arguments(schemas_sign_ups.AppealWishSchema)
@blueprint.response(201, schemas_sign_ups.AppealSchema)
@text_checked
@idempotent
@resident_only
def appeal(body: dict[str, Any], sign_up_id: str) -> tuple[dict[str, Any], int]:
    """对缺席记录提出申诉"""
    return absences.appeal(current_resident().id, sign_up_id, body["reason"]), 201


def _signed() -> bool:
    """A QR's text bears a signature that nobody guesses; only digits and scenes could be tried one after another."""
    body = request.get_json(silent=True)
    token = body.get("token") if isinstance(body, dict) else None
    return isinstance(token, str) and "." in token


@blueprint.post("/checkins")
@blueprint.arguments(schemas_day.ScanPlaceSchema)
@blueprint.response(200, schemas_sign_ups.CheckSchema)
@limiter.limit(SCANS, key_func=lambda: f"checkin:{current_resident().id}", exempt_when=_signed)
@idempotent
@resident_only
def check(body: dict[str, Any]) -> dict[str, Any]:
    """扫码或输入签到码：第一次签到，再一次签退"""
    return scanning.scan(current_resident().id, body["token"], body.get("near"))
