"""JSON in and out of volunteers, service records, late entries and certificates."""

from __future__ import annotations

import marshmallow as ma

from sorting_miniapp.events.schemas import DAYS
from sorting_miniapp.hours.models import DocumentKind, Flag, RecordState, Skill, Source
from sorting_miniapp.hours.models_entries import EntryKind
from sorting_miniapp.web import LocalTime, Number, QueryNumber, Schema, Text


class OrgSchema(Schema):
    id = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)


class PhoneText(Text):
    """A mainland mobile number, or nothing."""

    def __init__(self) -> None:
        super().__init__(high=11)
        self.validators.append(ma.validate.Regexp(r"^(1[3-9][0-9]{9})?$", error="手机号码有误"))


class IVolunteerText(Text):
    """A number on i志愿, or nothing."""

    def __init__(self) -> None:
        super().__init__(high=40)
        self.validators.append(ma.validate.Regexp(r"^[A-Za-z0-9]*$", error="i志愿编号只有数字和字母"))


class RegistrationSchema(Schema):
    """A volunteer's identity; `consent_version` is the version of 个人信息处理规则 that was shown and accepted."""

    name = Text(low=1, high=40, required=True)
    document_kind = ma.fields.Enum(DocumentKind, by_value=True, required=True)
    document = Text(low=4, high=40, required=True)
    phone = PhoneText()
    birth_date = ma.fields.Date()
    org_id = Number(low=1, allow_none=True)
    consent_version = Text(low=1, high=20, required=True)
    community_id = Number(low=1)
    skills = ma.fields.List(
        ma.fields.Enum(Skill, by_value=True), validate=ma.validate.Length(max=len(Skill), error="选得太多")
    )
    group_ids = ma.fields.List(Number(low=1), validate=ma.validate.Length(max=5, error="一次最多申请 5 个团体"))
    ivolunteer_number = IVolunteerText()
    guardian_consent = ma.fields.Boolean(truthy={True}, falsy={False})
    guardian_name = Text(high=40)
    guardian_phone = PhoneText()


class VolunteerSchema(Schema):
    """A volunteer as they see themselves; identity is masked."""

    number = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    document_kind = ma.fields.String(required=True)
    document = ma.fields.String(required=True)
    phone = ma.fields.String(required=True)
    phone_verified = ma.fields.Boolean(required=True)
    birth_year = ma.fields.Integer(required=True)
    skills = ma.fields.List(ma.fields.String(), required=True)
    ivolunteer_number = ma.fields.String(required=True)
    guardian = ma.fields.String(required=True)
    org = ma.fields.Nested(OrgSchema, required=True)
    consent_version = ma.fields.String(required=True)
    registered_at = LocalTime(required=True)
    minutes = ma.fields.Integer(required=True)
    hours = ma.fields.String(required=True)
    stars = ma.fields.Integer(required=True)
    to_next_star = ma.fields.Integer(required=True, allow_none=True)


class EntrySchema(Schema):
    """A training, an award or an evaluation."""

    id = ma.fields.String(attribute="public_id", required=True)
    kind = ma.fields.Enum(EntryKind, by_value=True, required=True)
    title = ma.fields.String(required=True)
    giver = ma.fields.String(required=True)
    note = ma.fields.String(required=True)
    date = ma.fields.Date(attribute="day", required=True)


class EntriesSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(EntrySchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class RankingQuerySchema(Schema):
    year = QueryNumber(low=2020, high=2100)
    org_id = QueryNumber(low=1)


class PlaceSchema(Schema):
    """`name` is 志愿者 for who has not agreed to be named."""

    rank = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)
    minutes = ma.fields.Integer(required=True)
    stars = ma.fields.Integer(required=True)
    mine = ma.fields.Boolean(required=True)


class RankingSchema(Schema):
    """The first fifty; `me` is the own place, with the own name, wherever it is."""

    items = ma.fields.List(ma.fields.Nested(PlaceSchema), required=True)
    me = ma.fields.Nested(PlaceSchema, required=True, allow_none=True)
    next = ma.fields.String(required=True, allow_none=True)


class PictureSchema(Schema):
    id = ma.fields.String(required=True)


class RecordSchema(Schema):
    """`minutes` are whole; they count once the state is effective."""

    id = ma.fields.String(required=True)
    date = ma.fields.Date(required=True)
    title = ma.fields.String(required=True)
    place = ma.fields.String(required=True)
    content = ma.fields.String(required=True)
    served = ma.fields.String(required=True)
    person_in_charge = ma.fields.String(required=True)
    org = ma.fields.Nested(OrgSchema, required=True)
    minutes = ma.fields.Integer(required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf([s.value for s in RecordState]))
    source = ma.fields.String(required=True, validate=ma.validate.OneOf([s.value for s in Source]))
    flag = ma.fields.String(required=True, allow_none=True, validate=ma.validate.OneOf([f.value for f in Flag]))


class RecordsSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(RecordSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class CursorSchema(Schema):
    cursor = QueryNumber(low=1)


class DisputeSchema(Schema):
    reason = Text(low=1, high=500, required=True)


class ClaimSchema(Schema):
    """With `shift_id` the event gives title, place and unit; without, `place` is needed."""

    day = ma.fields.Date(required=True, data_key="date")
    content = Text(low=1, high=200, required=True)
    minutes = Number(low=1, high=1440, required=True)
    evidence = Text(low=1, high=2000, required=True)
    person_in_charge = Text(low=1, high=80, required=True)
    place = Text(high=120)
    served = Text(high=120)
    shift = Text(low=1, high=32, data_key="shift_id")
    org_id = Number(low=1)
    pictures = ma.fields.List(Text(low=1, high=32), validate=ma.validate.Length(max=6, error="最多 6 张图片"))

    @ma.validates_schema
    def _place_or_shift(self, data: dict[str, object], **kwargs: object) -> None:
        if not data.get("place") and not data.get("shift"):
            raise ma.ValidationError("请填写服务地点", "place")


class CertificateWishSchema(Schema):
    """Days in Asia/Shanghai, both included; `to` is today when not said."""

    first = ma.fields.Date(required=True, data_key="from", validate=DAYS)
    last = ma.fields.Date(data_key="to", validate=DAYS)
    org_id = Number(low=1)
