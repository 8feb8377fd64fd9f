"""JSON of classes, items and requests."""

from __future__ import annotations

import marshmallow as ma

from sorting_miniapp.guide.models import RequestState, WasteClass
from sorting_miniapp.web import LocalTime, Schema, Text

CODES = [one.value for one in WasteClass]


class SearchSchema(Schema):
    q = Text(high=40)
    category = ma.fields.String(validate=ma.validate.OneOf(CODES, error="没有这个类别"))
    cursor = Text(low=1, high=12)


class TypingSchema(Schema):
    q = Text(low=1, high=20, required=True)


class CategoryNameSchema(Schema):
    code = ma.fields.String(required=True, validate=ma.validate.OneOf(CODES))
    name = ma.fields.String(required=True, metadata={"example": "厨余垃圾"})


class CategoryLinkSchema(CategoryNameSchema):
    """`page` is the address of the class's page."""

    page = ma.fields.String(required=True, metadata={"example": "/api/v1/guide/categories/food"})


class CategorySchema(CategoryNameSchema):
    """`sign` is the address of the class's sign: its colour, shape and legal name in one drawing."""

    sign = ma.fields.String(required=True)
    colour = ma.fields.String(required=True, metadata={"example": "#1B7A3D"})
    symbol = ma.fields.String(required=True)
    summary = ma.fields.String(required=True)
    rules = ma.fields.List(ma.fields.String(), required=True)
    basis = ma.fields.String(required=True)
    items = ma.fields.Integer(required=True)


class CategoryListSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(CategorySchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class NamedItemSchema(Schema):
    """An item on a list; `photo` is the address of its picture, or ''."""

    id = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    category = ma.fields.Nested(CategoryNameSchema, required=True)
    how = ma.fields.String(required=True)
    photo = ma.fields.String(required=True)


class SubclassSchema(Schema):
    name = ma.fields.String(required=True)
    items = ma.fields.Integer(required=True)


class HandlingSchema(Schema):
    """How bulky or renovation waste is given away. `checked` says whether the office has confirmed it (未核, 已核);
    `phone` and `hours` say so where the office has not published them.
    """

    title = ma.fields.String(required=True)
    checked = ma.fields.String(required=True)
    accepts = ma.fields.List(ma.fields.String(), required=True)
    refuses = ma.fields.List(ma.fields.String(), required=True)
    steps = ma.fields.List(ma.fields.String(), required=True)
    charge = ma.fields.String(required=True)
    phone = ma.fields.String(required=True)
    hours = ma.fields.String(required=True)


class CategoryPageSchema(CategorySchema):
    """`not_here` are items that people wrongly put here, with the class they belong to."""

    subclasses = ma.fields.List(ma.fields.Nested(SubclassSchema), required=True)
    belongs = ma.fields.List(ma.fields.Nested(NamedItemSchema), required=True)
    not_here = ma.fields.List(ma.fields.Nested(NamedItemSchema), required=True)
    mistakes = ma.fields.List(ma.fields.String(), required=True)
    handling = ma.fields.Nested(HandlingSchema, required=True, allow_none=True)


class SeasonSchema(Schema):
    season = ma.fields.String(required=True, metadata={"example": "端午"})
    items = ma.fields.List(ma.fields.Nested(NamedItemSchema), required=True)


class FrontSchema(Schema):
    popular = ma.fields.List(ma.fields.Nested(NamedItemSchema), required=True)
    seasonal = ma.fields.List(ma.fields.Nested(SeasonSchema), required=True)


class TypingRowSchema(Schema):
    """`shown` is the name that begins with what was typed, `name` the item's own."""

    id = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    shown = ma.fields.String(required=True)
    category = ma.fields.Nested(CategoryNameSchema, required=True)


class TypingListSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(TypingRowSchema), required=True)


class PartSchema(Schema):
    """A part of a composite thing; `item` is the dictionary item it has, None without one."""

    name = ma.fields.String(required=True)
    category = ma.fields.Nested(CategoryLinkSchema, required=True)
    item = ma.fields.String(required=True, allow_none=True)


class ChangeSchema(Schema):
    """When the thing is of another class; `asked` where the question spoke of this condition: 沾油的, 洗干净的."""

    when = ma.fields.String(required=True, metadata={"example": "沾污"})
    category = ma.fields.Nested(CategoryNameSchema, required=True)
    asked = ma.fields.Boolean(required=True)


class ItemRowSchema(Schema):
    """`found_by` is the other name that matched, '' where it was the item's own.

    `by_kind`: nobody has listed the thing itself, `found_by` is its kind (瓶), and the item is how that is put out.
    `conditions` says when the class changes and `changes` the same by class, `note` where places differ; `season` is
    a festival or season, or ''; `photo` the address of a picture, or ''.
    """

    id = ma.fields.String(required=True)
    name = ma.fields.String(required=True, metadata={"example": "干电池"})
    found_by = ma.fields.String(required=True)
    by_kind = ma.fields.Boolean(required=True)
    category = ma.fields.Nested(CategoryNameSchema, required=True)
    subclass = ma.fields.String(required=True)
    why = ma.fields.String(required=True)
    how = ma.fields.String(required=True)
    conditions = ma.fields.String(required=True)
    changes = ma.fields.List(ma.fields.Nested(ChangeSchema), required=True)
    parts = ma.fields.List(ma.fields.Nested(PartSchema), required=True)
    note = ma.fields.String(required=True)
    low_value = ma.fields.Boolean(required=True)
    season = ma.fields.String(required=True)
    photo = ma.fields.String(required=True)


class ItemListSchema(Schema):
    """`categories`: the question asks for a class; it stands before the items. `suggestions`: near names, where
    nothing was found.
    """

    items = ma.fields.List(ma.fields.Nested(ItemRowSchema), required=True)
    categories = ma.fields.List(ma.fields.Nested(CategoryLinkSchema), required=True)
    suggestions = ma.fields.List(ma.fields.String(), required=True)
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
    """`remark` may say what the thing is like; staff read it."""

    term = Text(low=1, high=40, required=True)
    remark = Text(high=100)


class RequestSchema(Schema):
    term = ma.fields.String(required=True)
    times = ma.fields.Integer(required=True)


class AnsweringItemSchema(Schema):
    id = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    category = ma.fields.Nested(CategoryNameSchema, required=True)


class MyRequestSchema(Schema):
    """`item` is the item that answers it, None while it is open, declined, or the item is gone."""

    id = ma.fields.Integer(required=True)
    term = ma.fields.String(required=True)
    remark = ma.fields.String(required=True)
    asked_at = LocalTime(required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf([one.value for one in RequestState]))
    answer = ma.fields.String(required=True)
    answered_at = LocalTime(required=True, allow_none=True)
    item = ma.fields.Nested(AnsweringItemSchema, required=True, allow_none=True)


class MyRequestListSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(MyRequestSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)
