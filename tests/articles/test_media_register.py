"""A registered piece is tied to what it is about: chosen on the page, named by its title in a sheet."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import media_register, media_subjects, writing
from sorting_miniapp.articles.media_register import Piece
from sorting_miniapp.articles.media_subjects import Kind
from sorting_miniapp.articles.models_media import Origin
from sorting_miniapp.db import db
from sorting_miniapp.errors import Invalid
from sorting_miniapp.events import content as events_content
from sorting_miniapp.events import reported
from sorting_miniapp.events.models_counts import CountKind
from sorting_miniapp.imports import workbook
from tests.articles.conftest import NINE, TEXT, Desk, person
from tests.articles.test_console import sign_in
from tests.console.test_admin import post
from tests.events.helpers import CONTENT

YESTERDAY = NINE.date() - timedelta(days=1)


def an_event(desk: Desk, title: str) -> int:
    events_content.load_kinds(CONTENT)
    organiser = person("organiser", Role.ORGANISER, desk.city)
    activity = reported.Activity(
        title, "volunteer", YESTERDAY, heads={CountKind.DIRECT: 60}, counted_by="小邓", how="清点"
    )
    return reported.report(organiser, desk.city, activity)


def test_a_sheet_names_articles_and_events_by_their_titles(desk: Desk) -> None:
    event = an_event(desk, "宣传周启动")
    article = writing.create(desk.editor, desk.city, desk.column, replace(TEXT, title="外卖盒进了四个桶"))
    for _ in range(2):
        writing.create(desk.editor, desk.city, desk.column, replace(TEXT, title="每周一课"))
    piece = Piece("清远日报", "启动仪式", YESTERDAY, Origin.REPRINT, "https://example.gov.cn/1", article, event)
    kept = media_register.save(desk.editor, desk.city, piece)
    sheet = media_register.export(desk.editor.branches(), None)
    row = media_register.rows_of(sheet)[0]
    assert row.cells[6:] == ("外卖盒进了四个桶", "宣传周启动")
    media_register.remove(desk.editor, kept)
    assert media_register.run(media_register.rows_of(sheet), desk.editor) == (1, 0)
    back = media_register.listed(desk.editor.branches())[0].MediaItem
    assert (back.article_id, back.event_id) == (article, event), "the ties come back with the sheet"

    first = ("连州市", "连州发布", "甲", "", YESTERDAY.isoformat(), "转载")
    wrong = [(*first, "每周一课", ""), (*first, "没有的一篇", ""), (*first, "", "没有的活动"), (*first, "", "")]
    rows = media_register.rows_of(workbook.write("媒体登记", media_register.COLUMNS, wrong))
    assert [one.problem for one in media_register.plan(rows, desk.editor)] == [
        "不止一篇文章叫“每周一课”，请空着，登记后在页面上选",
        "没有找到叫“没有的一篇”的文章",
        "没有找到叫“没有的活动”的活动",
        "",
    ]


def test_only_what_lies_in_the_branch_is_offered_and_taken(desk: Desk) -> None:
    event = an_event(desk, "市里的活动")
    town = person("town", Role.EDITOR, desk.town)
    assert media_subjects.offered(town.branches(), Kind.EVENT) == []
    assert media_subjects.offered(desk.editor.branches(), Kind.EVENT) == [
        (str(event), f"{YESTERDAY.isoformat()} 市里的活动")
    ]
    with pytest.raises(Invalid, match="event"):
        media_register.save(town, desk.town, Piece("连州发布", "甲", YESTERDAY, Origin.OWN, event=event))
    tied = media_register.save(desk.editor, desk.town, Piece("连州发布", "甲", YESTERDAY, Origin.OWN, event=event))
    media_register.save(town, desk.town, Piece("连州发布", "乙", YESTERDAY, Origin.OWN, event=event), tied)
    assert media_register.get(town, tied).title == "乙", "what the city tied it to stays"


def test_the_page_offers_titles_and_shows_what_a_piece_is_about(page_desk: Desk) -> None:
    desk = page_desk
    with desk.app.app_context():
        article = writing.create(desk.editor, desk.city, desk.column, TEXT)
        db.session.commit()
    client = sign_in(desk, "editor")
    assert f'<option value="{article}">{TEXT.title}</option>' in client.get("/console/media/new").text
    form = {"node_id": desk.city, "outlet": "连州融媒", "title": "转载一篇", "origin": "reprint", "event_id": ""}
    form |= {"published_on": YESTERDAY.isoformat(), "article_id": article}
    post(client, "/console/media/new", **form)
    assert f'/articles/{article}">{TEXT.title}</a>' in client.get("/console/media").text
    assert "没有找到" in post(client, "/console/media/new", 422, **form | {"article_id": 999_999})
