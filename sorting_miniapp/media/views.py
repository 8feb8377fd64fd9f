"""GET /media/<id>.jpg, /media/drawings/<id>: an address never shows another picture, so it may be kept for ever."""

from __future__ import annotations

from flask import Blueprint, Response

from sorting_miniapp.accounts.access import open_to_all
from sorting_miniapp.media import drawings, service

blueprint = Blueprint("media", __name__, url_prefix="/media")


@blueprint.get("/<string:public_id>.jpg")
@open_to_all
def picture(public_id: str) -> Response:
    answer = Response(service.read(public_id), mimetype="image/jpeg")
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer


@blueprint.get("/drawings/<string:public_id>")
@open_to_all
def drawing(public_id: str) -> Response:
    data, mimetype = drawings.read(public_id)
    answer = Response(data, mimetype=mimetype)
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer
