"""JSON of classes, items and requests."""

from __future__ import annotations

import marshmallow as ma

from sorting_miniapp.guide.models import WasteClass
from sorting_miniapp.web import LocalTime, Schema, Text

CODES = [one.value for one in WasteClass]


class SearchSchema(Schema):
    q = Text(high=40)
    category = ma.fields.String(validate=ma.validate.OneOf(CODES, error="没有这个类别"))
    cursor = Text(low=1, high=12)


class CategoryNameSchema(Schema):
    code = ma.fields.String(required=True, validate=ma.validate.OneOf(CODES))
    name = ma.fields.String(required=True, metadata={"example": "厨余垃圾"})


class CategorySchema(CategoryNameSchema):
    colour = ma.fields.String(required=True, metadata={"example": "#1B7A3D"})
    symbol = ma.fields.String(required=True)
    summary = ma.fields.String(required=True)
    rules = ma.fields.List(ma.fields.String(), required=True)
    basis = ma.fields.String(required=True)
    items = ma.fields.Integer(required=True)


class CategoryListSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(CategorySchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class PartSchema(Schema):
    """A part of a composite thing; `item` is the dictionary item it has, None without one."""

    name = ma.fields.String(required=True)
    category = ma.fields.Nested(CategoryNameSchema, required=True)
    item = ma.fields.String(required=True, allow_none=True)


class ItemRowSchema(Schema):
    """`found_by` is the other name that matched, '' where it was the item's own.

    `conditions` says when the class changes, `note` where places differ; `season` is a festival or season, or ''.
    """

    id = ma.fields.String(required=True)
    name = ma.fields.String(required=True, metadata={"example": "干电池"})
    found_by = ma.fields.String(required=True)
    category = ma.fields.Nested(CategoryNameSchema, required=True)
    subclass = ma.fields.String(required=True)
    why = ma.fields.String(required=True)
    how = ma.fields.String(required=True)
    conditions = ma.fields.String(required=True)
    parts = ma.fields.List(ma.fields.Nested(PartSchema), required=True)
    note = ma.fields.String(required=True)
    low_value = ma.fields.Boolean(required=True)
    season = ma.fields.String(required=True)


class ItemListSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(ItemRowSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class LocalNameSchema(Schema):
    """A local word; `mark` says that nobody has checked it yet."""

    name = ma.fields.String(required=True)
    mark = ma.fields.String(required=True, metadata={"example": "未核"})


class SourceSchema(Schema):
    """What an answer rests on; `checked` says whether its text was read (已读) or not (未核)."""

    title = ma.fields.String(required=True)
    article = ma.fields.String(required=True)
    issuer = ma.fields.String(required=True)
    date = ma.fields.String(required=True)
    checked = ma.fields.String(required=True)


class ItemSchema(ItemRowSchema):
    aliases = ma.fields.List(ma.fields.String(), required=True)
    local_names = ma.fields.List(ma.fields.Nested(LocalNameSchema), required=True)
    basis = ma.fields.String(required=True)
    source = ma.fields.Nested(SourceSchema, required=True)
    confidence = ma.fields.String(required=True, validate=ma.validate.OneOf(["high", "medium", "low"]))
    changed_at = LocalTime(required=True)


class RequestWishSchema(Schema):
    term = Text(low=1, high=40, required=True)


class RequestSchema(Schema):
    term = ma.fields.String(required=True)
    times = ma.fields.Integer(required=True)
