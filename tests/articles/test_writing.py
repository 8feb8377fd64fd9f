"""From a draft over three reviews to the mini-program (rules.md, Articles and pushes)."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image
from sqlalchemy import func, select

from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import content, render, reviews, writing
from sorting_miniapp.articles.models import Article, ArticleState, ArticleVersion, Review
from sorting_miniapp.articles.writing import Text
from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from sorting_miniapp.media import service as media
from tests.articles.conftest import TEXT, Desk, person
from tests.events.helpers import CONTENT, at_once


def state_of(article_id: int) -> tuple[ArticleState, int, int]:
    db.session().expire_all()
    row = db.session().get_one(Article, article_id)
    return row.state, row.level, row.number


def test_three_different_people_pass_a_version_and_a_change_starts_again(desk: Desk) -> None:
    first, second, third = desk.reviewers
    article = writing.create(desk.editor, desk.city, desk.column, TEXT)
    with pytest.raises(Conflict):
        reviews.decide(first, article, 1, True, "")
    writing.submit(desk.editor, article)
    with pytest.raises(Forbidden):
        reviews.decide(second, article, 1, True, "")
    reviews.decide(first, article, 1, True, "好")
    reviews.decide(second, article, 1, True, "")
    assert state_of(article) == (ArticleState.IN_REVIEW, 3, 1)
    reviews.decide(third, article, 1, True, "")
    assert state_of(article) == (ArticleState.APPROVED, 0, 1)
    writing.save(desk.editor, article, desk.column, replace(TEXT, markdown="改过"), seen=1)
    assert state_of(article) == (ArticleState.DRAFT, 0, 2)
    frozen = db.session().scalars(select(ArticleVersion.markdown).order_by(ArticleVersion.number)).all()
    assert TEXT.markdown in frozen
    assert "改过" in frozen


def test_nobody_reviews_an_own_text_or_the_same_version_twice(desk: Desk) -> None:
    both = person("both", Role.EDITOR, desk.city)
    from sorting_miniapp.accounts import sessions, staff

    for level in (1, 2):
        staff.grant(both.id, desk.city, Role.REVIEWER, level, "test")
    actor = sessions.find_staff(sessions.open_staff(both.id))
    assert actor
    own = writing.create(actor, desk.city, desk.column, TEXT)
    writing.submit(actor, own)
    with pytest.raises(Forbidden, match="may_not_review"):
        reviews.decide(actor, own, 1, True, "")
    other = writing.create(desk.editor, desk.city, desk.column, TEXT)
    writing.submit(desk.editor, other)
    assert [one.article.id for one in reviews.waiting_for(actor, 9)] == [other]
    reviews.decide(actor, other, 1, True, "")
    with pytest.raises(Forbidden, match="may_not_review"):
        reviews.decide(actor, other, 1, True, "")
    assert reviews.waiting_for(actor, 9) == []


def test_a_returned_text_must_be_changed_before_it_is_handed_in_again(desk: Desk) -> None:
    article = writing.create(desk.editor, desk.city, desk.column, TEXT)
    writing.submit(desk.editor, article)
    with pytest.raises(Invalid):
        reviews.decide(desk.reviewers[0], article, 1, False, " ")
    reviews.decide(desk.reviewers[0], article, 1, False, "请补充来源")
    with pytest.raises(Conflict):
        writing.submit(desk.editor, article)
    writing.save(desk.editor, article, desk.column, replace(TEXT, digest="改了摘要"), seen=1)
    with pytest.raises(Conflict):
        writing.save(desk.editor, article, desk.column, replace(TEXT, digest="旧窗口里改的"), seen=1)
    writing.submit(desk.editor, article)
    assert state_of(article) == (ArticleState.IN_REVIEW, 1, 2)
    with pytest.raises(Conflict):
        writing.save(desk.editor, article, desk.column, TEXT, seen=2)


def test_two_verdicts_at_once_make_one(desk: Desk) -> None:
    twin = person("twin", Role.REVIEWER, desk.city, 1)
    article = writing.create(desk.editor, desk.city, desk.column, TEXT)
    writing.submit(desk.editor, article)
    db.session().commit()

    def job(actor: object) -> object:
        def run() -> None:
            with desk.app.app_context():
                try:
                    reviews.decide(actor, article, 1, True, "")  # type: ignore[arg-type]
                finally:
                    db.session.remove()

        return run

    results = at_once([job(desk.reviewers[0]), job(twin)])  # type: ignore[list-item]
    assert sum(result is None for result in results) == 1, results
    assert all(result is None or isinstance(result, DomainError) for result in results)
    assert db.session().scalar(select(func.count()).select_from(Review)) == 1
    assert state_of(article)[1] == 2


def test_a_draft_is_checked_and_stays_in_its_branch(desk: Desk) -> None:
    for field, bad in (("title", ""), ("title", "长" * 33), ("digest", "长" * 121), ("markdown", "\x00")):
        with pytest.raises(Invalid):
            writing.create(desk.editor, desk.city, desk.column, replace(TEXT, **{field: bad}))
    with pytest.raises(Invalid):
        writing.create(desk.editor, desk.city, 999, TEXT)
    half = writing.create(desk.editor, desk.city, desk.column, Text("只有标题", ""))
    with pytest.raises(Invalid):
        writing.submit(desk.editor, half)
    town_editor = person("town", Role.EDITOR, desk.town)
    with pytest.raises(NotFound):
        writing.create(town_editor, desk.city, desk.column, TEXT)
    with pytest.raises(NotFound):
        writing.save(town_editor, half, desk.column, TEXT, seen=1)


def test_text_is_cleaned_to_the_allow_list(sqlite_desk: Desk) -> None:
    bad = "<script>alert(1)</script>\n\n[x](javascript:alert(1)) ![a](https://evil.example/a.png) **粗** 😀"
    html = render.to_html(bad)
    assert "<script" not in html
    assert "<a" not in html, "not a link any more, only text"
    assert "evil.example" not in html
    assert "<strong>粗</strong> 😀" in html


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("**注意：**请看**这里。**好", "<strong>注意：</strong>请看<strong>这里。</strong>好"),
        ("请把**“厨余”**沥干，前**（一）**后", "请把<strong>“厨余”</strong>沥干，前<strong>（一）</strong>后"),
        ("~~错，~~对", "<s>错，</s>对"),
        (r"**a.**b 2 * 3 * 4 \*\*原样：\*\*字", "**a.**b 2 * 3 * 4 **原样：**字"),
        ("`**码：**字` ** 空格**", "<code>**码：**字</code> ** 空格**"),
    ],
)
def test_bold_beside_chinese_punctuation(markdown: str, html: str) -> None:
    assert render.to_html(markdown) == f"<p>{html}</p>\n"


def test_a_picture_is_encoded_anew_and_stored_once(sqlite_desk: Desk) -> None:
    out = io.BytesIO()
    Image.new("RGB", (2400, 1200), "#2e7d32").save(out, "PNG")
    first, second = (media.store(out.getvalue(), "editor") for _ in range(2))
    assert first == second
    client = sqlite_desk.app.test_client()
    answer = client.get(f"/media/{first}.jpg")
    assert answer.data.startswith(b"\xff\xd8\xff")
    assert Image.open(io.BytesIO(answer.data)).size == (1600, 800)
    assert client.get("/media/unknown.jpg").status_code == 404
    for junk in (b"", b"<svg/>", b"\x89PNG\r\n\x1a\n" + b"0" * 50):
        with pytest.raises(Invalid):
            media.store(junk, "editor")


def test_content_is_loaded_once_and_leaves_what_staff_have_written(desk: Desk) -> None:
    assert content.load(CONTENT)["added"] == 0
    assert content.load(CONTENT)["changed"] == 0
    article = db.session().scalars(select(Article).where(Article.key == "silei-yiwen-kandong")).one()
    writing.save(desk.editor, article.id, article.column_id, TEXT, seen=1)
    assert content.load(CONTENT) == {"added": 0, "changed": 0, "same": content.load(CONTENT)["same"]}
    assert writing.newest(db.session(), article).title == TEXT.title
