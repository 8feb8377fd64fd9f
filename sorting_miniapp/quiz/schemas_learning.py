"""JSON of leaderboards, ranks, points, mistakes, knowledge, days in a row and badges."""

from __future__ import annotations

import marshmallow as ma

from sorting_miniapp.quiz.leaderboards import By, Span
from sorting_miniapp.quiz.mistakes import Mode
from sorting_miniapp.quiz.models_learning import BadgeRule
from sorting_miniapp.quiz.schemas import CursorSchema
from sorting_miniapp.web import LocalTime, QueryNumber, Schema, Text


class SpanSchema(Schema):
    """Which board of the daily quiz: a day's or a week's, of today or of the day `on`."""

    span = ma.fields.String(
        load_default=Span.DAY.value, validate=ma.validate.OneOf([one.value for one in Span], error="须为 day 或 week")
    )
    on = ma.fields.Date(metadata={"example": "2026-06-10"})


class BoardQuerySchema(SpanSchema):
    by = ma.fields.String(
        load_default=By.PERSON.value,
        validate=ma.validate.OneOf([one.value for one in By], error="须为 person、community、school、town 或 team"),
    )


class StandingSchema(Schema):
    """`score` is an average with one decimal and `people` is given where units or teams are ranked."""

    rank = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)
    score = ma.fields.Float(required=True)
    duration_ms = ma.fields.Integer(required=True)
    people = ma.fields.Integer()


class LeaderboardSchema(Schema):
    """`frozen`: the state at the freeze, until the contest's results are revealed."""

    items = ma.fields.List(ma.fields.Nested(StandingSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)
    period = ma.fields.String(required=True)
    by = ma.fields.String(required=True)
    rule = ma.fields.String(required=True)
    frozen = ma.fields.Boolean(required=True)
    revealed_at = LocalTime(required=True, allow_none=True)


class NeighbourSchema(Schema):
    rank = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)
    score = ma.fields.Integer(required=True)
    duration_ms = ma.fields.Integer(required=True)
    mine = ma.fields.Boolean(required=True)


class RankSchema(Schema):
    rank = ma.fields.Integer(required=True)
    of = ma.fields.Integer(required=True)
    score = ma.fields.Integer(required=True)
    duration_ms = ma.fields.Integer(required=True)
    period = ma.fields.String(required=True)
    frozen = ma.fields.Boolean(required=True)
    around = ma.fields.List(ma.fields.Nested(NeighbourSchema), required=True)


class PointSchema(Schema):
    amount = ma.fields.Integer(required=True)
    reason = ma.fields.String(required=True)
    at = LocalTime(required=True)


class PointsSchema(Schema):
    balance = ma.fields.Integer(required=True)
    items = ma.fields.List(ma.fields.Nested(PointSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class MistakeQuerySchema(CursorSchema):
    cursor = QueryNumber(low=1, high=10_000)
    topic = Text(low=1, high=20)
    due = ma.fields.Boolean(load_default=False)


class MistakeSchema(Schema):
    text = ma.fields.String(required=True)
    topic = ma.fields.String(required=True)
    right = ma.fields.List(ma.fields.String(), required=True)
    explanation = ma.fields.String(required=True)
    source = ma.fields.String(required=True)
    times = ma.fields.Integer(required=True)
    right_in_row = ma.fields.Integer(required=True)
    last_at = LocalTime(required=True)
    due_at = LocalTime(required=True)
    due = ma.fields.Boolean(required=True)


class MistakeListSchema(Schema):
    """`uncleared`: those whose last answer was wrong."""

    total = ma.fields.Integer(required=True)
    due = ma.fields.Integer(required=True)
    uncleared = ma.fields.Integer(required=True)
    next_due_at = LocalTime(required=True, allow_none=True)
    items = ma.fields.List(ma.fields.Nested(MistakeSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class ReviewSchema(Schema):
    """`until_cleared` asks only what was wrong the last time, until everything has been right once more."""

    mode = ma.fields.String(
        load_default=Mode.DUE.value,
        validate=ma.validate.OneOf([one.value for one in Mode], error="须为 due 或 until_cleared"),
    )
    topic = Text(low=1, high=20)


class FieldSchema(Schema):
    """`share` of all answers and `recent` of the latest ones, in percent."""

    name = ma.fields.String(required=True)
    asked = ma.fields.Integer(required=True)
    right = ma.fields.Integer(required=True)
    share = ma.fields.Integer(required=True)
    recent = ma.fields.Integer(required=True)
    mastery = ma.fields.String(required=True)


class KnowledgeSchema(Schema):
    topics = ma.fields.List(ma.fields.Nested(FieldSchema), required=True)
    classes = ma.fields.List(ma.fields.Nested(FieldSchema), required=True)


class StudyDaySchema(Schema):
    day = ma.fields.Date(required=True)
    repaired = ma.fields.Boolean(required=True)


class RepairSchema(Schema):
    available = ma.fields.Boolean(required=True)
    day = ma.fields.Date(required=True, allow_none=True)
    days_after = ma.fields.Integer(required=True, allow_none=True)


class StreakSchema(Schema):
    days = ma.fields.Integer(required=True)
    longest = ma.fields.Integer(required=True)
    today = ma.fields.Boolean(required=True)
    recent = ma.fields.List(ma.fields.Nested(StudyDaySchema), required=True)
    repair = ma.fields.Nested(RepairSchema, required=True)


class BadgeSchema(Schema):
    key = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    about = ma.fields.String(required=True)
    rule = ma.fields.String(required=True, validate=ma.validate.OneOf([one.value for one in BadgeRule]))
    progress = ma.fields.Integer(required=True)
    goal = ma.fields.Integer(required=True)
    awarded_at = LocalTime(required=True, allow_none=True)


class LevelSchema(Schema):
    """The badges for points, as levels; `number` 0 before the first."""

    number = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)
    points = ma.fields.Integer(required=True)
    next_name = ma.fields.String(required=True, allow_none=True)
    next_points = ma.fields.Integer(required=True, allow_none=True)


class BadgesSchema(Schema):
    level = ma.fields.Nested(LevelSchema, required=True)
    items = ma.fields.List(ma.fields.Nested(BadgeSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)
