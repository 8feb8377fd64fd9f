"""An article's allow-listed HTML as a Word document. Only the tags of render.py occur.

python-docx is imported only where a document is made.
"""

from __future__ import annotations

import io
from html.parser import HTMLParser
from typing import Any

from sorting_miniapp.articles import render
from sorting_miniapp.articles.handover import Document
from sorting_miniapp.errors import NotFound
from sorting_miniapp.media import service as media

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
HEADINGS = {"h2": 2, "h3": 3, "h4": 4}
LISTS = {"ul": "List Bullet", "ol": "List Number"}
BODY, HEADING = "仿宋", "黑体"
WIDTH = 14.0  # centimetres


class _Writer(HTMLParser):
    """Writes what it is fed at the end of a document."""

    def __init__(self, book: Any) -> None:
        super().__init__(convert_charrefs=True)
        self.book = book
        self.lists: list[str] = []
        self.bold = self.italic = 0
        self.quote = 0
        self.paragraph: Any = None
        self.rows: list[list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in HEADINGS:
            self.paragraph = self.book.add_heading(level=HEADINGS[tag])
        elif tag in LISTS:
            self.lists.append(LISTS[tag])
        elif tag == "li":
            self.paragraph = self.book.add_paragraph(style=self.lists[-1] if self.lists else None)
        elif tag in ("p", "pre") and self.rows is None and not (self.lists and self.paragraph is not None):
            self.paragraph = self.book.add_paragraph(style="Quote" if self.quote else None)
        elif tag == "br" and self.paragraph is not None:
            self.paragraph.add_run().add_break()
        elif tag == "img":
            self._picture(dict(attrs).get("src") or "")
        elif tag == "table":
            self.rows = []
        elif tag == "tr" and self.rows is not None:
            self.rows.append([])
        elif tag in ("th", "td") and self.rows:
            self.rows[-1].append("")
        self._weight(tag, 1)

    def _weight(self, tag: str, step: int) -> None:
        self.bold += step * (tag in ("strong", "th"))
        self.italic += step * (tag == "em")
        self.quote += step * (tag == "blockquote")

    def handle_endtag(self, tag: str) -> None:
        self._weight(tag, -1)
        if tag in LISTS and self.lists:
            self.lists.pop()
        if tag in ("p", "li", "pre", *HEADINGS) and not (tag == "p" and self.lists):
            self.paragraph = None
        if tag == "table" and self.rows is not None:
            self._table(self.rows)
            self.rows = None

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split("\n"))
        if self.rows:
            if self.rows[-1]:
                self.rows[-1][-1] += text.strip()
            return
        if not text.strip() and self.paragraph is None:
            return
        if self.paragraph is None:
            self.paragraph = self.book.add_paragraph()
        run = self.paragraph.add_run(text)
        run.bold, run.italic = self.bold > 0 or None, self.italic > 0 or None

    def _picture(self, source: str) -> None:
        ours = render.PICTURE.match(source)
        if ours is None:
            return
        try:
            data = media.read(ours[1])
        except NotFound:
            return
        from docx.shared import Cm

        self.book.add_picture(io.BytesIO(data), width=Cm(WIDTH))

    def _table(self, rows: list[list[str]]) -> None:
        width = max((len(row) for row in rows), default=0)
        if not width:
            return
        table = self.book.add_table(rows=0, cols=width, style="Table Grid")
        for row in rows:
            for cell, text in zip(table.add_row().cells, row, strict=False):
                cell.text = text


def _fonts(book: Any) -> None:
    from docx.oxml.ns import qn

    for name in ("Normal", "Heading 1", "Heading 2", "Heading 3", "Heading 4"):
        fonts = book.styles[name].element.get_or_add_rPr().get_or_add_rFonts()
        fonts.set(qn("w:eastAsia"), BODY if name == "Normal" else HEADING)


def as_docx(found: Document) -> bytes:
    """The article with its slogans at head and foot, its digest, its source and the link of "read the original"."""
    from docx import Document as new_document

    book, sheet = new_document(), found.sheet
    _fonts(book)
    book.add_heading(sheet.title, level=1)
    book.add_paragraph(f"作者：{sheet.author}")
    book.add_paragraph(f"摘要：{sheet.digest}")
    _slogan(book, found.head)
    writer = _Writer(book)
    writer.feed(sheet.html)
    writer.close()
    for text in filter(None, (sheet.credit, f"阅读原文：{sheet.link}" if sheet.link else "")):
        book.add_paragraph(text)
    _slogan(book, found.foot)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _slogan(book: Any, text: str) -> None:
    if text:
        book.add_paragraph().add_run(text).bold = True
