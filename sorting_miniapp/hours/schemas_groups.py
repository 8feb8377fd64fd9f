"""JSON in and out of volunteer groups."""

from __future__ import annotations

import marshmallow as ma

from sorting_miniapp.accounts.models import GroupState
from sorting_miniapp.hours.schemas import OrgSchema
from sorting_miniapp.web import LocalTime, QueryNumber, Schema, Text

STATES = ma.validate.OneOf([state.value for state in GroupState])


class SearchSchema(Schema):
    q = Text(high=40)
    cursor = QueryNumber(low=1)


class GroupSchema(Schema):
    """`number` is the group's number on i志愿, empty when it has none."""

    id = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)
    number = ma.fields.String(required=True)
    about = ma.fields.String(required=True)
    org = ma.fields.Nested(OrgSchema, required=True)
    members = ma.fields.Integer(required=True)


class GroupsSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(GroupSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class MyGroupSchema(Schema):
    id = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)
    state = ma.fields.String(required=True, validate=STATES)
    leader = ma.fields.Boolean(required=True)
    asked_at = LocalTime(required=True)


class MyGroupsSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(MyGroupSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class GroupStandingSchema(Schema):
    state = ma.fields.String(required=True, validate=STATES)


class PersonSchema(Schema):
    """A member or who asks to be one; `registered`: as a volunteer, `name` is then the masked real name."""

    id = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    registered = ma.fields.Boolean(required=True)
    leader = ma.fields.Boolean(required=True)
    since = LocalTime(required=True)


class PeopleSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(PersonSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class DecisionSchema(Schema):
    accept = ma.fields.Boolean(required=True, truthy={True}, falsy={False})
