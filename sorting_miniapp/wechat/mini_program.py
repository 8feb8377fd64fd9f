"""The mini-program's calls. Tencent's pages (miniprogram/dev/OpenApiDoc on its developers' site) are named by title."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum, StrEnum
from typing import Any

from sorting_miniapp import clock
from sorting_miniapp.wechat.account import Account
from sorting_miniapp.wechat.errors import Permanent
from sorting_miniapp.wechat.template_values import first_problem
from sorting_miniapp.wechat.transport import Client

IN_REQUEST = 3.0  # seconds in all while a resident waits
LONGEST_TEXT = 2500
LONGEST_LINK = timedelta(days=30)


class Suggest(StrEnum):
    """WeChat's advice about a text or a picture. A bad one is answered errcode 0 and `risky`."""

    PASS = "pass"  # noqa: S105
    REVIEW = "review"
    RISKY = "risky"


class Scene(IntEnum):
    """Where a text or a picture would be shown."""

    PROFILE = 1
    COMMENT = 2
    FORUM = 3
    SOCIAL = 4


class MediaKind(IntEnum):
    AUDIO = 1
    IMAGE = 2


@dataclass(frozen=True)
class Login:
    """Who logged in. `session_key` never leaves the server and is in no repr."""

    openid: str
    unionid: str | None
    session_key: str = field(repr=False)


@dataclass(frozen=True)
class Phone:
    """A phone number that WeChat vouches for; `country` is `86` for the mainland."""

    number: str = field(repr=False)
    country: str


@dataclass(frozen=True)
class Verdict:
    """What WeChat thinks of a text. `label` 100 is normal, 20006 crime …"""

    suggest: Suggest
    label: int
    trace_id: str


@dataclass(frozen=True)
class Template:
    """A subscribe message's template on the account; `content` names its fields, such as {{thing1.DATA}}."""

    id: str
    title: str
    content: str
    long_term: bool


