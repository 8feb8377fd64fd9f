"""Showing a version: reviewed against the one before, by a link without login, on one's own phone."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from sorting_miniapp import clock
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.accounts.models_binding import BindingKind, StaffBinding
from sorting_miniapp.articles import phone, previews, reviews, versions, writing
from sorting_miniapp.articles.models_writing import PhonePreview, PhoneState
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, NotFound, TooMany
from tests.articles.conftest import NINE, TEXT, Desk, person
from tests.console.helpers import post, sign_in

PREVIEW, DRAFT, DELETE = "/cgi-bin/message/mass/preview", "/cgi-bin/draft/add", "/cgi-bin/draft/delete"


def test_a_reviewer_sees_what_changed_since_the_version_that_was_reviewed(page_desk: Desk) -> None:
    desk = page_desk
    with desk.app.app_context():
        article = writing.create(desk.editor, desk.city, desk.column, TEXT)
        writing.submit(desk.editor, article)
    reviewer = sign_in(desk, "reviewer1")
    assert "第一次送审" in reviewer.get(f"/console/articles/{article}").text
    with desk.app.app_context():
        reviews.decide(desk.reviewers[0], article, 1, False, "请写清时间")
        writing.save(desk.editor, article, desk.column, replace(TEXT, markdown="## 先沥干\n\n随便写的一稿。"), seen=1)
        writing.save(desk.editor, article, desk.column, replace(TEXT, markdown="## 先沥干\n\n早上再投放。"), seen=2)
        writing.submit(desk.editor, article)
        assert versions.reviewed_before(article, 3).number == 1  # type: ignore[union-attr]
    page = reviewer.get(f"/console/articles/{article}").text
    assert "第 1 稿（审过）" in page
    assert "<ins>早上</ins>再投放" in page
    assert "随便" not in page.split('class="diff"')[1].split("正文</h2>")[0], "not the draft nobody reviewed"
    post(reviewer, f"/console/articles/{article}/review", verdict="passed", version="3", remark="")
    assert "同意" in reviewer.get(f"/console/articles/{article}").text
    listed = reviewer.get(f"/console/articles/{article}/versions").text
    assert "第 2 稿" in listed
    assert "恢复为新稿" not in listed, "not a reviewer's, and not while in review"
    assert "随便" in reviewer.get(f"/console/articles/{article}/versions/2").text
    between = reviewer.get(f"/console/articles/{article}/versions/3/difference?base=2").text
    assert "第 2 稿与第 3 稿" in between
    for missing in ("versions/9", "versions/9/difference", "versions/3/difference?base=9"):
        assert reviewer.get(f"/console/articles/{article}/{missing}").status_code == 404
    editor = sign_in(desk, "editor")
    post(editor, f"/console/articles/{article}/recall")
    post(editor, f"/console/articles/{article}/versions/1/restore", seen="1")
    assert "请比对" in editor.get(f"/console/articles/{article}/versions").text, "an old page restores nothing"
    post(editor, f"/console/articles/{article}/versions/1/restore", seen="3")
    assert "由第 1 稿恢复" in editor.get(f"/console/articles/{article}/versions").text


def test_a_preview_link_opens_without_login_until_it_is_over(desk: Desk) -> None:
    client = desk.app.test_client()
    article = writing.create(desk.editor, desk.city, desk.column, TEXT)
    first, second, third = (previews.make(desk.editor, article) for _ in range(3))
    path = first.removeprefix(desk.app.extensions["settings"].base_url)
    page = client.get(path)
    assert page.status_code == 200
    assert TEXT.title in page.text
    assert 'aria-label="水印：预览"' in page.text
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "no-store" in page.headers["Cache-Control"]
    text, signature = path.rsplit(".", 1)
    forged = f"{text}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"  # the last one's lowest bits mean nothing
    assert client.get(forged).status_code == 404, "not our signature"
    link = previews.live(versions.get(article, 1).id)[-1].link
    town = person("town", Role.EDITOR, desk.town)
    with pytest.raises(NotFound):
        previews.revoke(town, article, link.id)
    previews.revoke(desk.editor, article, link.id)
    with pytest.raises(NotFound):
        previews.revoke(desk.editor, article, link.id)
    answer = client.get(path)
    assert answer.status_code == 410
    assert "停用" in answer.text
    assert TEXT.title not in answer.text
    second_path, third_path = (url[url.index("/preview/") :] for url in (second, third))
    desk.hands.at(NINE + timedelta(hours=73))
    assert "已过期" in client.get(second_path).text
    desk.hands.at(NINE)
    assert client.get(third_path).status_code == 200
    lost = client.get(f"{third_path}/more")
    assert (lost.status_code, "请重新扫描" in lost.text) == (404, True), "a page, not JSON: people open it"
    writing.save(desk.editor, article, desk.column, replace(TEXT, title="新的一稿"), seen=1)
    assert "已有新稿" in client.get(third_path).text
    with pytest.raises(NotFound):
        previews.make(town, article)


def bind(desk: Desk) -> str:
    """The editor follows the official account and has bound their WeChat; returns the mini-program's openid."""
    user = desk.simulator.new_user()
    desk.simulator.call("POST", f"/_sim/users/{user}/follow", {"follow": True})
    with transaction() as session:
        session.add(
            StaffBinding(
                staff_id=desk.editor.id, kind=BindingKind.OFFICIAL, openid=desk.simulator.follower(user), live=1,
                bound_at=clock.now(),
            )
        )  # fmt: skip
    return user


