"""Writing: every saving is kept, unsaved text comes back, two people at once lose nothing."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from urllib3.filepost import encode_multipart_formdata

from sorting_miniapp import clock
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import autosave, composing, differences, render, versions, writing
from sorting_miniapp.articles.models import Article, ArticleVersion
from sorting_miniapp.articles.models_media import Origin
from sorting_miniapp.articles.models_writing import NEW, Autosave
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Invalid, NotFound, TooLarge
from tests.articles.conftest import NINE, TEXT, Desk, person
from tests.articles.helpers import form_of
from tests.console.helpers import post, sign_in, token
from tests.events.helpers import at_once

REPRINT = replace(
    TEXT, origin=Origin.REPRINT, source="", source_name="清远日报", source_url="https://example.org/1",
    source_on=date(2026, 5, 18),
)  # fmt: skip


def test_every_saving_makes_a_version_that_stays_and_can_be_taken_up_again(desk: Desk) -> None:
    article = writing.create(desk.editor, desk.city, desk.column, TEXT)
    writing.save(desk.editor, article, desk.column, replace(TEXT, markdown="第二稿"), seen=1)
    writing.save(desk.editor, article, desk.column, replace(TEXT, markdown="第二稿"), seen=2)
    assert [one.version.number for one in versions.listed(article)] == [2, 1], "nothing changed, nothing new"
    versions.restore(desk.editor, article, 1, seen=2)
    newest = versions.get(article, 3)
    assert (newest.markdown, newest.restored_from) == (TEXT.markdown, 1)
    assert versions.get(article, 2).markdown == "第二稿"
    assert [one.by for one in versions.listed(article)] == ["editor"] * 3
    with pytest.raises(Conflict):
        versions.restore(desk.editor, article, 2, seen=2)
    with pytest.raises(NotFound):
        versions.restore(desk.editor, article, 9, seen=3)
    writing.submit(desk.editor, article)
    with pytest.raises(Conflict, match="in_review"):
        versions.restore(desk.editor, article, 2, seen=3)


def test_two_savings_at_once_leave_one_and_a_conflict(desk: Desk) -> None:
    other = person("other", Role.EDITOR, desk.city)
    article = writing.create(desk.editor, desk.city, desk.column, TEXT)
    db.session().commit()

    def job(actor: object, text: str) -> object:
        def run() -> None:
            with desk.app.app_context():
                try:
                    writing.save(actor, article, desk.column, replace(TEXT, markdown=text), seen=1)  # type: ignore[arg-type]
                finally:
                    db.session.remove()

        return run

    results = at_once([job(desk.editor, "甲"), job(other, "乙")])  # type: ignore[list-item]
    assert sorted(type(one).__name__ for one in results) == ["Conflict", "NoneType"], results
    db.session().expire_all()
    assert db.session().get_one(Article, article).revision == 2
    assert len(versions.listed(article)) == 2


def test_a_reprint_names_where_it_first_stood(desk: Desk) -> None:
    for wrong in (
        {"source_url": "ftp://example.org"}, {"source_url": "https://"}, {"video_url": "视频"},
        {"source_on": clock.today() + timedelta(days=1)}, {"source_name": "长" * 61},
    ):  # fmt: skip
        with pytest.raises(Invalid):
            writing.create(desk.editor, desk.city, desk.column, replace(REPRINT, **wrong))
    half = writing.create(desk.editor, desk.city, desk.column, replace(REPRINT, source_on=None))
    with pytest.raises(Invalid, match="source_on"):
        writing.submit(desk.editor, half)
    with pytest.raises(DBAPIError), transaction() as session:
        session.scalars(select(ArticleVersion).where(ArticleVersion.article_id == half)).one().submitted_at = NINE
    whole = writing.create(desk.editor, desk.city, desk.column, REPRINT)
    writing.submit(desk.editor, whole)
    sheet = composing.sheet(versions.get(whole, 1))
    assert (sheet.credit, sheet.link) == ("转载自：清远日报（2026年5月18日）", "https://example.org/1")
    own = writing.create(desk.editor, desk.city, desk.column, replace(REPRINT, origin=Origin.OWN))
    assert versions.get(own, 1).source_name == "", "an own text has no other place"


def test_unsaved_text_comes_back_and_is_the_persons_own(desk: Desk) -> None:
    article = writing.create(desk.editor, desk.city, desk.column, TEXT)
    other = person("other", Role.EDITOR, desk.city)
    assert autosave.keep(desk.editor, article, 1, {"title": "半句", "csrf_token": "x"})[1] is False
    autosave.keep(desk.editor, article, 1, {"title": "半句话"})
    kept = autosave.of(desk.editor, article)
    assert kept
    assert kept.values == {"title": "半句话"}
    assert autosave.of(other, article) is None
    assert autosave.others(other, article) == ["editor"]
    writing.save(other, article, desk.column, replace(TEXT, title="别人改的"), seen=1)
    assert autosave.keep(desk.editor, article, 1, {"title": "半句话"})[1] is True, "somebody saved in between"
    writing.save(desk.editor, article, desk.column, TEXT, seen=2)
    assert autosave.of(desk.editor, article) is None, "saved is saved"
    autosave.keep(desk.editor, NEW, 0, {"title": "新文章"})
    writing.create(desk.editor, desk.city, desk.column, TEXT)
    assert autosave.of(desk.editor, NEW) is None
    town = person("town", Role.EDITOR, desk.town)
    with pytest.raises(NotFound):
        autosave.keep(town, article, 1, {"title": "x"})
    for wrong, error in (({"markdown": "长" * 100_001}, TooLarge), ({"title": "\x01"}, Invalid)):
        with pytest.raises(error):
            autosave.keep(desk.editor, NEW, 0, wrong)
    autosave.keep(desk.editor, NEW, 0, {"title": "x"})
    desk.hands.at(NINE + timedelta(days=31))
    assert autosave.purge() == 1
    assert db.session().scalars(select(Autosave)).all() == []


def test_two_editors_at_once_see_both_texts_and_nothing_is_lost(page_desk: Desk) -> None:
    desk = page_desk
    body = "第一段原来这样写。\n\n中间一段。\n\n最后一段原来这样写。"
    with desk.app.app_context():
        person("other", Role.EDITOR, desk.city)
        article = writing.create(desk.editor, desk.city, desk.column, replace(TEXT, markdown=body))
    url = f"/console/articles/{article}/edit"
    mine, other = sign_in(desk, "editor"), sign_in(desk, "other")
    page = mine.get(url).text
    common = {"column_id": desk.column, "title": TEXT.title, "author": TEXT.author, "digest": TEXT.digest}
    common |= {"source": TEXT.source, "seen": "1", "base": "1"}
    post(other, url, **common, markdown=body.replace("最后一段原来", "最后一段乙"))
    assert form_of(page)["seen"] == "1"
    post(mine, f"/console/articles/{article}/autosave", 200, **common, markdown="没有保存的")
    conflict = post(mine, url, 409, **common, markdown=body.replace("第一段原来", "第一段甲"))
    assert "other" in conflict, "who saved"
    assert "已把两人改的不同段落合在一起" in conflict
    form = form_of(conflict)
    assert form["markdown"] == "第一段甲这样写。\n\n中间一段。\n\n最后一段乙这样写。"
    assert re.search(r"<del>乙</del>", conflict)
    post(mine, url, **common | {"seen": form["seen"], "base": form["base"]}, markdown=form["markdown"])
    with desk.app.app_context():
        texts = [one.version.markdown for one in versions.listed(article)]
    assert texts[0] == form["markdown"]
    assert "最后一段乙" in texts[1], "the other's version is still there"
    again = post(other, url, 409, **common, markdown=body.replace("第一段原来", "第一段丙"))
    assert "第一段丙" in form_of(again)["markdown"], "the same paragraph: mine stays in the form"
    assert "合在一起" not in again


def test_unsaved_text_is_restored_and_can_be_thrown_away(page_desk: Desk) -> None:
    desk, editor = page_desk, sign_in(page_desk, "editor")
    kept = post(
        editor, "/console/articles/new/autosave", 200, seen="0", title="半篇", markdown="刚写到这里", node_id="1"
    )
    assert re.search(r'"at":"\d\d:\d\d:\d\d"', kept)
    page = editor.get("/console/articles/new").text
    assert "已恢复您" in page
    assert form_of(page) == {"title": "半篇", "markdown": "刚写到这里", "cover": ""}
    post(editor, "/console/articles/new/discard")
    assert "已恢复您" not in editor.get("/console/articles/new").text
    for key, status in (("999999", 404), ("x", 404), ("²", 404)):
        post(editor, f"/console/articles/{key}/autosave", status, seen="0")
    assert desk.app.test_client().post("/console/articles/new/autosave").status_code in (302, 400)


def test_a_suggested_topic_is_the_title_and_takes_no_unsaved_text_away(page_desk: Desk) -> None:
    editor, page = sign_in(page_desk, "editor"), "/console/articles/new?title=旧电池投哪里"
    assert form_of(editor.get(page).text)["title"] == "旧电池投哪里"
    assert form_of(editor.get(f"{page}{'长' * 40}").text)["title"] == f"旧电池投哪里{'长' * 26}"
    post(editor, "/console/articles/new/autosave", 200, seen="0", title="半篇", markdown="刚写到这里")
    again = editor.get(page).text
    assert form_of(again)["title"] == "半篇"
    assert "要写《旧电池投哪里》，请先保存这一篇" in again
    post(editor, "/console/articles/new/discard", title="旧电池投哪里")
    assert form_of(editor.get(page).text)["title"] == "旧电池投哪里"


def test_the_preview_shows_what_is_typed_and_runs_nothing(page_desk: Desk) -> None:
    editor = sign_in(page_desk, "editor")
    shown = post(
        editor, "/console/articles/typed", 200, title="<b>题", author="作者", markdown="**粗** <script>x</script>",
        origin="reprint", source_name="清远日报", source_on="2026-05-18",
    )  # fmt: skip
    assert "<strong>粗</strong>" in shown
    assert "&lt;b&gt;题" in shown
    assert "<script" not in shown
    assert "转载自：清远日报（2026年5月18日）" in shown


def picture_file(size: tuple[int, int] = (600, 300)) -> io.BytesIO:
    out = io.BytesIO()
    Image.effect_noise(size, 90).convert("RGB").save(out, "PNG")
    out.seek(0)
    return out


def upload(client: FlaskClient, data: io.BytesIO) -> tuple[int, dict[str, str]]:
    form = {"csrf_token": token(client.get("/console/password").text), "file": ("a.png", data.getvalue())}
    # Flask's client would leave its temporary file of a large upload open.
    body, kind = encode_multipart_formdata(form)
    answer = client.post("/console/pictures", data=body, content_type=kind, headers={"Accept": "application/json"})
    return answer.status_code, answer.json or {}


def test_a_picture_of_some_megabytes_goes_in_and_a_bad_one_is_told(page_desk: Desk) -> None:
    editor = sign_in(page_desk, "editor")
    large = picture_file((1300, 1000))
    assert len(large.getvalue()) > 1024 * 1024, "more than other forms may send"
    status, body = upload(editor, large)
    assert status == 200
    assert re.fullmatch(r"!\[图片说明\]\(/media/[\w-]{22}\.jpg\)", body["markdown"])
    status, body = upload(editor, io.BytesIO(b"GIF89a nothing"))
    assert (status, body["code"]) == (422, "picture_unreadable")
    too_much = editor.post("/console/articles/typed", data={"markdown": "x" * (1024 * 1024 + 1)})
    assert too_much.status_code == 413, "other forms keep their limit"


PARAGRAPHS = st.lists(st.sampled_from(["甲段", "乙段", "丙段有字", "丁"]), max_size=6).map("\n\n".join)


@settings(max_examples=60)
@given(PARAGRAPHS, PARAGRAPHS)
def test_a_difference_shows_both_texts_whole(old: str, new: str) -> None:
    rows = differences.texts(old, new)
    for text, side in ((old, "left"), (new, "right")):
        shown = ["".join(piece.text for piece in getattr(row, side)) for row in rows if getattr(row, side)]
        assert shown == [one for one in text.split("\n\n") if one]


@settings(max_examples=60)
@given(PARAGRAPHS, PARAGRAPHS)
def test_merging_with_an_unchanged_side_gives_the_other(base: str, mine: str) -> None:
    assert differences.merged(base, mine, base) == mine
    assert differences.merged(base, base, mine) == mine


def test_changes_of_neighbouring_paragraphs_are_left_to_people() -> None:
    base = "一\n\n二\n\n三\n\n四"
    assert differences.merged(base, "甲\n\n二\n\n三\n\n四", "一\n\n二\n\n三\n\n丁") == "甲\n\n二\n\n三\n\n丁"
    assert differences.merged(base, "甲\n\n二\n\n三\n\n四", "一\n\n乙\n\n三\n\n四") is None
    assert differences.merged(base, "甲\n\n二\n\n三\n\n四", "丙\n\n二\n\n三\n\n四") is None
    assert differences.merged(base, "甲\n\n二\n\n三\n\n四", "甲\n\n二\n\n三\n\n四") == "甲\n\n二\n\n三\n\n四"
    row = differences.line("厨余垃圾沥干", "厨余垃圾沥干水分")
    assert [(one.text, one.changed) for one in row.right] == [("厨余垃圾沥干", False), ("水分", True)]
    assert render.credit("《条例》", "", None) == "来源：《条例》"
