"""From Markdown to the allow-listed HTML of a version, and to what the official account takes. Pure."""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Callable

import nh3
from markdown_it import MarkdownIt

TAGS = {
    "h2", "h3", "h4", "p", "br", "hr", "strong", "em", "s", "blockquote", "ul", "ol", "li",
    "table", "thead", "tbody", "tr", "th", "td", "a", "img", "code", "pre",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt"}, "th": {"align"}, "td": {"align"}}
PICTURE = re.compile(r"^/media/([A-Za-z0-9_-]{22})\.jpg$")
_SOURCES = re.compile(r'(<img\b[^>]*\bsrc=")([^"]*)(")')


@functools.cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])


def _attribute(tag: str, name: str, value: str) -> str | None:
    if tag == "img" and name == "src":
        return value if PICTURE.match(value) else None
    return value


def to_html(markdown: str) -> str:
    """HTML of allow-listed tags; pictures only from our own /media/, links only to http and https."""
    return nh3.clean(
        _markdown().render(markdown),
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer",
    )


def pictures(body: str) -> list[str]:
    """Public ids of the pictures in it, each once, in order."""
    found = (PICTURE.match(source) for _, source, _ in _SOURCES.findall(body))
    return list(dict.fromkeys(match[1] for match in found if match))


def for_official_account(body: str, head: str, foot: str, source: str, picture_url: Callable[[str], str]) -> str:
    """The body with its slogans and source; our pictures' addresses become those WeChat gave for them."""

    def swap(match: re.Match[str]) -> str:
        ours = PICTURE.match(match[2])
        return match[1] + (html.escape(picture_url(ours[1])) if ours else "") + match[3]

    parts = [
        f"<section><p><strong>{html.escape(head)}</strong></p></section>" if head else "",
        f"<section>{_SOURCES.sub(swap, body)}</section>",
        f"<section><p>来源：{html.escape(source)}</p></section>" if source else "",
        f"<section><p><strong>{html.escape(foot)}</strong></p></section>" if foot else "",
    ]
    return "".join(parts)
