"""GET /guide/categories, /guide/items, /guide/items/{id}; POST /guide/requests."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from flask import Response, request

from sorting_miniapp.accounts import text_check
from sorting_miniapp.accounts.access import current_resident, open_to_all, resident_only
from sorting_miniapp.accounts.text_check import Readers
from sorting_miniapp.guide import schemas, search, service
from sorting_miniapp.web import ApiBlueprint, cached_answer, idempotent
from sorting_miniapp.wechat.mini_program import Scene

blueprint = ApiBlueprint("guide", __name__, description="分类查询")
_QUERY = schemas.SearchSchema()


@blueprint.get("/guide/categories")
@blueprint.response(200, schemas.CategoryListSchema)
@blueprint.doc(security=[])
@open_to_all
def categories() -> Response:
    """四类垃圾，以及单独处理的大件和装修垃圾"""
    return cached_answer(*service.kept.get("categories", search.categories))


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
    """查物品：名称、别名、拼音、首字母，或者名称的一部分"""
    name = f"items?{request.query_string.decode('latin-1')}"
    return cached_answer(*service.kept.get(name, lambda: search.find(**_query())))


def _query() -> dict[str, Any]:
    """The checked query; only read where the bytes are not at hand."""
    found: dict[str, Any] = ApiBlueprint.ARGUMENTS_PARSER.parse(_QUERY, location="query", unknown=None)
    return found


@blueprint.get("/guide/items/<string:item_id>")
@blueprint.response(200, schemas.ItemSchema)
@blueprint.doc(security=[])
@open_to_all
def item(item_id: str) -> Response:
    """一个词条：属于哪类、为什么、怎样投放、依据"""
    return cached_answer(*service.kept.get(f"item/{item_id}", lambda: search.detail(item_id)))


def text_checked(view: Callable[..., Any]) -> Callable[..., Any]:
    """Ask WeChat about the word before the transaction that keeps the answer; staff read it, nobody else."""

    @functools.wraps(view)
    def wrapper(body: dict[str, Any]) -> Any:
        text_check.require_fit(current_resident().openid, body["term"], Scene.COMMENT, Readers.STAFF, "term")
        return view(body)

    return wrapper


@blueprint.post("/guide/requests")
@blueprint.arguments(schemas.RequestWishSchema)
@blueprint.response(201, schemas.RequestSchema)
@text_checked
@idempotent
@resident_only
def ask(body: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """没有查到：请求收录"""
    times = service.ask_for(current_resident().id, body["term"])
    return {"term": body["term"], "times": times}, 201
