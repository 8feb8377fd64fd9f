"""JSON in and out for subscriptions."""

from __future__ import annotations

import marshmallow as ma

from sorting_miniapp.web import Schema


class TemplateSchema(Schema):
    """A subscribe message the client may ask for: kind is one_time or long_term."""

    key = ma.fields.String(required=True)
    template_id = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)


class TemplatesSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(TemplateSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class HeldSchema(Schema):
    key = ma.fields.String(required=True)
    template_id = ma.fields.String(required=True)
    credits = ma.fields.Integer(required=True)
    long_term = ma.fields.Boolean(required=True)


class SubscriptionsSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(HeldSchema), required=True)


class AnswersSchema(ma.Schema):
    """{template id: accept | reject}, as wx.requestSubscribeMessage reports it; at most ten templates."""

    class Meta:
        unknown = ma.INCLUDE

    @ma.validates_schema(pass_original=True)
    def check(self, data: object, original: object, **_: object) -> None:
        if not isinstance(original, dict) or not original:
            raise ma.ValidationError("请至少填写一个模板")
        wrong = {str(k)[:64]: ["只能是 accept 或 reject"] for k, v in original.items() if v not in ("accept", "reject")}
        if wrong or len(original) > 10:
            raise ma.ValidationError(wrong or {"_schema": ["一次最多十个模板"]})
