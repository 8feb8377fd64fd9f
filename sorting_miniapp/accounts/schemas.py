"""JSON in and out for sessions and the resident's own account."""

from __future__ import annotations

import marshmallow as ma

from sorting_miniapp.web import LocalTime, Number, Schema, Text


class CommunitySchema(Schema):
    id = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)


class ProfileSchema(Schema):
    """A resident as they see themselves."""

    id = ma.fields.String(required=True)
    nickname = ma.fields.String(required=True)
    large_type = ma.fields.Boolean(required=True)
    community = ma.fields.Nested(CommunitySchema, required=True, allow_none=True)
    created_at = LocalTime(required=True)


class LoginSchema(Schema):
    """The code of wx.login: single use, five minutes."""

    code = Text(low=1, high=128, required=True)


class SessionSchema(Schema):
    token = ma.fields.String(required=True)
    expires_at = LocalTime(required=True)
    resident = ma.fields.Nested(ProfileSchema, required=True)


class ProfileChangeSchema(Schema):
    nickname = Text(high=30)
    large_type = ma.fields.Boolean(truthy={True}, falsy={False})
    community_id = Number(low=1, allow_none=True)
