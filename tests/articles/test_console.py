"""The editor's and the reviewers' pages, from a typed text to a sent push."""

from __future__ import annotations

import io
import re
from typing import Any

from PIL import Image
from sqlalchemy import select

from sorting_miniapp.articles import push_run
from sorting_miniapp.articles.models import Article, Push
from sorting_miniapp.db import db
from tests.articles.conftest import TEXT, Desk
from tests.console.helpers import post, sign_in, token


def test_from_a_typed_text_to_a_sent_push(page_desk: Desk) -> None:
    desk = page_desk
    editor = sign_in(desk, "editor")
    values: dict[str, Any] = {"node_id": desk.city, "column_id": desk.column, "title": TEXT.title}
    assert "请填写标题" in post(
        editor, "/console/articles/new", 422, **values | {"title": "", "markdown": "留住这一句"}
    )
    assert "留住这一句" in post(
        editor, "/console/articles/new", 422, **values | {"title": "", "markdown": "留住这一句"}
    )
    url = post(editor, "/console/articles/new", **values, markdown=TEXT.markdown)
    assert "提交前请填写" in post(editor, f"{url}/submit", 422)
    more = {"digest": TEXT.digest, "author": TEXT.author, "source": TEXT.source, "markdown": TEXT.markdown}
    post(editor, f"{url}/edit", **values, **more, seen="1")
    post(editor, f"{url}/submit")
    assert "审核中" in editor.get(url).text
    assert "正在审核" in post(editor, f"{url}/edit", 409, **values, **more, seen="2")
    for level in (1, 2, 3):
        reviewer = sign_in(desk, f"reviewer{level}")
        assert TEXT.title in reviewer.get("/console/").text, "it stands among what waits for this person"
        if level == 1:
            assert "退回时请写明" in post(reviewer, f"{url}/review", 422, verdict="returned", version="2")
        post(reviewer, f"{url}/review", verdict="passed", version="2", remark="可以")
        assert post(reviewer, f"{url}/review", 409 if level == 3 else 403, verdict="passed", version="2")
    assert "待审文章" not in sign_in(desk, "reviewer1").get("/console/").text
    assert "请选择渠道" in post(editor, f"{url}/pushes/new", 422, channel="pigeon", now="1")
    assert "填写有误" in post(editor, f"{url}/pushes/new", 422, channel="mass", due_at="soon")
    push_url = post(editor, f"{url}/pushes/new", channel="mass", now="1", step="confirm")
    waiting = editor.get(push_url).text
    assert "待发" in waiting
    progress = re.findall(r'hx-get="([^"]+)"', waiting)[0].replace("&amp;", "&")
    assert "HX-Refresh" not in editor.get(progress).headers
    with desk.app.app_context():
        push_id = db.session.scalars(select(Push.id)).one()
        push_run.run(push_id)
    assert editor.get(progress).headers["HX-Refresh"] == "true", "the buttons of a waiting push are out of date"
    assert "发送中" in editor.get(push_url).text
    assert "已经交给公众号" in post(editor, f"{push_url}/cancel", 409)
    assert TEXT.title in editor.get("/console/pushes").text
    assert re.search(r'id="figure-articles".*?<dd>1 ', editor.get("/console/").text, re.S)


def test_pictures_and_covers(page_desk: Desk) -> None:
    editor = sign_in(page_desk, "editor")
    out = io.BytesIO()
    Image.new("RGB", (600, 300), "#1d5fa8").save(out, "PNG")

    def picture() -> tuple[io.BytesIO, str]:
        return io.BytesIO(out.getvalue()), "a.png"

    page = editor.post(
        "/console/pictures", data={"csrf_token": token(editor.get("/console/password").text), "file": picture()}
    )
    line = re.search(r"!\[图片说明\]\((/media/[\w-]+\.jpg)\)", page.text)
    assert line
    assert editor.get(line[1]).status_code == 200
    url = post(
        editor, "/console/articles/new", node_id=page_desk.city, column_id=page_desk.column, title="有图",
        markdown=f"![桶]({line[1]})", cover_file=picture(),
    )  # fmt: skip
    shown = editor.get(url).text
    assert shown.count(line[1]) == 2, "in the text and as the cover"
    assert "没有找到" in post(
        editor, "/console/articles/new", 422, node_id=page_desk.city, column_id=page_desk.column, title="有图",
        markdown="![桶](/media/AAAAAAAAAAAAAAAAAAAAAA.jpg)",
    )  # fmt: skip
    with page_desk.app.app_context():
        assert db.session.scalars(select(Article).where(Article.key.is_(None))).one()
