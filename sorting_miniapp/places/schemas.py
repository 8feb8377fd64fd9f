"""JSON of places and of what residents report about them."""

from __future__ import annotations

import marshmallow as ma

from sorting_miniapp.places import pictures
from sorting_miniapp.places.models import PlaceKind, PlaceState
from sorting_miniapp.places.models_reports import IssueKind, IssueState
from sorting_miniapp.points import Point
from sorting_miniapp.waste import WasteClass
from sorting_miniapp.web import LocalTime, QueryNumber, Schema, Text
from sorting_miniapp.wechat.models import MediaState

KINDS = [one.value for one in PlaceKind]
ISSUES = [one.value for one in IssueKind]
ISSUE_STATES = [one.value for one in IssueState]


class PlaceQuerySchema(Schema):
    """`near` is where the person stands (GCJ-02), used for this answer and never kept."""

    kind = ma.fields.String(validate=ma.validate.OneOf(KINDS, error="没有这个类别"))
    org = QueryNumber(low=1)
    q = Text(high=40)
    near = Point(decimals=5)
    cursor = Text(low=1, high=40)


class PlaceOrgSchema(Schema):
    id = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)


class AtSchema(Schema):
    """Degrees of GCJ-02, the system of WeChat's map (wx.openLocation takes them as they are)."""

    lat = ma.fields.Float(required=True)
    lng = ma.fields.Float(required=True)


class OpeningSchema(Schema):
    """Open now or not; `changes_at` is when that changes, null when it does not by itself."""

    open = ma.fields.Boolean(required=True)
    changes_at = LocalTime(required=True, allow_none=True)


class WasteClassSchema(Schema):
    code = ma.fields.String(required=True, validate=ma.validate.OneOf([one.value for one in WasteClass]))
    name = ma.fields.String(required=True, metadata={"example": "有害垃圾"})


class PlaceRowSchema(Schema):
    """`opening` is null where the times are not known; `distance_m` where no `near` was given."""

    id = ma.fields.String(required=True)
    code = ma.fields.String(required=True, metadata={"example": "TF001"})
    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(KINDS))
    kind_name = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    org = ma.fields.Nested(PlaceOrgSchema, required=True)
    address = ma.fields.String(required=True)
    at = ma.fields.Nested(AtSchema, required=True)
    distance_m = ma.fields.Integer(required=True, allow_none=True)
    hours = ma.fields.String(required=True)
    opening = ma.fields.Nested(OpeningSchema, required=True, allow_none=True)
    classes = ma.fields.List(ma.fields.Nested(WasteClassSchema), required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf([one.value for one in PlaceState]))
    state_name = ma.fields.String(required=True)
    state_note = ma.fields.String(required=True)


class PlaceListSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(PlaceRowSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class OpenIssueSchema(Schema):
    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(ISSUES))
    kind_name = ma.fields.String(required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf(ISSUE_STATES))
    state_name = ma.fields.String(required=True)
    since = LocalTime(required=True)


class PlaceDetailSchema(PlaceRowSchema):
    """`source` and `checked_on` say where the place is known from and when somebody last looked."""

    contact = ma.fields.String(required=True)
    remarks = ma.fields.String(required=True)
    source = ma.fields.String(required=True)
    checked_on = ma.fields.Date(required=True)
    open_issues = ma.fields.List(ma.fields.Nested(OpenIssueSchema), required=True)


class KindSchema(Schema):
    key = ma.fields.String(required=True)
    name = ma.fields.String(required=True)


class CountedKindSchema(KindSchema):
    places = ma.fields.Integer(required=True)


class CountedOrgSchema(PlaceOrgSchema):
    kind_name = ma.fields.String(required=True)
    places = ma.fields.Integer(required=True)


class PlaceFiltersSchema(Schema):
    kinds = ma.fields.List(ma.fields.Nested(CountedKindSchema), required=True)
    orgs = ma.fields.List(ma.fields.Nested(CountedOrgSchema), required=True)
    issues = ma.fields.List(ma.fields.Nested(KindSchema), required=True)


class ReportWishSchema(Schema):
    """`place` for every kind but `unlisted`, which takes `spot`, the words that say where; `pictures` as uploaded."""

    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(ISSUES, error="没有这种问题"))
    place = Text(low=1, high=32)
    spot = Text(high=120)
    text = Text(high=300)
    pictures = ma.fields.List(
        Text(low=1, high=32), validate=ma.validate.Length(max=pictures.MOST, error=f"最多 {pictures.MOST} 张照片")
    )


class NamedPlaceSchema(Schema):
    id = ma.fields.String(required=True)
    name = ma.fields.String(required=True)


class PhotoSchema(Schema):
    """Only a picture in the state `pass` can be fetched again."""

    id = ma.fields.String(required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf([one.value for one in MediaState]))


class ReportSchema(Schema):
    """`others` counts who else reported the same; `answer` is what staff wrote at the end."""

    id = ma.fields.String(required=True)
    place = ma.fields.Nested(NamedPlaceSchema, required=True, allow_none=True)
    spot = ma.fields.String(required=True)
    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(ISSUES))
    kind_name = ma.fields.String(required=True)
    text = ma.fields.String(required=True)
    pictures = ma.fields.List(ma.fields.Nested(PhotoSchema), required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf(ISSUE_STATES))
    state_name = ma.fields.String(required=True)
    answer = ma.fields.String(required=True)
    others = ma.fields.Integer(required=True)
    created_at = LocalTime(required=True)
    due_at = LocalTime(required=True)
    accepted_at = LocalTime(required=True, allow_none=True)
    ended_at = LocalTime(required=True, allow_none=True)


class ReportListSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(ReportSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class ReportQuerySchema(Schema):
    cursor = QueryNumber(low=1, high=2**53)


class ReportPictureSchema(Schema):
    id = ma.fields.String(required=True)
