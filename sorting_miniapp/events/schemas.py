"""JSON in and out of events, sign-ups and check-ins."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import marshmallow as ma

from sorting_miniapp.events.conditions import MOST_PLACES
from sorting_miniapp.events.models import EventState, ShiftState, SignUpState
from sorting_miniapp.events.models_absences import AppealState
from sorting_miniapp.web import LocalTime, Number, QueryNumber, Schema, Text

POINT = re.compile(r"(-?\d{1,2}(?:\.\d{1,10})?),(-?\d{1,3}(?:\.\d{1,10})?)")
POINT_WHOLE = f"^{POINT.pattern}$"
DAYS = ma.validate.Range(date(2000, 1, 1), date(2100, 1, 1), error="日期超出范围")


class NamedSchema(Schema):
    key = ma.fields.String(required=True)
    name = ma.fields.String(required=True)


class OrganiserSchema(Schema):
    id = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)


class Point(ma.fields.Field[tuple[float, float]]):
    """`latitude,longitude` in degrees, read to three decimals: where a person stands is theirs."""

    default_error_messages = {"invalid": "须为“纬度,经度”，例如 24.779,112.377"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[float, float]:
        found = POINT.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            raise self.make_error("invalid")
        lat, lng = float(found[1]), float(found[2])
        if not (-90 <= lat <= 90 and -180 <= lng <= 180):
            raise self.make_error("invalid")
        return round(lat, 3), round(lng, 3)


class EventQuerySchema(Schema):
    """Days in Asia/Shanghai, both included; `from` is today when not said."""

    start = ma.fields.Date(data_key="from", validate=DAYS)
    end = ma.fields.Date(data_key="to", validate=DAYS)
    kind = Text(low=1, high=24)
    org = QueryNumber(low=1)
    tag = Text(low=1, high=40)
    campaign = Text(low=1, high=32)
    near = Point()
    cursor = Text(low=1, high=60)


class PlaceAtSchema(Schema):
    lat = ma.fields.Float(required=True)
    lng = ma.fields.Float(required=True)


class CampaignNameSchema(Schema):
    id = ma.fields.String(required=True)
    title = ma.fields.String(required=True)


class CampaignSchema(CampaignNameSchema):
    """`events` counts the published ones; `parent_id` names the larger campaign this one is part of."""

    theme = ma.fields.String(required=True)
    summary = ma.fields.String(required=True)
    starts_on = ma.fields.Date(required=True)
    ends_on = ma.fields.Date(required=True)
    organiser = ma.fields.Nested(OrganiserSchema, required=True)
    parent_id = ma.fields.String(required=True, allow_none=True)
    events = ma.fields.Integer(required=True)


class CampaignListSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(CampaignSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class TagSchema(NamedSchema):
    set = ma.fields.String(required=True)


class FiltersSchema(Schema):
    kinds = ma.fields.List(ma.fields.Nested(NamedSchema), required=True)
    tags = ma.fields.List(ma.fields.Nested(TagSchema), required=True)


class EventRowSchema(Schema):
    """Sign-up opens at `opens_at`, `early_hours` before for those without a record of absences; null: at once."""

    id = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)
    kind_name = ma.fields.String(required=True)
    summary = ma.fields.String(required=True)
    place = ma.fields.String(required=True)
    place_at = ma.fields.Nested(PlaceAtSchema, required=True, allow_none=True)
    distance_m = ma.fields.Integer(required=True, allow_none=True)
    organiser = ma.fields.Nested(OrganiserSchema, required=True)
    cohosts = ma.fields.List(ma.fields.Nested(OrganiserSchema), required=True)
    campaign = ma.fields.Nested(CampaignNameSchema, required=True, allow_none=True)
    tags = ma.fields.List(ma.fields.Nested(NamedSchema), required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf([s.value for s in EventState]))
    starts_at = LocalTime(required=True, allow_none=True)
    ends_at = LocalTime(required=True, allow_none=True)
    opens_at = LocalTime(required=True, allow_none=True)
    early_hours = ma.fields.Integer(required=True)
    capacity = ma.fields.Integer(required=True)
    places_left = ma.fields.Integer(required=True)
    waiting = ma.fields.Integer(required=True)


class EventListSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(EventRowSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class RequirementsSchema(Schema):
    """Ages in years, both included; `quiz` a slug, `training` a template's key or `any`, `group` a unit's id."""

    min_age = ma.fields.Integer(required=True, allow_none=True)
    max_age = ma.fields.Integer(required=True, allow_none=True)
    quiz = ma.fields.String(required=True, allow_none=True)
    training = ma.fields.String(required=True, allow_none=True)
    group = ma.fields.Integer(required=True, allow_none=True)


class ShiftSchema(Schema):
    id = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    tasks = ma.fields.String(required=True)
    served = ma.fields.String(required=True)
    requirements = ma.fields.Nested(RequirementsSchema, required=True)
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
