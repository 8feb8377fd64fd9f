"""The methods of the official account: material and drafts, publishing, mass sends, followers. See contract.py."""

from __future__ import annotations

from tests.wechat.contract_terms import (
    INT,
    MAYBE_INT,
    MAYBE_TEXT,
    MEDIA_ID,
    OFFICIAL,
    Call,
    Field,
)

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
