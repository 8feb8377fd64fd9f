"""The official account's calls. Tencent's pages (developers.weixin.qq.com/doc/offiaccount) are named by title.

A lost answer to an upload or a new draft may be repeated: at worst a second copy that nobody sees lies in the library.
Publishing has no such excuse, and a mass send has its clientmsgid.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sorting_miniapp.wechat.account import Account
from sorting_miniapp.wechat.errors import Permanent

LONGEST_CLIENTMSGID = 32  # bytes


@dataclass(frozen=True)
class Page:
    """A part of a list of `total` rows."""

    total: int
    rows: list[dict[str, Any]]


@dataclass(frozen=True)
class Followers:
    """A part of the followers' openids; `next_openid` is '' at the end."""

    total: int
    openids: list[str]
    next_openid: str


@dataclass(frozen=True)
class Tag:
    """A tag the account has made, with how many followers carry it."""

    id: int
    name: str
    count: int


@dataclass(frozen=True)
class Follower:
    """One follower; `unionid` links them with the mini-program's user where both accounts are bound."""

    openid: str
    follows: bool
    unionid: str | None


class OfficialAccount(Account):
    """Material, drafts, publishing, mass sends, followers."""

    def upload_cover(self, data: bytes, filename: str) -> str:
        """Keep a picture (10 MB at most) for good: its media_id. Raises WeChatError.

        Tencent: "新增永久素材", cgi-bin/material/add_material?type=image.
        """
        client = self.client
        answer = client.post(
            "/cgi-bin/material/add_material",
            params={"type": "image"},
            files={"media": (filename, io.BytesIO(data))},
            repeatable=True,
        )
        return answer.text("media_id")

    def upload_body_image(self, data: bytes, filename: str) -> str:
        """Upload a JPG or PNG below 1 MB for a text: its URL, good inside articles only. Raises WeChatError.

        Tencent: "上传图文消息内的图片", cgi-bin/media/uploadimg.
        """
        files = {"media": (filename, io.BytesIO(data))}
        return self.client.post("/cgi-bin/media/uploadimg", files=files, repeatable=True).text("url")

    def add_draft(self, article: dict[str, Any]) -> str:
        """Make a draft of one article: its media_id, good for one publication or mass send. Raises WeChatError.

        Tencent: "新建草稿", cgi-bin/draft/add.
        """
        return self.client.post("/cgi-bin/draft/add", data={"articles": [article]}, repeatable=True).text("media_id")

    def get_draft(self, media_id: str) -> list[dict[str, Any]]:
        """A draft's articles, each with its temporary `url`. Raises WeChatError (40007: gone or used).

        Tencent: "获取草稿", cgi-bin/draft/get.
        """
        return self.client.post("/cgi-bin/draft/get", data={"media_id": media_id}, repeatable=True).rows("news_item")

    def delete_draft(self, media_id: str) -> None:
        """Throw a draft away, for good. Raises WeChatError. Tencent: "删除草稿", cgi-bin/draft/delete."""
        self.client.post("/cgi-bin/draft/delete", data={"media_id": media_id}, repeatable=True)

    def drafts(self, offset: int = 0, count: int = 20) -> Page:
        """The drafts without their texts, 20 at most. Raises WeChatError. Tencent: "获取草稿列表", draft/batchget."""
        return self._page("/cgi-bin/draft/batchget", offset, count)

    def _page(self, path: str, offset: int, count: int) -> Page:
        body = {"offset": offset, "count": count, "no_content": 1}
        answer = self.client.post(path, data=body, repeatable=True)
        return Page(answer.number("total_count"), answer.rows("item"))

    def publish_submit(self, media_id: str) -> str:
        """Publish a draft without telling followers: the publish_id of a task that has only been accepted.

        Raises UnknownOutcome when the answer was lost, other WeChatErrors (48001: no right since July 2025 for
        personal and unverified accounts). Tencent: "发布接口", cgi-bin/freepublish/submit.
        """
        return self.client.post("/cgi-bin/freepublish/submit", data={"media_id": media_id}).text("publish_id")

    def publish_get(self, publish_id: str) -> dict[str, Any]:
        """{publish_status, article_id, article_detail, fail_idx} of a task. Raises WeChatError.

        0 done, 1 running, 2 originality, 3 failed, 4 refused by the platform, 5 deleted, 6 banned.
        Tencent: "发布状态轮询接口", cgi-bin/freepublish/get.
        """
        answer = self.client.post("/cgi-bin/freepublish/get", data={"publish_id": publish_id}, repeatable=True)
        return dict(answer) | {"publish_status": answer.number("publish_status")}

    def published(self, offset: int = 0, count: int = 20) -> Page:
        """What was published, 20 at most. Raises WeChatError. Tencent: "获取成功发布列表", freepublish/batchget."""
        return self._page("/cgi-bin/freepublish/batchget", offset, count)

    def unpublish(self, article_id: str, index: int = 0) -> None:
        """Take back a published article (0: all of its parts), for good. Raises WeChatError.

        Tencent: "删除发布", cgi-bin/freepublish/delete.
        """
        self.client.post(
            "/cgi-bin/freepublish/delete", data={"article_id": article_id, "index": index}, repeatable=True
        )

    def mass_send_all(self, media_id: str, clientmsgid: str, tag_id: int | None = None) -> tuple[str, str]:
        """Send a draft to all followers or to one tag: (msg_id, msg_data_id). `clientmsgid` makes it happen once
        within 24 hours.

        Raises WeChatError; errcode 45065 means it was sent before, `extra["msg_id"]` holds the first answer.
        Tencent: "根据标签进行群发", cgi-bin/message/mass/sendall.
        """
        if len(clientmsgid.encode()) > LONGEST_CLIENTMSGID:
            raise Permanent(45067, "clientmsgid is longer than 32 bytes")
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
        return answer.text("msg_id"), str(answer.get("msg_data_id", ""))

    def mass_preview(self, media_id: str, *, openid: str = "", wechat_id: str = "") -> None:
        """Show a draft to one follower, by openid or WeChat id (100 a day); the draft stays. Raises WeChatError.

        Tencent: "预览接口", cgi-bin/message/mass/preview.
        """
        to = {"towxname": wechat_id} if wechat_id else {"touser": openid}
        body = {**to, "mpnews": {"media_id": media_id}, "msgtype": "mpnews"}
        self.client.post("/cgi-bin/message/mass/preview", data=body)

    def mass_get(self, msg_id: str) -> str:
        """SEND_SUCCESS, SENDING, SEND_FAIL or DELETE. Raises WeChatError.

        Tencent: "查询群发消息发送状态", cgi-bin/message/mass/get.
        """
        return self.client.post("/cgi-bin/message/mass/get", data={"msg_id": msg_id}, repeatable=True).text(
            "msg_status"
        )

    def mass_delete(self, msg_id: str, article: int = 0) -> None:
        """Take back a mass send's article (0: all of them) within half an hour. Raises WeChatError.

        Tencent: "删除群发", cgi-bin/message/mass/delete.
        """
        self.client.post(
            "/cgi-bin/message/mass/delete", data={"msg_id": msg_id, "article_idx": article}, repeatable=True
        )

    def followers(self, next_openid: str = "") -> Followers:
        """Up to 10,000 followers after `next_openid`. Raises WeChatError. Tencent: "获取用户列表", cgi-bin/user/get."""
        answer = self.client.get("/cgi-bin/user/get", params={"next_openid": next_openid} if next_openid else {})
        openids = [str(one) for one in (answer.get("data") or {}).get("openid") or []]
        return Followers(answer.number("total"), openids, str(answer.get("next_openid") or "") if openids else "")

    def tags(self) -> list[Tag]:
        """The account's tags. Raises WeChatError. Tencent: "获取公众号已创建的标签", cgi-bin/tags/get."""
        rows = self.client.get("/cgi-bin/tags/get").rows("tags")
        return [Tag(int(row["id"]), str(row.get("name", "")), int(row.get("count") or 0)) for row in rows]

    def user_info(self, openids: Sequence[str]) -> list[Follower]:
        """What is known of up to 100 people. Raises WeChatError.

        Tencent: "批量获取用户基本信息", cgi-bin/user/info/batchget.
        """
        body = {"user_list": [{"openid": openid, "lang": "zh_CN"} for openid in openids]}
        answer = self.client.post("/cgi-bin/user/info/batchget", data=body, repeatable=True)
        return [
            Follower(str(row.get("openid")), str(row.get("subscribe")) == "1", row.get("unionid") or None)
            for row in answer.rows("user_info_list")
        ]
