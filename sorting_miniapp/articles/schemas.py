"""JSON of columns, articles and their readings."""

from __future__ import annotations

import marshmallow as ma

from sorting_miniapp.web import LocalTime, Schema, Text


class ArticleQuerySchema(Schema):
    column = Text(low=1, high=40)
    cursor = Text(low=1, high=60)


class ColumnNameSchema(Schema):
    slug = ma.fields.String(required=True, metadata={"example": "fenlei-zhishi"})
    name = ma.fields.String(required=True, metadata={"example": "分类知识"})


class ColumnSchema(ColumnNameSchema):
    about = ma.fields.String(required=True)


class ColumnListSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(ColumnSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class ArticleItemSchema(Schema):
    id = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    digest = ma.fields.String(required=True)
    author = ma.fields.String(required=True)
    column = ma.fields.Nested(ColumnNameSchema, required=True)
    cover = ma.fields.String(required=True, allow_none=True, metadata={"example": "/media/….jpg"})
    published_at = LocalTime(required=True)


class ArticleSchema(ArticleItemSchema):
    html = ma.fields.String(required=True, metadata={"description": "allow-listed HTML"})
    source = ma.fields.String(required=True)


class ArticleListSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(ArticleItemSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)
