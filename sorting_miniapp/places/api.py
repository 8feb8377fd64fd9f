"""GET /places, /places/{id}, /place-filters for everybody; /me/place-reports with photos for residents.

`pages` holds the address at which WeChat fetches a photo it is asked about.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from sorting_miniapp import points
from sorting_miniapp.accounts import text_check
from sorting_miniapp.accounts.access import current_resident, open_to_all, resident_only
from sorting_miniapp.accounts.text_check import Readers
from sorting_miniapp.errors import Invalid
from sorting_miniapp.errors_web import takes
from sorting_miniapp.idempotency import idempotent
from sorting_miniapp.limits import LOOK_UP, limiter
from sorting_miniapp.places import listing, pictures, reports, schemas, search, service
from sorting_miniapp.places.models_reports import IssueKind
from sorting_miniapp.web import ApiBlueprint, cached_answer, json_bytes
from sorting_miniapp.wechat.mini_program import Scene

PICTURE_FORM = {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}, "required": ["file"]}
blueprint = ApiBlueprint("places", __name__, description="投放点、分类亭与回收网点")
pages = Blueprint("place_pictures", __name__)
_QUERY = schemas.PlaceQuerySchema()


@blueprint.get("/places")
@blueprint.response(200, schemas.PlaceListSchema)
@blueprint.doc(
    security=[],
    parameters=[
        {"in": "query", "name": "kind", "schema": {"type": "string", "enum": schemas.KINDS}},
        {"in": "query", "name": "org", "schema": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}},
        {"in": "query", "name": "q", "schema": {"type": "string", "maxLength": 40}},
        {"in": "query", "name": "near", "schema": {"type": "string", "pattern": points.WHOLE, "maxLength": 40}},
        {"in": "query", "name": "cursor", "schema": {"type": "string", "minLength": 1, "maxLength": 40}},
    ],
)
@open_to_all
def places() -> Response:
    """点位列表：按单位、类别、名称查找，或由近及远；坐标为微信地图所用的 GCJ-02，查询人的位置不保存"""
    if "near" in request.args:
        answer = Response(json_bytes(listing.page(_wanted())), mimetype="application/json")
        answer.headers["Cache-Control"] = "private, no-store"
        return answer
    key = f"list?{request.query_string.decode('ascii', 'replace')}"
    return cached_answer(*service.kept.get(key, lambda: listing.page(_wanted())))


def _wanted() -> search.Wanted:
    """The checked query; only read where the bytes are not at hand."""
    return search.Wanted(**ApiBlueprint.ARGUMENTS_PARSER.parse(_QUERY, location="query", unknown=None))


@blueprint.get("/place-filters")
@blueprint.response(200, schemas.PlaceFiltersSchema)
@blueprint.doc(security=[])
@open_to_all
def place_filters() -> Response:
    """点位类别、有点位的单位、可以上报的问题"""
    return cached_answer(*service.kept.get("filters", listing.filters))


@blueprint.get("/places/<string:place_id>")
@blueprint.response(200, schemas.PlaceDetailSchema)
@blueprint.doc(security=[])
@open_to_all
def place(place_id: str) -> Response:
    """一个点位：开放时间、收运类别、来源与核实日期、正在处理的问题"""
    return cached_answer(*service.kept.get(f"place/{place_id}", lambda: listing.detail(place_id)))


def text_checked(view: Callable[..., Any]) -> Callable[..., Any]:
    """Ask WeChat about the words before the transaction that keeps them; staff read them, nobody else."""

    @functools.wraps(view)
    def wrapper(body: dict[str, Any]) -> Any:
        words = {name: body.get(name, "") for name in ("text", "spot") if body.get(name)}
        text_check.require_fit(
            current_resident().openid, "\n".join(words.values()), Scene.COMMENT, Readers.STAFF, next(iter(words), "")
        )
        return view(body)

    return wrapper


@blueprint.post("/me/place-reports")
@blueprint.arguments(schemas.ReportWishSchema)
@blueprint.response(201, schemas.ReportSchema)
@limiter.limit(LOOK_UP)
@text_checked
@idempotent
@resident_only
def report(body: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """上报点位问题：损坏、满溢、脏乱、找不到、位置不对，或地图上缺少的点"""
    kind, photos = IssueKind(body.pop("kind")), tuple(dict.fromkeys(body.pop("pictures", ())))
    made = reports.report(current_resident().id, reports.Wish(kind, pictures=photos, **body))
    return reports.own(current_resident().id, made), 201


@blueprint.post("/me/place-reports/pictures")
@blueprint.doc(requestBody={"required": True, "content": {"multipart/form-data": {"schema": PICTURE_FORM}}})
@blueprint.response(201, schemas.ReportPictureSchema)
@takes(pictures.MOST_BYTES + 64 * 1024)
@limiter.limit(LOOK_UP)
@resident_only
def report_picture() -> tuple[dict[str, Any], int]:
    """上传问题照片（wx.uploadFile，字段名 file），24 小时内随上报提交"""
    file = request.files.get("file")
    if file is None:
        raise Invalid("no_file", "请选择照片")
    return {"id": pictures.keep(current_resident().id, file.stream.read())}, 201


@blueprint.get("/me/place-reports")
@blueprint.arguments(schemas.ReportQuerySchema, location="query")
@blueprint.response(200, schemas.ReportListSchema)
@resident_only
def my_reports(query: dict[str, Any]) -> dict[str, Any]:
    """我上报的问题和处理结果"""
    return reports.of_resident(current_resident().id, query.get("cursor"))


@blueprint.get("/me/place-reports/<string:report_id>")
@blueprint.response(200, schemas.ReportSchema)
@resident_only
def my_report(report_id: str) -> dict[str, Any]:
    """我上报的一个问题"""
    return reports.own(current_resident().id, report_id)


@blueprint.get("/me/place-reports/pictures/<string:picture_id>")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="image/jpeg")
@resident_only
def my_picture(picture_id: str) -> Response:
    """我上报的照片；通过内容检查后才能查看"""
    answer = Response(pictures.own(current_resident().id, picture_id), mimetype="image/jpeg")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@pages.get("/place-pictures/<string:check_key>.jpg")
@open_to_all
def picture_for_wechat(check_key: str) -> Response:
    """Answers only while WeChat is asked about the photo."""
    answer = Response(pictures.for_wechat(check_key), mimetype="image/jpeg")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
