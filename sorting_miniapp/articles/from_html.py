"""From allow-listed HTML back to the Markdown that editors write, for documents that come from Word. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from sorting_miniapp.articles.markdown import is_chinese

BLOCKS = frozenset(
    ("h1", "h2", "h3", "h4", "p", "ul", "ol", "li", "blockquote", "table", "thead", "tbody", "tr", "th", "td", "pre")
) | {"hr"}
VOID = frozenset({"br", "hr", "img"})
MARKS = {"strong": "**", "em": "*", "s": "~~"}
_SPECIAL = re.compile(r"([\\*_`\[\]<~]|&(?=[#a-zA-Z]))")
_STARTS = re.compile(r"^(#{1,6}(?:\s|$)|[-+>=]\s?|\d+[.)](?:\s|$))", re.M)


@dataclass
class Node:
    """An element, or (with `tag` '') a text."""

    tag: str
    text: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("root")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, attributes={key: value or "" for key, value in attrs})
        self._open[-1].children.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        if any(node.tag == tag for node in self._open[1:]):
            while self._open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(Node("", data))


def parse(html: str) -> Node:
    """The elements as a tree; what was left open is closed at the end."""
    tree = _Tree()
    tree.feed(html)
    tree.close()
    return tree.root


def to_markdown(root: Node) -> str:
    """Blocks with an empty line between them."""
    return "\n\n".join(_blocks(root.children)).strip()


def words(node: Node) -> str:
    """The plain text of an element."""
    return node.text + "".join(words(one) for one in node.children)


def _blocks(nodes: list[Node]) -> Iterator[str]:
    loose: list[Node] = []
    for node in [*nodes, Node("hr-end")]:
        if node.tag not in BLOCKS and node.tag != "hr-end":
            loose.append(node)
            continue
        if found := _paragraph(loose):
            yield found
        loose = []
        if node.tag in BLOCKS and (block := _block(node)):
            yield block


def _block(node: Node) -> str:
    if node.tag in ("h1", "h2", "h3", "h4"):
        level = {"h1": 2, "h2": 2, "h3": 3, "h4": 4}[node.tag]
        text = _inline(node.children).replace("\n", " ").strip()
        return f"{'#' * level} {text}" if text else ""
    if node.tag in ("ul", "ol"):
        return _list(node)
    if node.tag == "table":
        return _table(node)
    if node.tag == "blockquote":
        return "\n".join(f"> {line}".rstrip() for line in "\n\n".join(_blocks(node.children)).split("\n"))
    if node.tag == "hr":
        return "---"
    if node.tag == "pre":
        return f"```\n{words(node).strip()}\n```"
    if any(one.tag in BLOCKS for one in node.children):
        return "\n\n".join(_blocks(node.children))
    return _paragraph(node.children)


def _paragraph(nodes: list[Node]) -> str:
    text = _inline(nodes).strip()
    return _STARTS.sub(_escape_start, text)


def _escape_start(match: re.Match[str]) -> str:
    """`1. ` at the beginning of a line is text here, not a list."""
    mark = match[1]
    return re.sub(r"([.)])", r"\\\1", mark, count=1) if mark[0].isdigit() else "\\" + mark


def _list(node: Node) -> str:
    lines = []
    for number, item in enumerate((one for one in node.children if one.tag == "li"), start=1):
        mark = f"{number}. " if node.tag == "ol" else "- "
        inside = "\n".join(_blocks(item.children)).split("\n")
        lines.append(mark + inside[0])
        lines += [" " * len(mark) + line for line in inside[1:]]
    return "\n".join(lines)


def _table(node: Node) -> str:
    rows = [
        [_inline(cell.children).replace("\\\n", " ").replace("\n", " ").replace("|", "\\|").strip() for cell in row]
        for row in _cells(node)
    ]
    width = max((len(row) for row in rows), default=0)
    if not width:
        return ""
    padded = [row + [""] * (width - len(row)) for row in rows]
    lines = [padded[0], ["---"] * width, *padded[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cells(node: Node) -> Iterator[list[Node]]:
    for one in node.children:
        if one.tag == "tr":
            yield [cell for cell in one.children if cell.tag in ("th", "td")]
        elif one.tag in ("thead", "tbody"):
            yield from _cells(one)


def _inline(nodes: list[Node]) -> str:
    return "".join(_span(node) for node in nodes)


def _span(node: Node) -> str:
    if not node.tag:
        return _SPECIAL.sub(r"\\\1", re.sub(r"\s+", " ", node.text))
    if node.tag == "br":
        return "\\\n"
    if node.tag == "img":
        source = node.attributes.get("src", "")
        return f"![{_SPECIAL.sub('', node.attributes.get('alt', '')) or '图片'}]({source})" if source else ""
    inside = _inline(node.children)
    if node.tag in MARKS:
        return _marked(inside, MARKS[node.tag])
    if node.tag == "a" and node.attributes.get("href") and inside.strip():
        return f"[{inside.strip()}]({node.attributes['href']})"
    return inside + " " if node.tag in BLOCKS else inside


def _marked(text: str, mark: str) -> str:
    """Spaces and Latin punctuation at the ends stay outside: marks close only next to words or Chinese text."""
    start, end = 0, len(text)
    while start < end and _loose(text[start]):
        start += 1
    while end > start and _loose(text[end - 1]):
        end -= 1
    if start == end:
        return text
    return f"{text[:start]}{mark}{text[start:end]}{mark}{text[end:]}"


def _loose(one: str) -> bool:
    latin = unicodedata.category(one)[0] == "P" and not is_chinese(one)
    return one.isspace() or (latin and one not in "![]()\\*")
