"""JSON of classes and teams."""

from __future__ import annotations

import marshmallow as ma

from sorting_miniapp.quiz.models_teams import TeamKind
from sorting_miniapp.quiz.schemas_learning import NeighbourSchema, SpanSchema
from sorting_miniapp.web import LocalTime, Schema, Text


class TeamDraftSchema(Schema):
    kind = ma.fields.String(
        required=True, validate=ma.validate.OneOf([one.value for one in TeamKind], error="须为 class 或 team")
    )
    name = Text(low=1, high=40, required=True)


class TeamChangeSchema(Schema):
    """`open` false: nobody can join; true: with a new code where there is none."""

    name = Text(low=1, high=40)
    open = ma.fields.Boolean(truthy={True}, falsy={False})


class TeamSchema(Schema):
    """`code` is shown to the teacher only."""

    id = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    role = ma.fields.String(required=True, validate=ma.validate.OneOf(["teacher", "member"]))
    code = ma.fields.String(required=True, allow_none=True)
    open = ma.fields.Boolean(required=True)
    closed = ma.fields.Boolean(required=True)
    members = ma.fields.Integer(required=True)


class TeamsSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(TeamSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class JoinSchema(Schema):
    code = Text(low=1, high=20, required=True)


class TeamBoardQuerySchema(SpanSchema):
    class Meta(SpanSchema.Meta):
        exclude = ("on",)

    quiz = Text(low=1, high=40, load_default="daily")


class TeamBoardSchema(Schema):
    """`missing` members have no result yet."""

    items = ma.fields.List(ma.fields.Nested(NeighbourSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)
    period = ma.fields.String(required=True)
    frozen = ma.fields.Boolean(required=True)
    missing = ma.fields.Integer(required=True)


class TopicSchema(Schema):
    name = ma.fields.String(required=True)
    asked = ma.fields.Integer(required=True)
    right = ma.fields.Integer(required=True)
    share = ma.fields.Integer(required=True)


class MemberProgressSchema(Schema):
    number = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)
    attempts = ma.fields.Integer(required=True)
    last_at = LocalTime(required=True, allow_none=True)
    asked = ma.fields.Integer(required=True)
    right = ma.fields.Integer(required=True)
    share = ma.fields.Integer(required=True)
    topics = ma.fields.List(ma.fields.Nested(TopicSchema), required=True)


class ProgressSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(MemberProgressSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)
    topics = ma.fields.List(ma.fields.Nested(TopicSchema), required=True)
