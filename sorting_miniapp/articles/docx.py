"""An article from a Word document: its text as Markdown that can be edited further, its pictures kept as our own.

The document is turned into allow-listed HTML (mammoth, nh3) and that into Markdown, so that an article has one form
however it came: one editor, one difference between versions, one way to the official account. mammoth is imported
where it is used, to keep the processes small.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass, field
from typing import Any
from xml.sax.handler import ContentHandler

from sorting_miniapp.articles import from_html, render
from sorting_miniapp.articles.from_html import Node
from sorting_miniapp.articles.writing import TITLE
from sorting_miniapp.errors import DomainError, Invalid, TooLarge
from sorting_miniapp.imports import archives
from sorting_miniapp.media import service as media

MOST_BYTES = 10 * archives.MIB
LIMITS = archives.Limits(unpacked=40 * archives.MIB, ratio=100, parts=500)
MOST_XML = 8 * archives.MIB
MOST_DEPTH = 150
MOST_PICTURES = 30
STYLES = "p[style-name='Title'] => h1.title:fresh\np[style-name='Subtitle'] => p:fresh\nu =>\nstrike => s"
_SENTENCE_END = re.compile(r"[。！？；：，,.!?;:]$")


@dataclass
class Draft:
    """What a document gives: a title of bounded length, Markdown, and what the editor should look at."""

    title: str
    markdown: str
    remarks: list[str] = field(default_factory=list)


def read(data: bytes, filename: str, actor: str) -> Draft:
    """Convert a document and store its pictures. Raises Invalid, TooLarge."""
    if len(data) > MOST_BYTES:
        raise TooLarge("docx_too_large", f"文件不能超过 {MOST_BYTES // archives.MIB} MB，请把图片缩小后再试")
    _check(data)
    pictures = _Pictures(actor)
    try:
        html = _convert(data, pictures)
    except DomainError:
        raise
    except Exception as error:  # mammoth raises whatever its parts raise: KeyError, RecursionError, …
        raise _unreadable() from error
    root = from_html.parse(render.clean(html, {"h1"}))
    title, rest = _title(root, filename)
    draft = Draft(title[:TITLE], from_html.to_markdown(rest), pictures.remarks())
    if len(title) > TITLE:
        draft.remarks.append(f"标题超过 {TITLE} 个字，已截短")
    if "colspan=" in html or "rowspan=" in html:
        draft.remarks.append("表格里有合并的单元格，请核对")
    if not draft.markdown:
        raise Invalid("docx_empty", "文档里没有文字")
    return draft


def _unreadable() -> Invalid:
    return Invalid("docx_unreadable", "文件打不开，请上传 .docx 文件（旧的 .doc 请先另存为 .docx）")


def _check(data: bytes) -> None:
    """Sizes first, then that no part of XML declares entities or is nested without end."""
    too_large = TooLarge("docx_too_large", "文件解压后过大，请把图片缩小后再试")
    archives.check(data, LIMITS, _unreadable(), too_large)
    from defusedxml import sax

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = [part for part in archive.infolist() if part.filename.lower().endswith((".xml", ".rels"))]
        if sum(part.file_size for part in parts) > MOST_XML:
            raise TooLarge("docx_too_large", "文档太长，请分成几篇")
        try:
            for part in parts:
                with archive.open(part) as stream:
                    sax.parse(stream, _Depth(), forbid_dtd=True)
        except Exception as error:  # ParseError, DTDForbidden, BadZipFile, an encrypted part, …
            raise _unreadable() from error


class _Depth(ContentHandler):
    """Counts how deep elements lie in each other. Raises ValueError."""

    depth = 0

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise ValueError("nested too deep")

    def endElement(self, name: str) -> None:  # noqa: N802
        self.depth -= 1


class _Pictures:
    """Stores a document's pictures, each encoded anew, and counts those that could not be kept."""

    def __init__(self, actor: str) -> None:
        self.actor, self.kept, self.unreadable, self.over = actor, 0, 0, 0

    def keep(self, image: Any) -> dict[str, str]:
        if self.kept >= MOST_PICTURES:
            self.over += 1
            return {"src": ""}
        try:
            with image.open() as stream:
                public_id = media.store(stream.read(), self.actor)
        except Exception:  # a format Pillow does not know (EMF, WMF), a link to a file outside
            self.unreadable += 1
            return {"src": ""}
        self.kept += 1
        return {"src": f"/media/{public_id}.jpg"}

    def remarks(self) -> list[str]:
        found = []
        if self.unreadable:
            found.append(f"有 {self.unreadable} 张图片的格式不支持，没有导入，请另存为 JPG 或 PNG 后插入")
        if self.over:
            found.append(f"图片超过 {MOST_PICTURES} 张，后面的 {self.over} 张没有导入")
        return found


def _convert(data: bytes, pictures: _Pictures) -> str:
    import mammoth

    found = mammoth.convert_to_html(
        io.BytesIO(data),
        convert_image=mammoth.images.img_element(pictures.keep),
        style_map=STYLES,
        external_file_access=False,
    )
    return str(found.value)


def _title(root: Node, filename: str) -> tuple[str, Node]:
    """(title, the rest): the document's title or first heading, a short first line, else the file's name."""
    blocks = [one for one in root.children if from_html.words(one).strip() or one.tag]
    first = next((one for one in blocks if from_html.words(one).strip()), None)
    if first is not None:
        text = re.sub(r"\s+", " ", from_html.words(first)).strip()
        heading = first.tag in ("h1", "h2")
        line = first.tag == "p" and len(text) <= TITLE and not _SENTENCE_END.search(text)
        if heading or (line and len(blocks) > 1):
            return text, Node("root", children=[one for one in blocks if one is not first])
    stem = filename.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0].strip()
    return stem or "未命名文章", root
