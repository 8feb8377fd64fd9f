"""What is called on WeChat, as plain data: fields, types and codes of Tencent's pages (api.weixin.qq.com).

The simulator and the gateway are each tested against this table and never against one another alone, so that one wrong
idea cannot hide in both. Where a page leaves open which code a missing field gets, the entry is 47001 (data format
error), the code of a body that does not fit.

Types: text, int, bool, object, list, file; `id` is a number in some answers and digits as text in others.
Values in `example` of the form "<name>" are made by the test before the call: see PLACES.
"""

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
TOKEN_CODES = (40001, 40014, 42001, 41001)
COMMON = (-1, 45009, 45011, 47001, 48001, 43002, 44002)

TOKENS = (
    Call(
        BOTH, "POST", "/cgi-bin/stable_token", "getStableAccessToken",
        {
            "grant_type": Field("text", missing=40002), "appid": Field("text", missing=41002),
            "secret": Field("text", missing=41004), "force_refresh": FLAG,
        },
        {"access_token": "text", "expires_in": "int"},
        (-1, 40002, 40013, 40125, 40001, 40164, 40243, 41002, 41004, 45009, 45011),
        {"grant_type": "client_credential", "appid": "<appid>", "secret": "<secret>"},
        token=False, repeatable=True,
    ),
    Call(
        BOTH, "GET", "/cgi-bin/token", "getAccessToken",
        {
            "grant_type": Field("text", missing=40002), "appid": Field("text", missing=41002),
            "secret": Field("text", missing=41004),
        },
        {"access_token": "text", "expires_in": "int"},
        (-1, 40002, 40013, 40125, 40001, 40164, 40243, 41002, 41004, 45009),
        {"grant_type": "client_credential", "appid": "<appid>", "secret": "<secret>"},
        where="query", token=False, repeatable=True,
    ),
)  # fmt: skip

PEOPLE = (
    Call(
        MINI, "GET", "/sns/jscode2session", "code2Session",
        {
            "appid": Field("text", missing=41002), "secret": Field("text", missing=41004),
            "js_code": Field("text", missing=41008), "grant_type": Field("text", missing=40002),
        },
        {"openid": "text", "session_key": "text", "unionid": "text?"},
        (-1, 40029, 40163, 40226, 45011, 40013, 40125),
        {"appid": "<appid>", "secret": "<secret>", "js_code": "<login_code>", "grant_type": "authorization_code"},
        where="query", token=False,
    ),
    Call(
        MINI, "GET", "/wxa/checksession", "checkSessionKey",
        {"openid": Field("text", missing=40003), "signature": Field("text", missing=87009),
         "sig_method": Field("text", missing=BAD_FORMAT)},
        {}, (87009, 40003),
        {"openid": "<openid>", "signature": "<session_signature>", "sig_method": "hmac_sha256"},
        where="query", repeatable=True,
    ),
    Call(
        MINI, "POST", "/wxa/business/getuserphonenumber", "getPhoneNumber",
        {"code": Field("text", missing=40029), "openid": MAYBE_TEXT},
        {
            "phone_info.phoneNumber": "text", "phone_info.purePhoneNumber": "text", "phone_info.countryCode": "id",
            "phone_info.watermark.timestamp": "int", "phone_info.watermark.appid": "text",
        },
        (-1, 40029, 45011, 40013),
        {"code": "<phone_code>", "openid": "<openid>"},
    ),
)  # fmt: skip

SUBSCRIBE = (
    Call(
        MINI, "POST", "/cgi-bin/message/subscribe/send", "subscribeMessage.send",
        {
            "touser": Field("text", missing=40003), "template_id": Field("text", missing=40037), "page": MAYBE_TEXT,
            "data": Field("object", missing=47003), "miniprogram_state": TEXT, "lang": TEXT,
        },
        {"msgid": "id?"},
        (40003, 40037, 41030, 43101, 43107, 43108, 45168, 47003),
        {
            "touser": "<openid>", "template_id": "<template>", "page": "pages/index/index",
            "data": {"thing1": {"value": "本周课堂：旧电池去哪儿"}}, "miniprogram_state": "formal", "lang": "zh_CN",
        },
    ),
    Call(
        MINI, "GET", "/wxaapi/newtmpl/gettemplate", "getMessageTemplateList", {},
        {"data": "list", "data.priTmplId": "text", "data.title": "text", "data.content": "text",
         "data.example": "text", "data.type": "int"},
        (), where="query", repeatable=True,
    ),
)  # fmt: skip

