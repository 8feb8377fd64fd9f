"""GET /certificates/{number}?code= and the page /verify/{number}: anybody may check a certificate.

Counted per address, so that codes are not tried out (limits.LOOK_UP).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, make_response, render_template, request

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import open_to_all
from sorting_miniapp.certificates import schemas, service
from sorting_miniapp.errors import NotFound
from sorting_miniapp.limits import LOOK_UP, limiter
from sorting_miniapp.web import ApiBlueprint

blueprint = ApiBlueprint("certificates", __name__, description="证明核验")
pages = Blueprint("verify", __name__, template_folder="templates")


@pages.app_template_filter("local_day")
def local_day(moment: datetime) -> str:
    return clock.day_text(clock.local(moment))


pages.add_app_template_filter(service.day_text)


def as_answer(found: service.Issued) -> dict[str, Any]:
    """What VerificationSchema shows."""
    return {
        "number": found.number,
        "title": found.title,
        "name": found.text.name,
        "first_day": found.text.first_day,
        "last_day": found.text.last_day,
        "minutes": found.text.minutes,
        "hours": found.text.hours,
        "subject": found.text.subject,
        "score": found.text.score,
        "issuer": found.text.issuer,
        "issued_at": found.issued_at,
        "state": "revoked" if found.revoked_at else "valid",
        "revoked_at": found.revoked_at,
    }


def own_answer(found: service.Issued) -> dict[str, Any]:
    """What CertificateSchema shows its owner."""
    return as_answer(found) | {
        "code": found.code,
        "times": found.text.times,
        "policy": found.text.policy,
        "verify_url": current_app.extensions["settings"].base_url + service.verify_path(found.number, found.code),
    }


@blueprint.get("/certificates/<string:number>")
@blueprint.arguments(schemas.CodeQuerySchema, location="query")
@blueprint.response(200, schemas.VerificationSchema)
@blueprint.doc(security=[])
@limiter.limit(LOOK_UP)
@open_to_all
def verify(query: dict[str, Any], number: str) -> dict[str, Any]:
    """核验证明真伪（姓名遮盖显示）"""
    return as_answer(service.verify(number, query["code"]))


@pages.get("/verify/<string:number>")
@limiter.limit(LOOK_UP)
@open_to_all
def verification_page(number: str) -> Response:
    """The page behind the QR: valid, revoked, or nothing of the kind."""
    try:
        found = service.verify(number, request.args.get("code", "")[:40])
    except NotFound:
        page = render_template("verify/certificate.html", found=None, number=number[:64])
        return _private(make_response(page, 404))
    return _private(make_response(render_template("verify/certificate.html", found=found, number=number)))


def _private(answer: Response) -> Response:
    """The address holds the code: it is not kept by caches nor handed on."""
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer
