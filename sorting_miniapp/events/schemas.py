"""JSON in and out of events, sign-ups and check-ins."""

from __future__ import annotations

from datetime import date

import marshmallow as ma

from sorting_miniapp.events.models import EventState, ShiftState, SignUpState
from sorting_miniapp.web import LocalTime, Number, QueryNumber, Schema, Text

DAYS = ma.validate.Range(date(2000, 1, 1), date(2100, 1, 1), error="日期超出范围")


class NamedSchema(Schema):
    key = ma.fields.String(required=True)
    name = ma.fields.String(required=True)


class OrganiserSchema(Schema):
    id = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)


class EventQuerySchema(Schema):
    """Days in Asia/Shanghai, both included; `from` is today when not said."""

    start = ma.fields.Date(data_key="from", validate=DAYS)
    end = ma.fields.Date(data_key="to", validate=DAYS)
    kind = Text(low=1, high=24)
    org = QueryNumber(low=1)
    cursor = Text(low=1, high=60)


class EventRowSchema(Schema):
    id = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)
    kind_name = ma.fields.String(required=True)
    summary = ma.fields.String(required=True)
    place = ma.fields.String(required=True)
    organiser = ma.fields.Nested(OrganiserSchema, required=True)
    tags = ma.fields.List(ma.fields.Nested(NamedSchema), required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf([s.value for s in EventState]))
    starts_at = LocalTime(required=True, allow_none=True)
    ends_at = LocalTime(required=True, allow_none=True)
    capacity = ma.fields.Integer(required=True)
    places_left = ma.fields.Integer(required=True)
    waiting = ma.fields.Integer(required=True)


class EventListSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(EventRowSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class ShiftSchema(Schema):
    id = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    starts_at = LocalTime(required=True)
    ends_at = LocalTime(required=True)
    capacity = ma.fields.Integer(required=True)
    places_left = ma.fields.Integer(required=True)
    waiting = ma.fields.Integer(required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf([s.value for s in ShiftState]))


class EventSchema(EventRowSchema):
    description = ma.fields.String(required=True)
    risks = ma.fields.String(required=True)
    risk_version = ma.fields.Integer(required=True)
    needs = ma.fields.String(required=True)
    contact = ma.fields.String(required=True)
    cancel_reason = ma.fields.String(required=True)
    shifts = ma.fields.List(ma.fields.Nested(ShiftSchema), required=True)


class CompanionSchema(Schema):
    """Somebody who comes along: only the age is asked."""

    age = Number(low=0, high=120, required=True)


class SignUpWishSchema(Schema):
    """`wait: false` asks for a place or nothing (409 event_full); `age` is the account holder's own, when a minor."""

    shift_id = Text(low=1, high=32)
    companions = ma.fields.List(
        ma.fields.Nested(CompanionSchema), validate=ma.validate.Length(max=59, error="同行人最多 59 人")
    )
    age = Number(low=0, high=120)
    risk_accepted = ma.fields.Boolean(required=True, truthy={True}, falsy={False})
    guardian_consent = ma.fields.Boolean(truthy={True}, falsy={False})
    wait = ma.fields.Boolean(truthy={True}, falsy={False})


class SignUpSchema(Schema):
    id = ma.fields.String(required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf([s.value for s in SignUpState]))
    queue_position = ma.fields.Integer(required=True, allow_none=True)
    places = ma.fields.Integer(required=True)
    offer_until = LocalTime(required=True, allow_none=True)


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
