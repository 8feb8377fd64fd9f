"""JSON of quizzes and attempts."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from sorting_miniapp.quiz.models import QUESTION_KIND_NAMES, Entry, QuizKind
from sorting_miniapp.quiz.models_desk import AppealStage
from sorting_miniapp.web import LocalTime, QueryNumber, Schema, Text


class QuizSchema(Schema):
    slug = ma.fields.String(required=True, metadata={"example": "daily"})
    title = ma.fields.String(required=True)
    intro = ma.fields.String(required=True)
    kind = ma.fields.String(required=True, validate=ma.validate.OneOf([k.value for k in QuizKind]))
    count = ma.fields.Integer(required=True)
    minutes = ma.fields.Integer(required=True)
    question_seconds = ma.fields.Integer(required=True, allow_none=True)
    opens_at = LocalTime(required=True, allow_none=True)
    closes_at = LocalTime(required=True, allow_none=True)
    per_day = ma.fields.Integer(required=True, allow_none=True)
    pass_percent = ma.fields.Integer(required=True, allow_none=True)
    series = ma.fields.String(required=True)
    stage = ma.fields.Integer(required=True)
    stars = ma.fields.List(ma.fields.Integer(), required=True)
    untimed = ma.fields.Boolean(required=True, metadata={"description": "whether no_time_limit of /me works here"})
    entry = ma.fields.String(required=True, validate=ma.validate.OneOf([e.value for e in Entry]))
    prizes = ma.fields.String(required=True)
    rules = ma.fields.List(ma.fields.String(), required=True, metadata={"description": "to be read before the start"})
    contact = ma.fields.String(required=True, metadata={"description": "whom to ask about a contest, and to appeal to"})


class QuizListSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(QuizSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class OptionSchema(Schema):
    """`correct` and `chosen` only after the submission: true or false, and for sorting a class's code."""

    id = ma.fields.String(required=True)
    text = ma.fields.String(required=True)
    correct = ma.fields.Raw()
    chosen = ma.fields.Raw(allow_none=True)


class ChoiceSchema(Schema):
    code = ma.fields.String(required=True)
    name = ma.fields.String(required=True)


class QuestionSchema(Schema):
    id = ma.fields.String(required=True)
    kind = ma.fields.String(required=True, validate=ma.validate.OneOf([str(kind) for kind in QUESTION_KIND_NAMES]))
    text = ma.fields.String(required=True)
    picture = ma.fields.String(required=True, metadata={"description": "the address of a drawing, '' without one"})
    options = ma.fields.List(ma.fields.Nested(OptionSchema), required=True)
    choices = ma.fields.List(ma.fields.Nested(ChoiceSchema), required=True)
    right = ma.fields.Boolean()
    credit = ma.fields.Integer(allow_none=True, metadata={"description": "0 to 100; null: the question is void"})
    corrected = ma.fields.String(validate=ma.validate.OneOf(["", "everyone_right", "void"]))
    explanation = ma.fields.String()
    source = ma.fields.String()


class QuizNameSchema(Schema):
    slug = ma.fields.String(required=True)
    title = ma.fields.String(required=True)


class ResultSchema(Schema):
    score = ma.fields.Integer(required=True, metadata={"description": "0 to 100"})
    right = ma.fields.Integer(required=True)
    total = ma.fields.Integer(required=True)
    points = ma.fields.Integer(required=True)
    duration_ms = ma.fields.Integer(required=True)
    submitted_at = LocalTime(required=True)
    passed = ma.fields.Boolean(required=True, allow_none=True)
    stars = ma.fields.Integer(required=True)
    disqualified = ma.fields.Boolean(required=True)


class GivenSchema(Schema):
    """The answer to one question: `options`, or for sorting `sorted`, a class's code for each option."""

    question = Text(low=1, high=32, required=True)
    options = ma.fields.List(Text(low=1, high=32), validate=ma.validate.Length(max=10, error="选项太多"))
    sorted = ma.fields.Dict(
        keys=Text(low=1, high=32), values=Text(low=1, high=20), validate=ma.validate.Length(max=10, error="选项太多")
    )

    @ma.validates_schema
    def _one_of_both(self, data: dict[str, Any], **kwargs: Any) -> None:
        if ("options" in data) == ("sorted" in data):
            raise ma.ValidationError("请给出 options 或 sorted 之一", "options")


STATES = ma.validate.OneOf(["open", "submitted", "expired"])


class AttemptLineSchema(Schema):
    id = ma.fields.String(required=True)
    quiz = ma.fields.Nested(QuizNameSchema, required=True)
    state = ma.fields.String(required=True, validate=STATES)
    started_at = LocalTime(required=True)
    deadline = LocalTime(required=True)
    result = ma.fields.Nested(ResultSchema, required=True, allow_none=True)


class DisqualificationSchema(Schema):
    """Why a result was taken away, and how an appeal went."""

    reason = ma.fields.String(required=True)
    at = LocalTime(required=True)
    stage = ma.fields.String(required=True, validate=ma.validate.OneOf([one.value for one in AppealStage]))
    appeal = ma.fields.String(required=True)
    appeal_until = LocalTime(required=True)
    answer = ma.fields.String(required=True)
    answered_at = LocalTime(required=True, allow_none=True)
    contact = ma.fields.String(required=True)


class ResultAppealSchema(Schema):
    reason = Text(low=1, high=300, required=True)


class CertificateNameSchema(Schema):
    name = Text(low=2, high=20, required=True, metadata={"description": "the name to be printed"})


class AttemptSchema(AttemptLineSchema):
    """The key only after the submission, in a contest only after it is over. `answers`: those saved or submitted."""

    timed = ma.fields.Boolean(required=True, metadata={"description": "false: show no clock"})
    marking = ma.fields.String(required=True)
    questions = ma.fields.List(ma.fields.Nested(QuestionSchema), required=True)
    answers = ma.fields.List(ma.fields.Nested(GivenSchema), required=True)
    disqualification = ma.fields.Nested(DisqualificationSchema, required=True, allow_none=True)


class CursorSchema(Schema):
    cursor = QueryNumber(low=1)


class OwnAttemptsSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(AttemptLineSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class StartSchema(Schema):
    """Only for a contest by team: for which of several, as in /me/teams; the first entry fixes it."""

    team = Text(low=1, high=32)


class TeamNameSchema(Schema):
    id = ma.fields.String(required=True)
    name = ma.fields.String(required=True)


class OwnQuizSchema(Schema):
    """`team`: for which one the resident has entered a contest by team."""

    slug = ma.fields.String(required=True)
    open_attempt = ma.fields.String(required=True, allow_none=True)
    left_today = ma.fields.Integer(required=True, allow_none=True)
    best = ma.fields.Integer(required=True, allow_none=True)
    stars = ma.fields.Integer(required=True)
    passed = ma.fields.Boolean(required=True, allow_none=True)
    locked = ma.fields.Boolean(required=True)
    team = ma.fields.Nested(TeamNameSchema, required=True, allow_none=True)


class OwnQuizzesSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(OwnQuizSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class SavedSchema(Schema):
    saved = ma.fields.Integer(required=True)
    deadline = LocalTime(required=True)


class SubmissionSchema(Schema):
    answers = ma.fields.List(
        ma.fields.Nested(GivenSchema), required=True, validate=ma.validate.Length(max=60, error="答案太多")
    )

    @ma.validates_schema
    def _each_once(self, data: dict[str, Any], **kwargs: Any) -> None:
        names = [one["question"] for one in data.get("answers", [])]
        if len(set(names)) != len(names):
            raise ma.ValidationError("同一道题只能答一次", "answers")
