"""GET /guide/categories, /items, /suggestions, /front; POST /guide/requests, GET /me/guide-requests."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from flask import Response, current_app, request

from sorting_miniapp.accounts import text_check
from sorting_miniapp.accounts.access import current_resident, open_to_all, resident_only
from sorting_miniapp.accounts.text_check import Readers
from sorting_miniapp.caching import ask_every_time
from sorting_miniapp.guide import cache, front, lookups, pages, requests, schemas, search
from sorting_miniapp.guide.models import WasteClass
from sorting_miniapp.idempotency import idempotent
from sorting_miniapp.web import ApiBlueprint, cached_answer
from sorting_miniapp.wechat.mini_program import Scene

blueprint = ApiBlueprint("guide", __name__, description="分类查询")
_BEST, _NO_CLASS = re.compile(rb'\{"items":\[\{"id":"([^"]+)"'), b'],"categories":[],"suggestions":'
_NOTHING = b'{"items":[],"categories":[],"suggestions":'
_QUERY, _TYPING = schemas.SearchSchema(), schemas.TypingSchema()


@blueprint.get("/guide/categories")
@blueprint.response(200, schemas.CategoryListSchema)
@blueprint.doc(security=[])
@open_to_all
def categories() -> Response:
    """四类垃圾，以及单独处理的大件和装修垃圾"""
    return cached_answer(*cache.kept.get("categories", pages.categories))


@blueprint.get("/guide/categories/<string:code>")
@blueprint.response(200, schemas.CategoryPageSchema)
@blueprint.doc(security=[])
@open_to_all
def category(code: str) -> Response:
    """一类垃圾：标志、属于和不属于这一类的、小类、常见的错；大件和装修垃圾另有办理说明"""
    return cached_answer(*cache.settled.get(f"category/{code}", lambda: _category(code)))


def _category(code: str) -> dict[str, Any]:
    return pages.category(code) | {"handling": front.handling(WasteClass(code))}


@blueprint.get("/guide/front")
@blueprint.response(200, schemas.FrontSchema)
@blueprint.doc(security=[])
@open_to_all
def first_page() -> Response:
    """查得最多的物品和当季的物品"""
    return cached_answer(*cache.counted.get("front", front.front))


@blueprint.get("/guide/items")
@blueprint.response(200, schemas.ItemListSchema)
@blueprint.doc(
    security=[],
    parameters=[
        {"in": "query", "name": "q", "schema": {"type": "string", "maxLength": 40}},
        {"in": "query", "name": "category", "schema": {"type": "string", "enum": schemas.CODES}},
        {"in": "query", "name": "cursor", "schema": {"type": "string", "minLength": 1, "maxLength": 12}},
    ],
)
@open_to_all
def items() -> Response:
    """查物品：名称、别名、拼音、首字母、名称的一部分、写错的字，或者一整句话"""
    name = f"items?{request.query_string.decode('latin-1')}"
    body, etag = cache.kept.get(name, lambda: search.find(**_query(_QUERY)))
    ask_every_time()  # to count it
    return _counted(cached_answer(body, etag), body, request.args.get("q", ""))


@blueprint.get("/guide/suggestions")
@blueprint.response(200, schemas.TypingListSchema)
@blueprint.doc(
    security=[],
    parameters=[
        {"in": "query", "name": "q", "required": True, "schema": {"type": "string", "minLength": 1, "maxLength": 20}}
    ],
)
@open_to_all
def suggestions() -> Response:
    """边输入边提示：以已输入的字、拼音或首字母开头的名称"""
    name = request.query_string.decode("latin-1")
    return cached_answer(*cache.typing.get(name, lambda: front.typing(_query(_TYPING)["q"])))


def _query(schema: Any) -> dict[str, Any]:
    """The checked query; only read where the bytes are not at hand."""
    found: dict[str, Any] = ApiBlueprint.ARGUMENTS_PARSER.parse(schema, location="query", unknown=None)
    return found


@blueprint.get("/guide/items/<string:item_id>")
@blueprint.response(200, schemas.ItemSchema)
@blueprint.doc(security=[])
@open_to_all
def item(item_id: str) -> Response:
    """一个词条：属于哪类、为什么、怎样投放、依据"""
    return cached_answer(*cache.kept.get(f"item/{item_id}", lambda: pages.detail(item_id)))


def _counted(answer: Response, body: bytes, typed: str) -> Response:
    """Count what a search found first, or that it found nothing; the kept bytes say it, so that cached answers count.

    Only searches count: what is popular would else be opened more for being shown.
    """
    best = _BEST.match(body)
    if typed and best and _NO_CLASS in body:
        lookups.count(best[1].decode())
    elif typed and _NOTHING in body:
        lookups.miss(typed)
    if lookups.due():
        answer.call_on_close(functools.partial(lookups.flush_later, current_app._get_current_object()))  # type: ignore[attr-defined]
    return answer


def text_checked(view: Callable[..., Any]) -> Callable[..., Any]:
    """Ask WeChat about the words before the transaction that keeps the answer; staff read them, nobody else."""

    @functools.wraps(view)
    def wrapper(body: dict[str, Any]) -> Any:
        for field in ("term", "remark"):
            text = body.get(field, "")
            text_check.require_fit(current_resident().openid, text, Scene.COMMENT, Readers.STAFF, field)
        return view(body)

    return wrapper


@blueprint.post("/guide/requests")
@blueprint.arguments(schemas.RequestWishSchema)
@blueprint.response(201, schemas.RequestSchema)
@text_checked
@idempotent
@resident_only
def ask(body: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """没有查到：请求收录，可以补充说明"""
    times = requests.ask_for(current_resident().id, body["term"], body.get("remark", ""))
    return {"term": body["term"], "times": times}, 201


@blueprint.get("/me/guide-requests")
@blueprint.response(200, schemas.MyRequestListSchema)
@resident_only
def my_requests() -> dict[str, Any]:
    """我请求收录的，以及答复"""
    return {"items": requests.mine(current_resident().id), "next": None}