SECURITY = (
    Call(
        MINI, "POST", "/wxa/msg_sec_check", "msgSecCheck",
        {
            "version": Field("int", missing=40097), "openid": Field("text", missing=40003),
            "scene": Field("int", missing=40129), "content": Field("text", missing=44002),
            "title": MAYBE_TEXT, "nickname": MAYBE_TEXT, "signature": MAYBE_TEXT,
        },
        {"trace_id": "text", "result.suggest": "text", "result.label": "int", "detail": "list"},
        (40003, 40129, 43104, 44002, 47001, 61010),
        {"version": 2, "openid": "<openid>", "scene": 2, "content": "纸箱压扁再投放"},
        repeatable=True,
    ),
    Call(
        MINI, "POST", "/wxa/media_check_async", "mediaCheckAsync",
        {
            "media_url": TEXT, "media_type": INT, "version": Field("int", missing=40097),
            "openid": Field("text", missing=40003), "scene": Field("int", missing=40129),
        },
        {"trace_id": "text"},
        (40003, 40129, 43104, 61010),
        {"media_url": "https://example.org/a.jpg", "media_type": 2, "version": 2, "openid": "<openid>", "scene": 1},
    ),
)  # fmt: skip

LINKS = (
    Call(
        MINI, "POST", "/wxa/getwxacodeunlimit", "getUnlimitedQRCode",
        {
            "scene": Field("text", missing=40169), "page": MAYBE_TEXT, "check_path": FLAG, "env_version": MAYBE_TEXT,
            "width": MAYBE_INT, "auto_color": FLAG, "line_color": Field("object", required=False), "is_hyaline": FLAG,
        },
        {}, (41030, 45009, 40169, 40097),
        {"scene": "c=Ab3xK9q2Lm", "page": "pages/index/index", "check_path": True, "env_version": "release",
         "width": 430},
        image=True, repeatable=True,
    ),
    Call(
        MINI, "POST", "/wxa/generate_urllink", "generateUrlLink",
        {
            "path": MAYBE_TEXT, "query": MAYBE_TEXT, "expire_type": MAYBE_INT, "expire_time": MAYBE_INT,
            "expire_interval": MAYBE_INT, "env_version": MAYBE_TEXT,
        },
        {"url_link": "text"}, (40165, 40212, 85401, 45009),
        {"path": "pages/events/one", "query": "id=3", "expire_type": 1, "expire_interval": 7},
        repeatable=True,
    ),
)  # fmt: skip

