"""JSON of columns, articles, favourites and the columns a resident follows."""

from __future__ import annotations

import marshmallow as ma

from sorting_miniapp.articles.models_media import Origin
from sorting_miniapp.articles.render import SIZES
from sorting_miniapp.web import LocalTime, Schema, Text


class CursorSchema(Schema):
    cursor = Text(low=1, high=60)


class ArticleQuerySchema(CursorSchema):
    column = Text(low=1, high=40)
    q = Text(low=1, high=40)


class SizeSchema(Schema):
    size = ma.fields.String(validate=ma.validate.OneOf(tuple(SIZES), error="须为 normal 或 large"))


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


class ReprintedFromSchema(Schema):
    name = ma.fields.String(required=True)
    url = ma.fields.String(required=True)
    date = ma.fields.Date(required=True)


class LinkSchema(Schema):
    text = ma.fields.String(required=True)
    url = ma.fields.String(required=True)


class ArticleSchema(ArticleItemSchema):
    """`html` is allow-listed and styled for the mini-program's rich-text, in the type of `size`; rich-text opens no
    links, so they are listed in `links`. `minutes` is the time reading takes."""

    html = ma.fields.String(required=True)
    size = ma.fields.String(required=True, validate=ma.validate.OneOf(tuple(SIZES)))
    minutes = ma.fields.Integer(required=True)
    links = ma.fields.List(ma.fields.Nested(LinkSchema), required=True)
    video_url = ma.fields.String(required=True, allow_none=True)
    source = ma.fields.String(required=True)
    origin = ma.fields.String(required=True, validate=ma.validate.OneOf([one.value for one in Origin]))
    reprinted_from = ma.fields.Nested(ReprintedFromSchema, required=True, allow_none=True)


class ArticleListSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(ArticleItemSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class FollowSchema(Schema):
    """The columns to follow by their slugs; those not named are no longer followed."""

    columns = ma.fields.List(Text(low=1, high=40), required=True, validate=ma.validate.Length(max=100))
