"""JSON in and out for sessions and the resident's own account."""

from __future__ import annotations

import marshmallow as ma

from sorting_miniapp.accounts.models import Purpose
from sorting_miniapp.web import LocalTime, Number, QueryNumber, Schema, Text


class CommunitySchema(Schema):
    id = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)


CHOOSABLE = ("community", "town", "school")


class UnitQuerySchema(Schema):
    kind = ma.fields.String(
        required=True, validate=ma.validate.OneOf(CHOOSABLE, error="须为 community、town 或 school")
    )
    q = Text(low=1, high=40)
    cursor = QueryNumber(low=1)


class UnitSchema(CommunitySchema):
    parent = ma.fields.Nested(CommunitySchema, required=True)


class UnitsSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(UnitSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class ProfileSchema(Schema):
    """A resident as they see themselves."""

    id = ma.fields.String(required=True)
    nickname = ma.fields.String(required=True)
    large_type = ma.fields.Boolean(required=True)
    no_time_limit = ma.fields.Boolean(required=True, metadata={"description": "quizzes without a clock"})
    phone_verified = ma.fields.Boolean(required=True)
    community = ma.fields.Nested(CommunitySchema, required=True, allow_none=True)
    school = ma.fields.Nested(CommunitySchema, required=True, allow_none=True)
    created_at = LocalTime(required=True)


class LoginSchema(Schema):
    """The code of wx.login: single use, five minutes. Inside WeChat CloudRun the platform says who it is, no code."""

    code = Text(low=1, high=128)


class PhoneCodeSchema(Schema):
    """The code of the getPhoneNumber button, not of wx.login: single use, five minutes."""

    code = Text(low=1, high=128, required=True)


class PhoneSchema(Schema):
    """The resident's own number."""

    phone = ma.fields.String(required=True)


class SessionSchema(Schema):
    token = ma.fields.String(required=True)
    expires_at = LocalTime(required=True)
    resident = ma.fields.Nested(ProfileSchema, required=True)


class ProfileChangeSchema(Schema):
    nickname = Text(high=30)
    large_type = ma.fields.Boolean(truthy={True}, falsy={False})
    no_time_limit = ma.fields.Boolean(truthy={True}, falsy={False})
    community_id = Number(low=1, allow_none=True)
    school_id = Number(low=1, allow_none=True)


class ConsentTextSchema(Schema):
    key = ma.fields.String(required=True)
    version = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    text = ma.fields.String(required=True)


class ConsentTextsSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(ConsentTextSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class ConsentSchema(Schema):
    purpose = ma.fields.String(required=True, validate=ma.validate.OneOf([purpose.value for purpose in Purpose]))
    given = ma.fields.Boolean(required=True)
    version = ma.fields.String(required=True, allow_none=True)
    given_at = LocalTime(required=True, allow_none=True)


class ConsentsSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(ConsentSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class ConsentWishSchema(Schema):
    """`version` is that of the text that was shown; it is needed to agree, not to withdraw."""

    given = ma.fields.Boolean(required=True, truthy={True}, falsy={False})
    version = Text(low=1, high=20)

    @ma.validates_schema
    def _version_with_consent(self, data: dict[str, object], **kwargs: object) -> None:
        if data.get("given") and not data.get("version"):
            raise ma.ValidationError("请填写所同意文本的版本", "version")


class BindCodeSchema(Schema):
    """The code that the console shows under 我的微信绑定: typed or scanned, once, within ten minutes."""

    code = Text(low=8, high=20, required=True)


class StaffBindingSchema(Schema):
    """The member of staff this account is bound to; all null when it is not."""

    name = ma.fields.String(required=True, allow_none=True)
    bound_at = LocalTime(required=True, allow_none=True)