ARTICLE = {
    "title": "可回收物怎么分",
    "author": "市城管局", "digest": "先倒空，再压扁", "content": "<p>纸箱压扁，瓶子倒空。</p>",
    "content_source_url": "", "thumb_media_id": "<thumb>", "need_open_comment": 0, "only_fans_can_comment": 0,
}  # fmt: skip
MATERIAL = (
    Call(
        OFFICIAL, "POST", "/cgi-bin/media/uploadimg", "uploadImage",
        {"media": Field("file", missing=44001)}, {"url": "text"}, (40005, 40009),
        where="form", repeatable=True,
    ),
    Call(
        OFFICIAL, "POST", "/cgi-bin/material/add_material", "addMaterial",
        {"type": Field("text", missing=40004), "media": Field("file", missing=44001)},
        {"media_id": "text", "url": "text"}, (40004, 40005, 40009, 45001),
        {"type": "image"}, where="form",
    ),
    Call(
        OFFICIAL, "POST", "/cgi-bin/draft/add", "draft_add",
        {"articles": Field("list", missing=44003)}, {"media_id": "text"},
        (44003, 45003, 45004, 45110, 40007, 45166), {"articles": [ARTICLE]},
    ),
    Call(
        OFFICIAL, "POST", "/cgi-bin/draft/get", "draft_get", {"media_id": MEDIA_ID},
        {"news_item": "list", "news_item.title": "text", "news_item.content": "text", "news_item.url": "text",
         "news_item.thumb_media_id": "text"},
        (40007,), {"media_id": "<draft>"}, repeatable=True,
    ),
    Call(
        OFFICIAL, "POST", "/cgi-bin/draft/update", "draft_update",
        {"media_id": MEDIA_ID, "index": Field("int", missing=40114), "articles": Field("object", missing=44003)},
        {}, (40007, 40114, 41039, 45166), {"media_id": "<draft>", "index": 0, "articles": ARTICLE}, repeatable=True,
    ),
    Call(
        OFFICIAL, "POST", "/cgi-bin/draft/delete", "draft_delete", {"media_id": MEDIA_ID}, {}, (40007,),
        {"media_id": "<draft>"},
    ),
    Call(
        OFFICIAL, "GET", "/cgi-bin/draft/count", "draft_count", {}, {"total_count": "int"}, (),
        where="query", repeatable=True,
    ),
    Call(
        OFFICIAL, "POST", "/cgi-bin/draft/batchget", "draft_batchget",
        {"offset": INT, "count": INT, "no_content": MAYBE_INT},
        {"total_count": "int", "item_count": "int", "item": "list", "item.media_id": "text",
         "item.content.news_item": "list", "item.update_time": "int"},
        (), {"offset": 0, "count": 20, "no_content": 1}, repeatable=True,
    ),
)  # fmt: skip

PUBLISH = (
    Call(
        OFFICIAL, "POST", "/cgi-bin/freepublish/submit", "freepublish_submit", {"media_id": MEDIA_ID},
        {"publish_id": "id", "msg_data_id": "id"}, (40007, 48001, 53501, 53503, 53504, 53505),
        {"media_id": "<draft>"},
    ),
    Call(
        OFFICIAL, "POST", "/cgi-bin/freepublish/get", "freepublish_get", {"publish_id": Field("id", missing=40097)},
        {"publish_id": "id", "publish_status": "int", "article_id": "text?", "article_detail.count": "int?",
         "article_detail.item": "list?", "fail_idx": "list"},
        (40097, 48001), {"publish_id": "<publish_id>"}, repeatable=True,
    ),
    Call(
        OFFICIAL, "POST", "/cgi-bin/freepublish/getarticle", "freepublish_getarticle",
        {"article_id": Field("text", missing=53600)}, {"news_item": "list", "news_item.url": "text"},
        (48001, 53600), {"article_id": "<article_id>"}, repeatable=True,
    ),
    Call(
        OFFICIAL, "POST", "/cgi-bin/freepublish/batchget", "freepublish_batchget",
        {"offset": INT, "count": INT, "no_content": MAYBE_INT},
        {"total_count": "int", "item_count": "int", "item": "list"}, (48001,),
        {"offset": 0, "count": 20, "no_content": 1}, repeatable=True,
    ),
    Call(
        OFFICIAL, "POST", "/cgi-bin/freepublish/delete", "freepublish_delete",
        {"article_id": Field("text", missing=53600), "index": MAYBE_INT}, {}, (48001, 53600),
        {"article_id": "<article_id>", "index": 0},
    ),
)  # fmt: skip

MASS = (
    Call(
        OFFICIAL, "POST", "/cgi-bin/message/mass/sendall", "sendAll",
        {
            "filter": Field("object", missing=40152), "mpnews": Field("object", missing=40007),
            "msgtype": Field("text", missing=40008), "send_ignore_reprint": MAYBE_INT, "clientmsgid": MAYBE_TEXT,
        },
        {"msg_id": "id", "msg_data_id": "id"},
        (40007, 40008, 40152, 45028, 45065, 45066, 45067, 48008, 48021, 89504, 89505),
        {
            "filter": {"is_to_all": False, "tag_id": 2}, "mpnews": {"media_id": "<draft>"}, "msgtype": "mpnews",
            "send_ignore_reprint": 0, "clientmsgid": "<clientmsgid>",
        },
        repeatable=True,
    ),
    Call(
        OFFICIAL, "POST", "/cgi-bin/message/mass/preview", "preview",
        {
            "touser": Field("text", missing=40003), "towxname": MAYBE_TEXT, "msgtype": Field("text", missing=40008),
            "mpnews": Field("object", missing=40007),
        },
        {"msg_id": "id?"}, (40003, 40007, 40008, 45009),
        {"touser": "<official_openid>", "msgtype": "mpnews", "mpnews": {"media_id": "<draft>"}},
    ),
    Call(
        OFFICIAL, "POST", "/cgi-bin/message/mass/get", "massMsgGet", {"msg_id": Field("id", missing=40059)},
        {"msg_id": "id", "msg_status": "text"}, (40059,), {"msg_id": "<msg_id>"}, repeatable=True,
    ),
    Call(
        OFFICIAL, "POST", "/cgi-bin/message/mass/delete", "deleteMassMsg",
        {"msg_id": Field("id", missing=40059), "article_idx": MAYBE_INT, "url": MAYBE_TEXT}, {}, (40059,),
        {"msg_id": "<msg_id>", "article_idx": 0}, repeatable=True,
    ),
)  # fmt: skip

