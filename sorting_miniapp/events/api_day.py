"""The day of an event in the mini-program: the code a resident shows, what a shift's leader sees and takes."""

from __future__ import annotations

from typing import Any

from sorting_miniapp.accounts.access import current_resident, resident_only
from sorting_miniapp.events import leaders, scanning, schemas_day
from sorting_miniapp.events.schemas import CheckSchema
from sorting_miniapp.limits import limiter
from sorting_miniapp.web import ApiBlueprint, idempotent

blueprint = ApiBlueprint("event-day", __name__, description="活动现场：出示签到码、带队人登记")
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
