"""JSON of certificates: one's own, and what anybody may verify."""

from __future__ import annotations

import marshmallow as ma

from sorting_miniapp.web import LocalTime, Schema, Text


class CodeQuerySchema(Schema):
    code = Text(low=1, high=40, required=True)


class VerificationSchema(Schema):
    """A certificate as anybody with its code sees it; the name is masked."""

    number = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    first_day = ma.fields.String(required=True)
    last_day = ma.fields.String(required=True)
    minutes = ma.fields.Integer(required=True)
    hours = ma.fields.String(required=True)
    subject = ma.fields.String(required=True, metadata={"description": "what was learned, '' for service"})
    score = ma.fields.Integer(required=True)
    issuer = ma.fields.String(required=True)
    issued_at = LocalTime(required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf(["valid", "revoked"]))
    revoked_at = LocalTime(required=True, allow_none=True)


class CertificateSchema(VerificationSchema):
    """One's own certificate."""

    code = ma.fields.String(required=True)
    times = ma.fields.Integer(required=True)
    policy = ma.fields.String(required=True)
    verify_url = ma.fields.String(required=True)


class CertificatesSchema(Schema):
    items = ma.fields.List(ma.fields.Nested(CertificateSchema), required=True)
    next = ma.fields.String(required=True, allow_none=True)