FOLLOWERS = (
    Call(
        OFFICIAL, "GET", "/cgi-bin/user/get", "getFans", {"next_openid": MAYBE_TEXT},
        {"total": "int", "count": "int", "data.openid": "list", "next_openid": "text"}, (40003,),
        where="query", repeatable=True,
    ),
    Call(
        OFFICIAL, "POST", "/cgi-bin/user/info/batchget", "batchUserInfo",
        {"user_list": Field("list", missing=40032)},
        {
            "user_info_list": "list", "user_info_list.subscribe": "int", "user_info_list.openid": "text",
            "user_info_list.unionid": "text?", "user_info_list.subscribe_time": "int?",
            "user_info_list.tagid_list": "list?",
        },
        (40003, 40032), {"user_list": [{"openid": "<official_openid>", "lang": "zh_CN"}]}, repeatable=True,
    ),
    Call(
        OFFICIAL, "GET", "/cgi-bin/tags/get", "getTags", {},
        {"tags": "list", "tags.id": "int", "tags.name": "text", "tags.count": "int"}, (),
        where="query", repeatable=True,
    ),
)  # fmt: skip

OPERATIONS = (
    Call(
        BOTH, "POST", "/cgi-bin/openapi/quota/get", "getApiQuota", {"cgi_path": Field("text", missing=76021)},
        {"quota.daily_limit": "int", "quota.used": "int", "quota.remain": "int", "rate_limit.call_count": "int?",
         "rate_limit.refresh_second": "int?"},
        (76021, 76022), {"cgi_path": "/cgi-bin/openapi/quota/get"}, repeatable=True,
    ),
    Call(
        BOTH, "POST", "/cgi-bin/openapi/rid/get", "getRidInfo", {"rid": Field("text", missing=76001)},
        {
            "request.invoke_time": "int", "request.cost_in_ms": "int", "request.request_url": "text",
            "request.request_body": "text", "request.response_body": "text", "request.client_ip": "text",
        },
        (76001, 76004), {"rid": "<rid>"}, repeatable=True,
    ),
    Call(
        BOTH, "POST", "/cgi-bin/clear_quota", "clearQuota", {"appid": Field("text", missing=41002)}, {},
        (40013, 48006), {"appid": "<appid>"},
    ),
    Call(
        BOTH, "GET", "/cgi-bin/getcallbackip", "getCallbackIp", {}, {"ip_list": "list"}, (),
        where="query", repeatable=True,
    ),
    Call(
        BOTH, "GET", "/cgi-bin/get_api_domain_ip", "getApiDomainIp", {}, {"ip_list": "list"}, (),
        where="query", repeatable=True,
    ),
    Call(
        BOTH, "POST", "/cgi-bin/callback/check", "callbackCheck", {"action": TEXT, "check_operator": TEXT},
        {"dns": "list", "ping": "list"}, (), {"action": "all", "check_operator": "DEFAULT"}, repeatable=True,
    ),
)  # fmt: skip

CALLS = TOKENS + PEOPLE + SUBSCRIBE + SECURITY + LINKS + MATERIAL + PUBLISH + MASS + FOLLOWERS + OPERATIONS
BY_PATH = {call.path: call for call in CALLS}