def sent(desk: Desk, article: int) -> PhonePreview:
    """Ask, let the worker do it, and look."""
    phone.ask(desk.editor, article)
    for found in phone.waiting():
        phone.run(found)
    db.session().expire_all()
    last = phone.latest(desk.editor, versions.get(article, 1).id)
    assert last
    return last


def test_a_version_comes_to_the_persons_own_wechat(desk: Desk) -> None:
    article = writing.create(desk.editor, desk.city, desk.column, TEXT)
    with pytest.raises(Conflict, match="wechat_not_bound"):
        phone.ask(desk.editor, article)
    user = bind(desk)
    phone.ask(desk.editor, article)
    phone.ask(desk.editor, article)
    assert len(phone.waiting()) == 1, "pressed twice, sent once"
    assert sent(desk, article).state is PhoneState.SENT
    assert [message["article"] for message in desk.simulator.phone(user)] == [TEXT.title]
    assert desk.simulator.received(DRAFT)[0]["body"]["articles"][0]["content"].count("<section>") == 4
    for kind, words in (("accepted_then_dropped", "没有收到微信的回答"), ("quota", "次数")):
        desk.simulator.fault(PREVIEW, kind, times=1)
        last = sent(desk, article)
        assert (last.state, words in last.reason) == (PhoneState.FAILED, True), last.reason
    assert phone.waiting() == [], "nothing is sent again by itself"
    before = desk.simulator.summary(DELETE)["count"]
    desk.hands.at(NINE + timedelta(hours=25))
    assert sent(desk, article).state is PhoneState.SENT
    assert desk.simulator.summary(DELETE)["count"] == before + 3, "yesterday's drafts leave the box"
    town = person("town", Role.EDITOR, desk.town)
    with pytest.raises(NotFound):
        phone.ask(town, article)


def test_a_worker_that_vanished_leaves_the_preview_to_the_person(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    bind(desk)
    article = writing.create(desk.editor, desk.city, desk.column, TEXT)
    phone.ask(desk.editor, article)
    (waiting,) = phone.waiting()
    fence = phone._claim(waiting)
    assert fence
    assert phone.waiting() == []
    with transaction() as session:
        session.execute(update(PhonePreview).values(lease_until=clock.wall_now() - timedelta(days=1)))
    phone.run(waiting)
    phone._store(waiting, fence, state=PhoneState.SENT)
    db.session().expire_all()
    row = db.session().get_one(PhonePreview, waiting)
    assert (row.state, "再发一次" in row.reason) == (PhoneState.FAILED, True), "its late answer changes no row"
    assert desk.simulator.summary(PREVIEW)["count"] == 0
    for _ in range(phone.MOST_DAILY - 1):
        with transaction() as session:
            session.execute(update(PhonePreview).values(state=PhoneState.FAILED))
        phone.ask(desk.editor, article)
    with pytest.raises(TooMany):
        phone.ask(desk.editor, article)


def test_the_article_page_offers_links_and_the_phone(page_desk: Desk) -> None:
    desk = page_desk
    with desk.app.app_context():
        article = writing.create(desk.editor, desk.city, desk.column, TEXT)
    editor, url = sign_in(desk, "editor"), f"/console/articles/{article}"
    assert "绑定微信后可发送" in editor.get(url).text
    assert "微信绑定" in editor.get(post(editor, f"{url}/phone-preview")).text
    post(editor, f"{url}/preview-links")
    page = editor.get(url).text
    link = re.search(r'value="(http[^"]+/preview/[^"]+)"', page)
    assert link
    key = re.search(r"preview-links/(\d+)/revoke", page)
    assert key
    path = link[1][link[1].index("/preview/") :]
    assert desk.app.test_client().get(path).status_code == 200
    post(editor, f"{url}/preview-links/{key[1]}/revoke")
    assert desk.app.test_client().get(path).status_code == 410
    with desk.app.app_context():
        bind(desk)
    assert "发送到我的微信" in editor.get(url).text
    post(editor, f"{url}/phone-preview")
    assert "等待发送" in editor.get(f"{url}/phone-preview").text
