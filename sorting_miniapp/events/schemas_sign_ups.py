"""JSON in and out of sign-ups, alone and by a group's leader, of absences and appeals, and of a check-in's answer."""

from __future__ import annotations

import marshmallow as ma

from sorting_miniapp.events.conditions import MOST_PLACES
from sorting_miniapp.events.models import SignUpState
from sorting_miniapp.events.models_absences import AppealState
from sorting_miniapp.web import LocalTime, Number, QueryNumber, Schema, Text


class CompanionSchema(Schema):
    """Somebody who comes along: only the age is asked."""

    age = Number(low=0, high=120, required=True)


class SignUpWishSchema(Schema):
    """`wait: false` asks for a place or nothing (409 event_full); `age` is the account holder's own, when a minor.

    `risk_version` says which risk notice was shown: 409 risk_changed when it is no longer the one in force.
    """

    shift_id = Text(low=1, high=32)
    companions = ma.fields.List(
        ma.fields.Nested(CompanionSchema), validate=ma.validate.Length(max=59, error="同行人最多 59 人")
    )
    age = Number(low=0, high=120)
    risk_accepted = ma.fields.Boolean(required=True, truthy={True}, falsy={False})
    risk_version = Number(low=1)
    guardian_consent = ma.fields.Boolean(truthy={True}, falsy={False})
    wait = ma.fields.Boolean(truthy={True}, falsy={False})


class SignUpSchema(Schema):
    id = ma.fields.String(required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf([s.value for s in SignUpState]))
    queue_position = ma.fields.Integer(required=True, allow_none=True)
    places = ma.fields.Integer(required=True)
    offer_until = LocalTime(required=True, allow_none=True)


class MemberWishSchema(Schema):
    """A member by the id of the group's list; `age` only of a minor."""

    id = Text(low=1, high=32, required=True)
    age = Number(low=0, high=120)


class GroupWishSchema(Schema):
    """All or none. `guardian_consent` says that the guardians of the minors among them have agreed."""

    group_id = Number(low=1, required=True)
    members = ma.fields.List(
        ma.fields.Nested(MemberWishSchema),
        required=True,
        validate=ma.validate.Length(1, MOST_PLACES, error=f"一次为 1 到 {MOST_PLACES} 名成员报名"),
    )
    shift_id = Text(low=1, high=32)
    risk_accepted = ma.fields.Boolean(required=True, truthy={True}, falsy={False})
    risk_version = Number(low=1)
    guardian_consent = ma.fields.Boolean(truthy={True}, falsy={False})
    wait = ma.fields.Boolean(truthy={True}, falsy={False})


class MemberSignUpSchema(Schema):
    member = ma.fields.String(required=True)
    id = ma.fields.String(required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf([s.value for s in SignUpState]))
    queue_position = ma.fields.Integer(required=True, allow_none=True)


class GroupSignUpsSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(MemberSignUpSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class MemberRowSchema(Schema):
    member = ma.fields.String(required=True)
    nickname = ma.fields.String(required=True)
    id = ma.fields.String(required=True)
    shift_id = ma.fields.String(required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf([s.value for s in SignUpState]))


class GroupListSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(MemberRowSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class GroupQuerySchema(Schema):
    group_id = QueryNumber(low=1, required=True)


class SignUpEventSchema(Schema):
    id = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    place = ma.fields.String(required=True)
    state = ma.fields.String(required=True)


class SignUpShiftSchema(Schema):
    id = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    starts_at = LocalTime(required=True)
    ends_at = LocalTime(required=True)


class MySignUpSchema(SignUpSchema):
    created_at = LocalTime(required=True)
    group_id = ma.fields.Integer(required=True, allow_none=True)
    event = ma.fields.Nested(SignUpEventSchema, required=True)
    shift = ma.fields.Nested(SignUpShiftSchema, required=True)


class MySignUpsSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(MySignUpSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class MyQuerySchema(Schema):
    cursor = QueryNumber(low=1)


class WithdrawalSchema(Schema):
    """A reason is needed shortly before the start."""

    reason = Text(high=200)


class EventNameSchema(Schema):
    id = ma.fields.String(required=True)
    title = ma.fields.String(required=True)


class AppealWishSchema(Schema):
    reason = Text(low=2, high=500, required=True)


class AppealSchema(Schema):
    state = ma.fields.String(required=True, validate=ma.validate.OneOf([s.value for s in AppealState]))
    reason = ma.fields.String(required=True)
    answer = ma.fields.String(required=True)
    created_at = LocalTime(required=True)
    decided_at = LocalTime(required=True, allow_none=True)


class AbsenceSchema(Schema):
    sign_up_id = ma.fields.String(required=True)
    event = ma.fields.Nested(EventNameSchema, required=True)
    starts_at = LocalTime(required=True)
    appeal = ma.fields.Nested(AppealSchema, required=True, allow_none=True)


class AbsencesSchema(Schema):
    """`count` absences of the last `days` days count; from `limit` on there is no early sign-up."""

    items = ma.fields.List(ma.fields.Nested(AbsenceSchema), required=True)
    count = ma.fields.Integer(required=True)
    limit = ma.fields.Integer(required=True)
    days = ma.fields.Integer(required=True)
    early_signup = ma.fields.Boolean(required=True)


class ScanSchema(Schema):
    """The text of the shift's QR, or its six digits."""

    token = Text(low=6, high=120, required=True)


class CheckSchema(Schema):
    sign_up_id = ma.fields.String(required=True)
    action = ma.fields.String(required=True, validate=ma.validate.OneOf(["in", "out"]))
    at = LocalTime(required=True)
    pair = ma.fields.Integer(required=True)
    minutes = ma.fields.Integer(required=True, allow_none=True)
    event = ma.fields.String(required=True)
