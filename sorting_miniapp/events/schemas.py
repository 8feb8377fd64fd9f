"""JSON in and out of events, campaigns and their lists."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import marshmallow as ma

from sorting_miniapp.events.conditions import MOST_PLACES
from sorting_miniapp.events.models import EventState, ShiftState
from sorting_miniapp.points import Point
from sorting_miniapp.web import LocalTime, QueryNumber, Schema, Text

MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
MONTH_WHOLE = f"^{MONTH.pattern}$"
DAYS = ma.validate.Range(date(2000, 1, 1), date(2100, 1, 1), error="日期超出范围")


class NamedSchema(Schema):
    key = ma.fields.String(required=True)
    name = ma.fields.String(required=True)


class OrganiserSchema(Schema):
    id = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)


class EventQuerySchema(Schema):
    """Days in Asia/Shanghai, both included; `from` is today when not said.

    `places_left`: only events with a coming shift that has at least so many places for newcomers.
    """

    start = ma.fields.Date(data_key="from", validate=DAYS)
    end = ma.fields.Date(data_key="to", validate=DAYS)
    kind = Text(low=1, high=24)
    org = QueryNumber(low=1)
    tag = Text(low=1, high=40)
    campaign = Text(low=1, high=32)
    near = Point()
    places_left = QueryNumber(low=1, high=MOST_PLACES)
    cursor = Text(low=1, high=60)


class Month(ma.fields.Field[date]):
    """`2026-06`, as its first day."""

    default_error_messages = {"invalid": "须为年月，例如 2026-06"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        found = MONTH.fullmatch(value) if isinstance(value, str) else None
        if found is None or not 2000 <= int(found[1]) <= 2100:
            raise self.make_error("invalid")
        return date(int(found[1]), int(found[2]), 1)


class CalendarQuerySchema(Schema):
    """The month in Asia/Shanghai; this month when not said."""

    first = Month(data_key="month")
    kind = Text(low=1, high=24)
    org = QueryNumber(low=1)
    tag = Text(low=1, high=40)
    campaign = Text(low=1, high=32)


class CalendarDaySchema(Schema):
    """`events` have a shift that begins on the day; `places_left` of the shifts that have not begun."""

    day = ma.fields.Date(required=True)
    events = ma.fields.Integer(required=True)
    places_left = ma.fields.Integer(required=True)


class CalendarSchema(Schema):
    month = ma.fields.String(required=True)
    items = ma.fields.List(ma.fields.Nested(CalendarDaySchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


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
