"""Word documents: what is kept, what is refused before it is opened, and that a picture is our own afterwards."""

from __future__ import annotations

import io
import re
import zipfile
from unittest.mock import ANY

import docx as word
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import func, select

from sorting_miniapp.articles import docx, from_html, render, versions, writing
from sorting_miniapp.articles.models import ArticleVersion
from sorting_miniapp.db import db
from sorting_miniapp.errors import Invalid, TooLarge
from sorting_miniapp.media.models import Picture
from tests.articles.conftest import TEXT, Desk
from tests.articles.helpers import form_of
from tests.console.helpers import post, sign_in, token


def document(title: bool = True) -> bytes:
    made = word.Document()
    if title:
        made.add_heading("小区投放点撤桶以后", 0)
    made.add_heading("一、时间", 1)
    paragraph = made.add_paragraph("早上七点，")
    paragraph.add_run("请按时投放：").bold = True
    paragraph.add_run("不要*乱扔*。")
    for item in ("可回收物", "厨余垃圾"):
        made.add_paragraph(item, style="List Bullet")
    made.add_paragraph("1. 不是列表")
    table = made.add_table(2, 2)
    for row, cells in enumerate((("类别", "怎么投"), ("厨余垃圾", "沥干|再投"))):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    picture = io.BytesIO()
    Image.new("RGB", (80, 40), "#2e7d32").save(picture, "PNG")
    picture.seek(0)
    made.add_picture(picture)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def changed(data: bytes, name: str, body: bytes) -> bytes:
    """The document with one part replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, body if part.filename == name else old.read(part))
        if name not in old.namelist():
            new.writestr(name, body)
    return out.getvalue()


def test_a_document_becomes_markdown_with_its_pictures(sqlite_desk: Desk) -> None:
    found = docx.read(document(), "撤桶.docx", "editor")
    assert found.title == "小区投放点撤桶以后"
    assert found.remarks == []
    html = render.to_html(found.markdown)
    assert "小区投放点" not in html, "the title stands above the text"
    for piece in (
        "<h2>一、时间</h2>", "早上七点，<strong>请按时投放：</strong>不要*乱扔*。", "<li>可回收物</li>",
        "<p>1. 不是列表</p>", "<th>类别</th>", "<td>沥干|再投</td>",
    ):  # fmt: skip
        assert piece in html, (piece, found.markdown)
    picture = db.session().scalars(select(Picture)).one()
    assert f'src="/media/{picture.public_id}.jpg"' in html
    assert picture.data.startswith(b"\xff\xd8\xff"), "encoded anew"


def test_without_a_title_the_first_heading_or_the_files_name_is_one(sqlite_desk: Desk) -> None:
    assert docx.read(document(title=False), "撤桶.docx", "editor").title == "一、时间"
    made = word.Document()
    made.add_paragraph("这一段是正文，有句号。")
    out = io.BytesIO()
    made.save(out)
    assert docx.read(out.getvalue(), "C:\\稿件\\撤桶通知.docx", "editor").title == "撤桶通知"
    made = word.Document()
    made.add_heading("长" * 40, 1)
    made.add_paragraph("正文。")
    out = io.BytesIO()
    made.save(out)
    found = docx.read(out.getvalue(), "a.docx", "editor")
    assert (found.title, found.markdown) == ("长" * 32, "正文。")
    assert "已截短" in found.remarks[0]


def test_a_picture_word_alone_can_draw_is_told(sqlite_desk: Desk) -> None:
    data = document()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        name = next(one for one in archive.namelist() if one.startswith("word/media/"))
    found = docx.read(changed(data, name, b"\x01\x00\x00\x00 an EMF"), "a.docx", "editor")
    assert "1 张图片的格式不支持" in found.remarks[0]
    assert "![" not in found.markdown


BODY = "word/document.xml"
BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
DEEP = b"<?xml version='1.0'?>" + b"<a>" * 100_000 + b"</a>" * 100_000


@pytest.mark.parametrize(
    ("part", "body", "error"),
    [
        (BODY, BOMB, Invalid),
        (BODY, BOMB.decode().encode("utf-16"), Invalid),
        (BODY, DEEP, Invalid),
        (BODY, b"<w:document", Invalid),
        (BODY, b"<nothing/>", Invalid),
        ("word/media/zeros.png", bytes(50 * 1024 * 1024), TooLarge),
        ("word/long.xml", b"<a>" + b" " * (9 * 1024 * 1024) + b"</a>", TooLarge),
    ],
)
def test_bombs_and_broken_documents_are_refused(sqlite_desk: Desk, part: str, body: bytes, error: type) -> None:
    with pytest.raises(error):
        docx.read(changed(document(), part, body), "a.docx", "editor")
    assert db.session().scalar(select(func.count()).select_from(Picture)) in (0, 1)


def test_what_is_no_document_is_refused(sqlite_desk: Desk) -> None:
    for junk in (b"", b"\xd0\xcf\x11\xe0 an old .doc", b"PK\x03\x04 nothing"):
        with pytest.raises(Invalid):
            docx.read(junk, "a.docx", "editor")
    with pytest.raises(TooLarge):
        docx.read(bytes(docx.MOST_BYTES + 1), "a.docx", "editor")


def test_a_link_to_a_file_outside_is_not_opened(sqlite_desk: Desk) -> None:
    data = document()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        body = archive.read(BODY).decode()
        rels = archive.read("word/_rels/document.xml.rels").decode()
    body = body.replace("r:embed=", "r:link=")
    rels = re.sub(r'Target="media/[^"]+"', 'Target="file:///etc/passwd" TargetMode="External"', rels)
    made = changed(changed(data, BODY, body.encode()), "word/_rels/document.xml.rels", rels.encode())
    found = docx.read(made, "a.docx", "editor")
    assert "root:" not in found.markdown
    assert found.remarks, "the missing picture is told"


def test_an_upload_becomes_a_draft_to_go_on_with(page_desk: Desk) -> None:
    editor = sign_in(page_desk, "editor")
    assert "上传 Word 文档" in editor.get("/console/articles/docx").text

    def send(data: bytes, name: str) -> tuple[int, str]:
        form = {
            "csrf_token": token(editor.get("/console/password").text), "node_id": str(page_desk.city),
            "column_id": str(page_desk.column), "file": (io.BytesIO(data), name),
        }  # fmt: skip
        answer = editor.post("/console/articles/docx", data=form)
        return answer.status_code, answer.headers.get("Location") or answer.text

    status, url = send(document(), "撤桶.docx")
    assert status == 302
    page = editor.get(url).text
    assert "已转成草稿" in page
    assert "## 一、时间" in page
    status, page = send(b"nothing", "撤桶.doc")
    assert status == 422
    assert "旧的 .doc" in page
    with page_desk.app.app_context():
        kept = select(ArticleVersion.title).where(ArticleVersion.created_by.is_not(None))
        assert db.session.scalars(kept).all() == ["小区投放点撤桶以后"]


def test_an_upload_replaces_a_text_after_it_was_seen_and_saved(page_desk: Desk) -> None:
    desk, editor = page_desk, sign_in(page_desk, "editor")
    with desk.app.app_context():
        article = desk.approved()
    url = f"/console/articles/{article}/docx"
    assert "第 1 稿，审核通过" in editor.get(url).text

    def send(data: bytes) -> tuple[int, str]:
        form = {"csrf_token": token(editor.get(url).text), "file": (io.BytesIO(data), "a.docx")}
        answer = editor.post(url, data=form)
        return answer.status_code, answer.text

    assert send(b"nothing")[0] == 422
    status, page = send(document())
    assert status == 200
    assert "文档已读入，还没有保存" in page
    assert "文档的标题是“小区投放点撤桶以后”" in page
    filled = form_of(page)
    assert filled["title"] == TEXT.title
    assert "## 一、时间" in filled["markdown"]
    with desk.app.app_context():
        assert [one.version.markdown for one in versions.listed(article)] == [TEXT.markdown], "nothing is changed yet"
    common = {"column_id": str(desk.column), "digest": "一句话", "author": "市住建局", "source": "市住建局"}
    post(editor, f"/console/articles/{article}/edit", **common | filled | {"seen": "1"})
    with desk.app.app_context():
        assert [one.version.markdown for one in versions.listed(article)] == [filled["markdown"], TEXT.markdown]
        writing.submit(desk.editor, article)
    assert send(document()) == (409, ANY)
    assert editor.get("/console/articles/999999/docx").status_code == 404


@settings(max_examples=80)
@given(st.text(st.sampled_from("厨余 *_`[]<>#-+1.)|\\~!（）：“”a&"), max_size=24))
def test_any_text_of_a_document_comes_through_as_it_is(text: str) -> None:
    node = from_html.Node("root", children=[from_html.Node("p", children=[from_html.Node("", text)])])
    shown = render.plain(render.to_html(from_html.to_markdown(node)))
    assert shown == " ".join(text.split())


@settings(max_examples=80)
@given(st.text(st.sampled_from("厨余：，“”（）a 。"), min_size=1, max_size=10))
def test_bold_of_a_document_never_shows_its_marks(text: str) -> None:
    bold = from_html.Node("strong", children=[from_html.Node("", text)])
    node = from_html.Node("p", children=[from_html.Node("", "前"), bold, from_html.Node("", "后")])
    html = render.to_html(from_html.to_markdown(from_html.Node("root", children=[node])))
    assert "*" not in html
    if not text.isspace():
        assert "<strong>" in html, "Chinese punctuation is bold as well"
