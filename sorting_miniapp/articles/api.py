"""GET /columns, /articles, /articles/{id}; POST …/reads, PUT and DELETE …/favourite; /me/favourites, /me/columns."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from sorting_miniapp.accounts.access import current_resident, open_to_all, resident_only
from sorting_miniapp.articles import listing, readers, schemas
from sorting_miniapp.articles.render import SIZES
from sorting_miniapp.web import ApiBlueprint, Schema, cached_answer

blueprint = ApiBlueprint("articles", __name__, description="文章")
_QUERY, _SIZE = schemas.ArticleQuerySchema(), schemas.SizeSchema()


@blueprint.get("/columns")
@blueprint.response(200, schemas.ColumnListSchema)
@blueprint.doc(security=[])
@open_to_all
def columns() -> Response:
    """文章栏目"""
    return cached_answer(*listing.kept.get("columns", listing.columns))


@blueprint.get("/articles")
@blueprint.response(200, schemas.ArticleListSchema)
@blueprint.doc(
    security=[],
    parameters=[
        {"in": "query", "name": "column", "schema": {"type": "string", "minLength": 1, "maxLength": 40}},
        {"in": "query", "name": "q", "schema": {"type": "string", "minLength": 1, "maxLength": 40}},
        {"in": "query", "name": "cursor", "schema": {"type": "string", "minLength": 1, "maxLength": 60}},
    ],
)
@open_to_all
def articles() -> Response:
    """已发布的文章，新的在前；q 为全文搜索，最相符的在前"""
    return cached_answer(*listing.kept.get(_name("list"), lambda: listing.page(**_query(_QUERY))))


def _name(what: str) -> str:
    return f"{what}?{request.query_string.decode('latin-1')}"


def _query(schema: Schema) -> dict[str, Any]:
    """The checked query; only read where the bytes are not at hand."""
    found: dict[str, Any] = ApiBlueprint.ARGUMENTS_PARSER.parse(schema, location="query", unknown=None)
    return found


@blueprint.get("/articles/<string:article_id>")
@blueprint.response(200, schemas.ArticleSchema)
@blueprint.doc(
    security=[],
    parameters=[{"in": "query", "name": "size", "schema": {"type": "string", "enum": list(SIZES)}}],
)
@open_to_all
def article(article_id: str) -> Response:
    """文章正文；开了大字模式（/me 的 large_type）的居民用 size=large"""
    name = _name(f"article/{article_id}")
    return cached_answer(*listing.kept.get(name, lambda: listing.detail(article_id, **_query(_SIZE))))


@blueprint.post("/articles/<string:article_id>/reads")
@blueprint.response(204)
@resident_only
def read(article_id: str) -> None:
    """记一次阅读（每人每篇每天一次）"""
    readers.read(article_id, current_resident().id)


@blueprint.put("/articles/<string:article_id>/favourite")
@blueprint.response(204)
@resident_only
def keep(article_id: str) -> None:
    """收藏文章"""
    readers.keep(article_id, current_resident().id)


@blueprint.delete("/articles/<string:article_id>/favourite")
@blueprint.response(204)
@resident_only
def let_go(article_id: str) -> None:
    """取消收藏"""
    readers.let_go(article_id, current_resident().id)


@blueprint.get("/me/favourites")
@blueprint.arguments(schemas.CursorSchema, location="query")
@blueprint.response(200, schemas.ArticleListSchema)
@resident_only
def favourites(query: dict[str, Any]) -> dict[str, Any]:
    """我收藏的文章，后收藏的在前"""
    return readers.favourites(current_resident().id, **query)


@blueprint.get("/me/columns")
@blueprint.response(200, schemas.ColumnListSchema)
@resident_only
def followed() -> dict[str, Any]:
    """我关注的栏目"""
    return readers.followed(current_resident().id)


@blueprint.put("/me/columns")
@blueprint.arguments(schemas.FollowSchema)
@blueprint.response(200, schemas.ColumnListSchema)
@resident_only
def follow(body: dict[str, Any]) -> dict[str, Any]:
    """关注这些栏目，其余的不再关注"""
    return readers.follow(current_resident().id, body["columns"])
