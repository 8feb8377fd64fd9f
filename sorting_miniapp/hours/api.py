"""/me/volunteer, /me/service-records, disputes, /me/service-claims, the ranking, /me/certificates with their PDF."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, request

from sorting_miniapp.accounts.access import current_resident, resident_only
from sorting_miniapp.certificates import pdf
from sorting_miniapp.certificates import service as certificates
from sorting_miniapp.certificates.api import own_answer
from sorting_miniapp.certificates.models import CertificateKind
from sorting_miniapp.certificates.schemas import CertificateSchema, CertificatesSchema
from sorting_miniapp.errors import Invalid
from sorting_miniapp.hours import entries, issuing, ranking, records, registration, schemas, service, volunteers
from sorting_miniapp.idempotency import idempotent
from sorting_miniapp.limits import LOOK_UP, limiter
from sorting_miniapp.web import ApiBlueprint

PICTURE_FORM = {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}, "required": ["file"]}
blueprint = ApiBlueprint("hours", __name__, description="志愿者、服务记录与证明")


@blueprint.put("/me/volunteer")
@blueprint.arguments(schemas.RegistrationSchema)
@blueprint.response(200, schemas.VolunteerSchema)
@resident_only
def register(body: dict[str, Any]) -> dict[str, Any]:
    """登记为志愿者，或更正登记"""
    return registration.register(current_resident().id, registration.Identity(**body))


@blueprint.get("/me/volunteer")
@blueprint.response(200, schemas.VolunteerSchema)
@resident_only
def volunteer() -> dict[str, Any]:
    """我的志愿者信息、累计时长、星级"""
    return volunteers.profile(current_resident().id)


def _record(row: Any) -> dict[str, Any]:
    record = row.ServiceRecord
    return {
        "id": record.public_id,
        "date": record.served_on,
        "title": record.title,
        "place": record.place,
        "content": record.content,
        "served": record.served,
        "person_in_charge": record.person_in_charge,
        "org": {"id": record.node_id, "name": row.org_name},
        "minutes": record.minutes,
        "state": record.state.value,
        "source": record.source.value,
        "flag": record.flag.value if record.flag else None,
    }


@blueprint.get("/me/service-records")
@blueprint.arguments(schemas.CursorSchema, location="query")
@blueprint.response(200, schemas.RecordsSchema)
@resident_only
def service_records(query: dict[str, Any]) -> dict[str, Any]:
    """我的服务记录"""
    page = records.of_resident(current_resident().id, query.get("cursor"))
    return {"items": [_record(row) for row in page["items"]], "next": page["next"]}


@blueprint.post("/service-records/<string:record_id>/dispute")
@blueprint.arguments(schemas.DisputeSchema)
@blueprint.response(201, schemas.RecordSchema)
@idempotent
@resident_only
def dispute(body: dict[str, Any], record_id: str) -> tuple[dict[str, Any], int]:
    """对服务记录提出异议"""
    service.dispute(current_resident().id, record_id, body["reason"])
    return _record(records.own(current_resident().id, record_id)), 201


@blueprint.post("/me/service-claims")
@blueprint.arguments(schemas.ClaimSchema)
@blueprint.response(201, schemas.RecordSchema)
@idempotent
@resident_only
def claim(body: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """申请补录服务记录"""
    body["pictures"] = tuple(body.get("pictures", ()))
    made = service.claim(current_resident().id, service.Claim(**body))
    return _record(records.own(current_resident().id, made)), 201


@blueprint.post("/me/service-claims/pictures")
@blueprint.doc(requestBody={"required": True, "content": {"multipart/form-data": {"schema": PICTURE_FORM}}})
@blueprint.response(201, schemas.PictureSchema)
@limiter.limit(LOOK_UP)
@resident_only
def claim_picture() -> tuple[dict[str, Any], int]:
    """上传补录凭据图片（wx.uploadFile，字段名 file），24 小时内随申请提交"""
    file = request.files.get("file")
    if file is None:
        raise Invalid("no_file", "请选择图片")
    return {"id": service.keep_picture(current_resident().id, file.stream.read())}, 201


@blueprint.get("/me/volunteer/entries")
@blueprint.response(200, schemas.EntriesSchema)
@resident_only
def my_entries() -> dict[str, Any]:
    """我的培训、表彰和评价记录"""
    return {"items": entries.of_resident(current_resident().id), "next": None}


@blueprint.get("/volunteers/ranking")
@blueprint.arguments(schemas.RankingQuerySchema, location="query")
@blueprint.response(200, schemas.RankingSchema)
@resident_only
def hours_ranking(query: dict[str, Any]) -> dict[str, Any]:
    """志愿服务时长榜（姓名须本人同意才显示）"""
    return ranking.top(current_resident().id, **query) | {"next": None}


@blueprint.post("/me/certificates")
@blueprint.arguments(schemas.CertificateWishSchema)
@blueprint.response(201, CertificateSchema)
@idempotent
@resident_only
def issue(body: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """生成服务记录证明"""
    number = issuing.issue_certificate(current_resident().id, issuing.Wish(**body))
    return own_answer(certificates.own(current_resident().id, number)), 201


@blueprint.get("/me/certificates")
@blueprint.arguments(schemas.CursorSchema, location="query")
@blueprint.response(200, CertificatesSchema)
@resident_only
def my_certificates(query: dict[str, Any]) -> dict[str, Any]:
    """我的服务记录证明"""
    page = certificates.of_resident(current_resident().id, CertificateKind.SERVICE, query.get("cursor"))
    return {"items": [own_answer(found) for found in page["items"]], "next": page["next"]}


@blueprint.get("/me/certificates/<string:number>/pdf")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="application/pdf")
@limiter.limit(LOOK_UP)
@resident_only
def certificate_pdf(number: str) -> Response:
    """下载证明（PDF）"""
    found = certificates.own(current_resident().id, number)
    base = current_app.extensions["settings"].base_url
    answer = Response(
        pdf.build(found, base + certificates.verify_path(found.number, found.code)), mimetype="application/pdf"
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="certificate-{found.id}.pdf"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
