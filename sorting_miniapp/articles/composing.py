"""An article as the official account takes it: slogans around the body, pictures uploaded (wechat.md §2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sorting_miniapp.articles import render
from sorting_miniapp.articles.models import ArticleVersion
from sorting_miniapp.articles.models_media import Origin
from sorting_miniapp.media import cover
from sorting_miniapp.media import service as media


@dataclass(frozen=True)
class Sheet:
    """What of a version is printed. `credit` is the line below the text, `link` what "read the original" opens."""

    title: str
    author: str
    digest: str
    html: str
    cover: str
    credit: str
    link: str


def sheet(version: ArticleVersion) -> Sheet:
    """The version's texts, free of the database."""
    reprint = version.origin is Origin.REPRINT
    credit = render.credit(version.source, version.source_name if reprint else "", version.source_on)
    link = version.video_url or (version.source_url if reprint else "")
    return Sheet(version.title, version.author, version.digest, version.html, version.cover, credit, link)


def draft(one: Sheet, head: str, foot: str) -> dict[str, Any]:
    """The article for draft/add; uploads what the account does not have yet. Raises WeChatError."""
    picture = media.read(one.cover) if one.cover else cover.default_cover()
    body = render.for_official_account(
        one.html, head, foot, one.credit, lambda key: media.remote(media.read(key), "body")
    )
    return {
        "article_type": "news",
        "title": one.title,
        "author": one.author,
        "digest": one.digest,
        "content": body,
        "content_source_url": one.link,
        "thumb_media_id": media.remote(picture, "cover"),
    }
