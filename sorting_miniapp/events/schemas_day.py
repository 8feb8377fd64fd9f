"""JSON in and out of the day of an event: codes that are shown, what leaders see and take."""

from __future__ import annotations

import marshmallow as ma

from sorting_miniapp.events.board import Standing
from sorting_miniapp.events.schemas_sign_ups import EventNameSchema, ScanSchema
from sorting_miniapp.points import Point
from sorting_miniapp.web import LocalTime, Number, Schema, Text


class ShownCodeSchema(Schema):
    """Six digits to read out and a text to draw as a QR; a new one in `seconds`."""

    digits = ma.fields.String(required=True)
    qr = ma.fields.String(required=True)
    seconds = ma.fields.Integer(required=True)


class DutySchema(Schema):
    """A shift the resident leads: all of it, or only the sign-ups of their own group."""

    shift_id = ma.fields.String(required=True)
    event = ma.fields.Nested(EventNameSchema, required=True)
    title = ma.fields.String(required=True)
    place = ma.fields.String(required=True)
    starts_at = LocalTime(required=True)
    ends_at = LocalTime(required=True)
    whole_shift = ma.fields.Boolean(required=True)


class DutiesSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(DutySchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class AttendanceQuerySchema(Schema):
    q = Text(low=1, high=40)


class AttendeeSchema(Schema):
    id = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    places = ma.fields.Integer(required=True)
    standing = ma.fields.String(required=True, validate=ma.validate.OneOf([one.value for one in Standing]))
    since = LocalTime(required=True, allow_none=True)


class AttendanceSchema(Schema):
    """Numbers of persons, companions included; `more` people are not in `items`."""

    expected = ma.fields.Integer(required=True)
    here = ma.fields.Integer(required=True)
    left = ma.fields.Integer(required=True)
    missing = ma.fields.Integer(required=True)
    more = ma.fields.Integer(required=True)
    items = ma.fields.List(ma.fields.Nested(AttendeeSchema), required=True)


class ScanPlaceSchema(ScanSchema):
    """`near` (`latitude,longitude`) helps a printed code: only whether it is at the place is kept, never where."""

    near = Point()


class RatingWishSchema(Schema):
    stars = Number(low=1, high=5, required=True)
    words = Text(high=300)


class RatingSchema(Schema):
    """`shown`: others see the words; else they wait for a look, or there are none."""

    stars = ma.fields.Integer(required=True)
    words = ma.fields.String(required=True)
    shown = ma.fields.Boolean(required=True)


class WordsSchema(Schema):
    stars = ma.fields.Integer(required=True)
    words = ma.fields.String(required=True)
    at = LocalTime(required=True)


class RatingsSchema(Schema):
    """`average` with one decimal, null where nobody has rated; `items` are the latest words, without names."""

    count = ma.fields.Integer(required=True)
    average = ma.fields.Float(required=True, allow_none=True)
    items = ma.fields.List(ma.fields.Nested(WordsSchema), required=True)


class ShownSchema(Schema):
    """The code a resident shows: the QR's text or its six digits."""

    token = Text(low=6, high=120, required=True)


class LeaderEntrySchema(Schema):
    """A coming (`in`) or a going (`out`) of somebody who cannot show a code."""

    action = ma.fields.String(required=True, validate=ma.validate.OneOf(["in", "out"], error="须为 in 或 out"))
    reason = Text(low=2, high=200, required=True)
