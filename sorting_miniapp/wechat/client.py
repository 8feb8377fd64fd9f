"""What this service asks of WeChat, as typed methods of the two accounts. Tencent's pages are named by their path."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from sorting_miniapp.errors import BadRequest, DomainError, Forbidden, TooMany, Unavailable
from sorting_miniapp.wechat.errors import Outcome, WeChatError
from sorting_miniapp.wechat.transport import Client

IN_REQUEST = (1.0, 2.0)  # three seconds in all while a resident waits

ALREADY_SENT = 45065


class MiniProgram:
    """The mini-program."""

    def __init__(self, client: Client, state: str) -> None:
        self.client = client
        self.state = state  # developer | trial | formal: which version a message opens

    def log_in(self, code: str) -> tuple[str, str | None]:
        """sns/jscode2session: (openid, unionid or None). session_key stays here and is dropped.

        Raises BadRequest for a wrong or used code, Forbidden, TooMany, Unavailable.
        """
        try:
            answer = self.client.get(
                "/sns/jscode2session",
                params={
                    "appid": self.client.appid,
                    "secret": self.client.secret,
                    "js_code": code,
                    "grant_type": "authorization_code",
                },
                with_token=False,
                timeout=IN_REQUEST,
            )
        except WeChatError as error:
            raise _login_error(error) from None
        return str(answer["openid"]), answer.get("unionid") or None

    def text_is_fit(self, openid: str, text: str, scene: int) -> str:
        """wxa/msg_sec_check, version 2: `pass`, `review` or `risky`. Raises WeChatError."""
        answer = self.client.post(
            "/wxa/msg_sec_check",
            data={"version": 2, "openid": openid, "scene": scene, "content": text},
            timeout=IN_REQUEST,
            repeatable=True,
        )
        return str(answer["result"]["suggest"])


class OfficialAccount:
    """The official account: material, drafts, mass sends."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def upload_cover(self, data: bytes, filename: str) -> str:
        """cgi-bin/material/add_material, a permanent image: its media_id. Raises WeChatError."""
        return str(self.client.material.add("image", (filename, io.BytesIO(data)))["media_id"])

    def upload_body_image(self, data: bytes, filename: str) -> str:
        """cgi-bin/media/uploadimg: the image's URL, good inside articles only. Raises WeChatError."""
        return str(self.client.media.upload_image((filename, io.BytesIO(data))))

    def add_draft(self, article: dict[str, Any]) -> str:
        """cgi-bin/draft/add with one article: the draft's media_id. Raises WeChatError."""
        return str(self.client.post("/cgi-bin/draft/add", data={"articles": [article]})["media_id"])

    def mass_send_all(self, media_id: str, clientmsgid: str, tag_id: int | None = None) -> tuple[str, str]:
        """cgi-bin/message/mass/sendall: (msg_id, msg_data_id). `clientmsgid` makes it happen once within 24 hours.

        Raises WeChatError; errcode 45065 means it was sent before, `extra["msg_id"]` holds the first answer.
        """
        everybody = tag_id is None
        answer = self.client.post(
            "/cgi-bin/message/mass/sendall",
            data={
                "filter": {"is_to_all": everybody} | ({} if everybody else {"tag_id": tag_id}),
                "mpnews": {"media_id": media_id},
                "msgtype": "mpnews",
                "send_ignore_reprint": 0,
                "clientmsgid": clientmsgid,
            },
            repeatable=True,
        )
        return str(answer["msg_id"]), str(answer.get("msg_data_id", ""))

    def mass_get(self, msg_id: str) -> str:
        """cgi-bin/message/mass/get: SEND_SUCCESS, SENDING, SEND_FAIL or DELETE. Raises WeChatError."""
        answer = self.client.post("/cgi-bin/message/mass/get", data={"msg_id": msg_id}, repeatable=True)
        return str(answer["msg_status"])

    def publish_submit(self, media_id: str) -> str:
        """cgi-bin/freepublish/submit: the publish_id of a task that has only been accepted. Raises WeChatError."""
        return str(self.client.post("/cgi-bin/freepublish/submit", data={"media_id": media_id})["publish_id"])

    def publish_get(self, publish_id: str) -> dict[str, Any]:
        """cgi-bin/freepublish/get: {publish_status, article_id, article_detail, fail_idx}. Raises WeChatError."""
        found = self.client.post("/cgi-bin/freepublish/get", data={"publish_id": publish_id}, repeatable=True)
        return dict(found)


@dataclass(frozen=True)
class Gateway:
    """Both accounts, as create_app puts them together."""

    mini: MiniProgram
    official: OfficialAccount


def _login_error(error: WeChatError) -> DomainError:
    if error.errcode in (40029, 40163):
        return BadRequest("login_code_invalid", "登录凭证无效或已经用过，请退出小程序重新进入")
    if error.errcode == 40226:
        return Forbidden("login_blocked", "微信限制了该账号登录")
    if error.errcode == 45011:
        return TooMany("login_too_often", "登录太频繁，请稍后再试")
    if error.outcome is Outcome.PERSON:
        return Unavailable("wechat_refused", "微信登录暂时不可用，请联系管理员")
    return Unavailable("wechat_unavailable", "微信暂时没有回应，请稍后再试")
