"""From Markdown to the allow-listed HTML of a version, and to what the official account takes. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Set
from datetime import date

import nh3

from sorting_miniapp import clock
from sorting_miniapp.articles import markdown

TAGS = {
    "h2", "h3", "h4", "p", "br", "hr", "strong", "em", "s", "blockquote", "ul", "ol", "li",
    "table", "thead", "tbody", "tr", "th", "td", "a", "img", "code", "pre",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt"}, "th": {"align"}, "td": {"align"}}
PICTURE = re.compile(r"^/media/([A-Za-z0-9_-]{22})\.jpg$")
_SOURCES = re.compile(r'(<img\b[^>]*\bsrc=")([^"]*)(")')
_TAG = re.compile(r"<[^>]*>")
_BLOCK_END = re.compile(r"</(?:p|h[1-6]|li|td|th|tr|blockquote|pre)>|<br\s*/?>|<hr\s*/?>")
_OPENING = re.compile(r"<([a-z][a-z0-9]*)\b")
_LINK = re.compile(r'<a\b[^>]*\bhref="([^"]*)"[^>]*>(.*?)</a>', re.S)
# A mini-program's rich-text takes styles and no sheet of its own; sizes are set for the text and scaled for large type.
SIZES = {"normal": 17, "large": 22}
_STYLES = {
    "p": "margin:0 0 0.8em;font-size:{px}px;line-height:1.75",
    "h2": "margin:1.2em 0 0.6em;font-size:{big}px;line-height:1.4;font-weight:600",
    "h3": "margin:1em 0 0.5em;font-size:{mid}px;line-height:1.4;font-weight:600",
    "h4": "margin:1em 0 0.5em;font-size:{px}px;line-height:1.4;font-weight:600",
    "ul": "margin:0 0 0.8em;padding-left:1.4em;font-size:{px}px;line-height:1.75",
    "ol": "margin:0 0 0.8em;padding-left:1.4em;font-size:{px}px;line-height:1.75",
    "blockquote": "margin:0 0 0.8em;padding-left:0.8em;border-left:3px solid #1f5f4a;color:#35433d",
    "table": "width:100%;border-collapse:collapse;margin:0 0 0.8em;font-size:{small}px;line-height:1.5",
    "th": "border:1px solid #c9d2cd;padding:0.3em 0.4em;background:#f5f7f6;font-weight:600",
    "td": "border:1px solid #c9d2cd;padding:0.3em 0.4em",
    "img": "max-width:100%;height:auto;display:block;margin:0 auto",
    "a": "color:#1b6a50",
    "pre": "white-space:pre-wrap;font-size:{small}px",
}


def _attribute(tag: str, name: str, value: str) -> str | None:
    if tag == "img" and name == "src":
        return value if PICTURE.match(value) else None
    return value


def to_html(text: str) -> str:
    """HTML of allow-listed tags for Markdown, as `clean` leaves it."""
    return clean(markdown.to_html(text))


def clean(body: str, more: Set[str] = frozenset()) -> str:
    """Only allow-listed tags (and `more`); pictures only from our own /media/, links only to http and https."""
    return nh3.clean(
        body,
        tags=TAGS | more,
        attributes=ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer",
    )


def plain(body: str) -> str:
    """The text of the HTML, a line for each paragraph."""
    return html.unescape(_TAG.sub("", _BLOCK_END.sub("\n", body))).strip()


def characters(body: str) -> int:
    """How many characters there are to read."""
    return len("".join(plain(body).split()))


def links(body: str) -> list[dict[str, str]]:
    """The links in it, each once: a mini-program's rich-text shows their words but cannot open them."""
    found = {html.unescape(url): html.unescape(_TAG.sub("", words)).strip() for url, words in _LINK.findall(body)}
    return [{"text": words, "url": url} for url, words in found.items()]


def for_mini_program(body: str, base_url: str, size: str) -> str:
    """The body for WeChat's rich-text: a style on each tag, `del` for `s`, pictures under their full address."""
    px = SIZES[size]
    sizes = {"px": px, "big": px + 4, "mid": px + 2, "small": px - 2}
    styles = {tag: style.format(**sizes) for tag, style in _STYLES.items()}

    def styled(match: re.Match[str]) -> str:
        style = styles.get(match[1])
        return f'<{match[1]} style="{style}"' if style else match[0]

    absolute = _SOURCES.sub(lambda match: f"{match[1]}{base_url}{match[2]}{match[3]}", body)
    return _OPENING.sub(styled, absolute).replace("<s>", "<del>").replace("</s>", "</del>")


def pictures(body: str) -> list[str]:
    """Public ids of the pictures in it, each once, in order."""
    found = (PICTURE.match(source) for _, source, _ in _SOURCES.findall(body))
    return list(dict.fromkeys(match[1] for match in found if match))


def credit(source: str, reprinted_from: str, day: date | None) -> str:
    """The line below a text: where a reprint first stood, what a text rests on."""
    first = f"转载自：{reprinted_from}（{clock.day_text(day)}）" if reprinted_from and day else ""
    return "；".join(part for part in (first, f"来源：{source}" if source else "") if part)


def for_official_account(body: str, head: str, foot: str, below: str, picture_url: Callable[[str], str]) -> str:
    """The body with its slogans and the line below it; our pictures' addresses become those WeChat gave for them."""

    def swap(match: re.Match[str]) -> str:
        ours = PICTURE.match(match[2])
        return match[1] + (html.escape(picture_url(ours[1])) if ours else "") + match[3]

    parts = [
        f"<section><p><strong>{html.escape(head)}</strong></p></section>" if head else "",
        f"<section>{_SOURCES.sub(swap, body)}</section>",
        f"<section><p>{html.escape(below)}</p></section>" if below else "",
        f"<section><p><strong>{html.escape(foot)}</strong></p></section>" if foot else "",
    ]
    return "".join(parts)
