"""GET /columns, /articles, /articles/{id}; POST /articles/{id}/reads."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from sorting_miniapp.accounts.access import current_resident, open_to_all, resident_only
from sorting_miniapp.articles import listing, schemas
from sorting_miniapp.web import ApiBlueprint, cached_answer

blueprint = ApiBlueprint("articles", __name__, description="文章")
_QUERY = schemas.ArticleQuerySchema()


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
        {"in": "query", "name": "cursor", "schema": {"type": "string", "minLength": 1, "maxLength": 60}},
    ],
)
@open_to_all
def articles() -> Response:
    """已发布的文章，新的在前"""
    name = f"list?{request.query_string.decode('ascii', 'replace')}"
    return cached_answer(*listing.kept.get(name, lambda: listing.page(**_query())))


def _query() -> dict[str, Any]:
    """The checked query; only read where the bytes are not at hand."""
    found: dict[str, Any] = ApiBlueprint.ARGUMENTS_PARSER.parse(_QUERY, location="query", unknown=None)
    return found


@blueprint.get("/articles/<string:article_id>")
@blueprint.response(200, schemas.ArticleSchema)
@blueprint.doc(security=[])
@open_to_all
def article(article_id: str) -> Response:
    """文章正文"""
    return cached_answer(*listing.kept.get(f"article/{article_id}", lambda: listing.detail(article_id)))


@blueprint.post("/articles/<string:article_id>/reads")
@blueprint.response(204)
@resident_only
def read(article_id: str) -> None:
    """记一次阅读（每人每篇每天一次）"""
    listing.read(article_id, current_resident().id)
