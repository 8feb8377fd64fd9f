"""What is called on WeChat, as plain data: fields, types and codes of Tencent's pages (api.weixin.qq.com).

The simulator and the gateway are each tested against this table and never against one another alone, so that one wrong
idea cannot hide in both. Where a page leaves open which code a missing field gets, the entry is 47001 (data format
error), the code of a body that does not fit.

Types: text, int, bool, object, list, file; `id` is a number in some answers and digits as text in others.
Values in `example` of the form "<name>" are made by the test before the call: see PLACES.
"""

from __future__ import annotations

from tests.wechat.contract_official import FOLLOWERS, MASS, MATERIAL, PUBLISH
from tests.wechat.contract_terms import (
    BAD_FORMAT,
    BOTH,
    FLAG,
    INT,
    MAYBE_INT,
    MAYBE_TEXT,
    MINI,
    TEXT,
    Call,
    Field,
)

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
