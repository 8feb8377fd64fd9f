"""The words of contract.py: a method of WeChat, a field of its request, whose account it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MINI, OFFICIAL, BOTH = "mini", "official", "both"
BAD_FORMAT = 47001
# What the caller must have before it calls: a person, a code, a draft …
PLACES = (
    "appid", "secret", "openid", "official_openid", "login_code", "phone_code", "session_signature", "template",
    "thumb", "draft", "publish_id", "article_id", "msg_id", "rid", "clientmsgid",
)  # fmt: skip


@dataclass(frozen=True)
class Field:
    """A field of a request. `missing` is the errcode of a call without it, `wrong` of one with another JSON type."""

    type: str
    required: bool = True
    missing: int = BAD_FORMAT
    wrong: int = BAD_FORMAT


@dataclass(frozen=True)
class Call:
    """One method of WeChat. `answer` holds {field: type}, "a.b" for b inside a; a type that ends in ? may be absent.

    `where`: the request's fields stand in the query, a JSON body, or a form with one file. `token`: needs access_token.
    """

    account: str
    method: str
    path: str
    page: str
    request: dict[str, Field]
    answer: dict[str, str]
    codes: tuple[int, ...]
    example: dict[str, Any] = field(default_factory=dict)
    where: str = "json"
    token: bool = True
    image: bool = False
    repeatable: bool = False  # a lost answer may be asked for again without a second effect


TEXT, INT, FLAG = Field("text"), Field("int"), Field("bool", required=False)
MAYBE_TEXT, MAYBE_INT = Field("text", required=False), Field("int", required=False)
MEDIA_ID = Field("text", missing=40007)
