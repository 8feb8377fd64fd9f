"""The day of an event and after it: codes that are shown, what a shift's leader takes, ratings, calendars."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response, request

from sorting_miniapp.accounts.access import current_resident, open_to_all, resident_only
from sorting_miniapp.events import feeds, leaders, listing, ratings, scanning, schemas_day
from sorting_miniapp.events.schemas_sign_ups import CheckSchema
from sorting_miniapp.idempotency import idempotent
from sorting_miniapp.limits import limiter
from sorting_miniapp.web import ApiBlueprint

blueprint = ApiBlueprint("event-day", __name__, description="活动现场与活动之后：出示签到码、带队人登记、评价、日历")
TAKES = "120 per minute"  # a leader at the entrance; six digits tried by hand find nobody


@blueprint.get("/signups/<string:sign_up_id>/code")
@blueprint.response(200, schemas_day.ShownCodeSchema)
@resident_only
def own_code(sign_up_id: str) -> dict[str, Any]:
    """向工作人员或带队人出示的签到码（30 秒更换）"""
    return scanning.shown_code(current_resident().id, sign_up_id)


@blueprint.get("/me/duties")
@blueprint.response(200, schemas_day.DutiesSchema)
@resident_only
def my_duties() -> dict[str, Any]:
    """我带队的场次"""
    return {"items": leaders.duties(current_resident().id), "next": None}


@blueprint.get("/shifts/<string:shift_id>/attendance")
@blueprint.arguments(schemas_day.AttendanceQuerySchema, location="query")
@blueprint.response(200, schemas_day.AttendanceSchema)
@resident_only
def attendance(query: dict[str, Any], shift_id: str) -> dict[str, Any]:
    """带队人查看到场情况"""
    return leaders.attendance(current_resident().id, shift_id, query.get("q", ""))


@blueprint.post("/shifts/<string:shift_id>/checkins")
@blueprint.arguments(schemas_day.ShownSchema)
@blueprint.response(200, CheckSchema)
@limiter.limit(TAKES, key_func=lambda: f"take:{current_resident().id}")
@idempotent
@resident_only
def take(body: dict[str, Any], shift_id: str) -> dict[str, Any]:
    """带队人扫描或输入对方出示的签到码"""
    return leaders.take(current_resident().id, shift_id, body["token"])


@blueprint.post("/shifts/<string:shift_id>/signups/<string:sign_up_id>/checkins")
@blueprint.arguments(schemas_day.LeaderEntrySchema)
@blueprint.response(200, CheckSchema)
@limiter.limit(TAKES, key_func=lambda: f"take:{current_resident().id}")
@idempotent
@resident_only
def enter(body: dict[str, Any], shift_id: str, sign_up_id: str) -> dict[str, Any]:
    """带队人为没带手机的人登记签到或签退"""
    return leaders.enter(current_resident().id, shift_id, sign_up_id, body["action"] == "out", body["reason"])


@blueprint.put("/signups/<string:sign_up_id>/rating")
@blueprint.arguments(schemas_day.RatingWishSchema)
@blueprint.response(200, schemas_day.RatingSchema)
@limiter.limit("20 per minute", key_func=lambda: f"rate:{current_resident().id}")
@resident_only
def rate(body: dict[str, Any], sign_up_id: str) -> dict[str, Any]:
    """参加后评价：1 至 5 星和评语，每次报名一次"""
    resident = current_resident()
    return ratings.rate(resident.id, resident.openid, sign_up_id, body["stars"], body.get("words", ""))


@blueprint.get("/events/<string:event_id>/ratings")
@blueprint.response(200, schemas_day.RatingsSchema)
@blueprint.doc(security=[])
@open_to_all
def event_ratings(event_id: str) -> dict[str, Any]:
    """活动的评价：平均星数与通过检查的评语"""
    return ratings.public(event_id)


@blueprint.get("/signups/<string:sign_up_id>/ics")
@blueprint.response(200, {"type": "string"}, content_type="text/calendar")
@resident_only
def sign_up_calendar(sign_up_id: str) -> Response:
    """我的报名的日历文件"""
    return Response(feeds.of_sign_up(current_resident().id, sign_up_id), mimetype="text/calendar; charset=utf-8")


@blueprint.get("/orgs/<int:org_id>/events.ics")
@blueprint.response(200, {"type": "string"}, content_type="text/calendar")
@blueprint.doc(security=[])
@open_to_all
def org_calendar(org_id: int) -> Response:
    """一个单位（含下级和协办）的活动日历，可订阅"""
    kept, etag = listing.kept.get(f"ics/{org_id}", lambda: feeds.of_unit(org_id))
    same = request.headers.get("If-None-Match") == f'"{etag}"'
    answer = Response(b"" if same else orjson.loads(kept), 304 if same else 200)
    answer.headers["Content-Type"] = "text/calendar; charset=utf-8"
    answer.headers["ETag"], answer.headers["Cache-Control"] = f'"{etag}"', "public, max-age=300"
    return answer