class MiniProgram(Account):
    """The mini-program. `state` (developer, trial, formal) says which version a message or a code opens."""

    def __init__(self, client: Client, state: str) -> None:
        super().__init__(client)
        self.state = state

    def code_to_session(self, code: str) -> Login:
        """Who tapped login; the code of wx.login is good once, for five minutes. Raises WeChatError.

        No access token is sent. Tencent: "小程序登录", sns/jscode2session.
        """
        answer = self.client.get(
            "/sns/jscode2session",
            params={
                "appid": self.client.appid,
                "secret": self.client.secret,
                "js_code": code,
                "grant_type": "authorization_code",
            },
            with_token=False,
            within=IN_REQUEST,
        )
        return Login(answer.text("openid"), answer.get("unionid") or None, answer.text("session_key"))

    def session_is_good(self, openid: str, session_key: str) -> bool:
        """Whether this session_key is still the user's. Raises WeChatError.

        Tencent: "检验登录态", wxa/checksession; the signature is hmac_sha256(session_key, "") in hex.
        """
        signature = hmac.new(session_key.encode(), b"", hashlib.sha256).hexdigest()
        params = {"openid": openid, "signature": signature, "sig_method": "hmac_sha256"}
        try:
            self.client.get("/wxa/checksession", params=params, within=IN_REQUEST)
        except Permanent as error:
            if error.errcode == 87009:
                return False
            raise
        return True

    def phone_number(self, code: str, openid: str) -> Phone:
        """The number behind a code of the getPhoneNumber button (not of wx.login), good once, for five minutes.

        WeChat checks that the code belongs to `openid`. Raises WeChatError.
        Tencent: "获取手机号", wxa/business/getuserphonenumber.
        """
        answer = self.client.post(
            "/wxa/business/getuserphonenumber", data={"code": code, "openid": openid}, within=IN_REQUEST
        )
        return Phone(answer.text("phone_info", "purePhoneNumber"), answer.text("phone_info", "countryCode"))

    def send_message(
        self, openid: str, template_id: str, values: Mapping[str, str], page: str = "", lang: str = "zh_CN"
    ) -> str:
        """Send one subscribe message, {field: value}; returns msgid ('' where WeChat gives none).

        Raises Permanent 47003 naming the field, before anything is sent, when a value breaks its rule; UnknownOutcome
        when the answer was lost: WeChat has no key to make it happen once. Tencent: "发送订阅消息", subscribe/send.
        """
        wrong = first_problem(values)
        if wrong:
            raise Permanent(47003, wrong)
        answer = self.client.post(
            "/cgi-bin/message/subscribe/send", data=self.message_body(openid, template_id, values, page, lang)
        )
        return str(answer.get("msgid", ""))

    def message_body(
        self, openid: str, template_id: str, values: Mapping[str, str], page: str, lang: str = "zh_CN"
    ) -> dict[str, Any]:
        """subscribe/send's body; the bulk sender uses the same."""
        return {
            "touser": openid,
            "template_id": template_id,
            "page": page,
            "miniprogram_state": self.state,
            "lang": lang,
            "data": {key: {"value": value} for key, value in values.items()},
        }

    def templates(self) -> list[Template]:
        """The templates of subscribe messages on this account. Raises WeChatError.

        Tencent: "获取已有模板列表", wxaapi/newtmpl/gettemplate; type 2 is one-time, 3 long-term.
        """
        answer = self.client.get("/wxaapi/newtmpl/gettemplate")
        return [_template(row) for row in answer.rows("data")]

    def check_text(self, openid: str, text: str, scene: Scene, nickname: str = "") -> Verdict:
        """WeChat's opinion of a text by a user who was here within two hours; over 2,500 characters in parts.

        The worst part decides. Raises WeChatError (61010: not seen within two hours).
        Tencent: "文本内容安全识别", wxa/msg_sec_check, version 2.
        """
        parts = [text[at : at + LONGEST_TEXT] for at in range(0, len(text), LONGEST_TEXT)]
        order = list(Suggest)
        verdicts = [self._check_part(openid, part, scene, nickname) for part in parts]
        return max(verdicts, key=lambda verdict: order.index(verdict.suggest))

    def _check_part(self, openid: str, text: str, scene: Scene, nickname: str) -> Verdict:
        body: dict[str, Any] = {"version": 2, "openid": openid, "scene": int(scene), "content": text}
        if nickname:
            body["nickname"] = nickname
        answer = self.client.post("/wxa/msg_sec_check", data=body, within=IN_REQUEST, repeatable=True)
        said = answer.text("result", "suggest")
        # What is not known is not fit to be shown without a look.
        suggest = Suggest(said) if said in list(Suggest) else Suggest.REVIEW
        return Verdict(suggest, answer.number("result", "label"), str(answer.get("trace_id", "")))

    def check_media(self, openid: str, url: str, kind: MediaKind, scene: Scene) -> str:
        """Ask for an opinion of a file at a public address; the answer comes as an event. Returns its trace_id.

        Raises WeChatError. Tencent: "音视频内容安全识别", wxa/media_check_async, version 2.
        """
        body = {"media_url": url, "media_type": int(kind), "version": 2, "openid": openid, "scene": int(scene)}
        return self.client.post("/wxa/media_check_async", data=body, repeatable=True).text("trace_id")

    def code_image(self, scene: str, page: str, width: int = 430) -> bytes:
        """A permanent mini-program code that opens `page` (no slash in front) with `scene`. Raises WeChatError.

        `scene`: 1 to 32 visible ASCII characters. Only a formal release checks that the page exists.
        Tencent: "获取不限制的小程序码", wxa/getwxacodeunlimit.
        """
        body = {
            "scene": scene,
            "page": page,
            "check_path": self.state == "formal",
            "env_version": {"formal": "release", "developer": "develop"}.get(self.state, self.state),
            "width": width,
        }
        return bytes(self.client.post("/wxa/getwxacodeunlimit", data=body, repeatable=True).need("image"))

    def url_link(self, path: str, query: str = "", life: timedelta = LONGEST_LINK) -> str:
        """A link that opens the mini-program from a text message or a web page, for at most 30 days.

        Raises WeChatError. Tencent: "获取加密 URLLink", wxa/generate_urllink.
        """
        until = int((clock.wall_now() + min(life, LONGEST_LINK - timedelta(minutes=1))).timestamp())
        body = {
            "path": path,
            "query": query,
            "expire_type": 0,
            "expire_time": until,
            "env_version": {"formal": "release", "developer": "develop"}.get(self.state, self.state),
        }
        return self.client.post("/wxa/generate_urllink", data=body, repeatable=True).text("url_link")


def _template(row: dict[str, Any]) -> Template:
    key, title, content = (str(row.get(name, "")) for name in ("priTmplId", "title", "content"))
    return Template(key, title, content, long_term=str(row.get("type")) == "3")
