"""What residents do with articles: list, search, read, keep, follow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, event, func, select

from sorting_miniapp.accounts import service as accounts
from sorting_miniapp.articles import listing, render, search, writing
from sorting_miniapp.articles.models import Article
from sorting_miniapp.articles.models_readers import ArticleBigram, ColumnFollow, Favourite
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries.models import Subscription
from sorting_miniapp.media import cover
from sorting_miniapp.media import service as media
from tests.articles.conftest import TEMPLATE, TEXT, Desk
from tests.events.helpers import at_once


def published(desk: Desk, **changed: str) -> str:
    article = desk.approved(replace(TEXT, **changed))
    listing.publish_by(desk.editor, article)
    return db.session().get_one(Article, article).public_id


def log_in(openid: str) -> dict[str, str]:
    token, _, _ = accounts.log_in("x", lambda _: (openid, None))
    return {"Authorization": f"Bearer {token}"}


def titles(client: FlaskClient, query: str) -> list[str]:
    answer = client.get(f"/api/v1/articles?{query}")
    assert answer.status_code == 200, answer.text
    return [item["title"] for item in answer.json["items"]]


def test_residents_see_published_articles_only_and_reading_counts_once_a_day(desk: Desk) -> None:
    client = desk.app.test_client()
    assert client.get("/api/v1/articles").json == {"items": [], "next": None}, "the loaded ones are drafts"
    article = desk.approved()
    listing.publish_by(desk.editor, article)
    found = client.get("/api/v1/articles?column=fenlei-zhishi").json["items"]
    assert [item["title"] for item in found] == [TEXT.title]
    page = client.get(f"/api/v1/articles/{found[0]['id']}")
    assert ">先沥干</h2>" in page.json["html"]
    assert page.json["minutes"] == 1
    again = client.get(f"/api/v1/articles/{found[0]['id']}", headers={"If-None-Match": page.headers["ETag"]})
    assert again.status_code == 304
    headers = log_in("openid-reader")
    for _ in range(2):
        assert client.post(f"/api/v1/articles/{found[0]['id']}/reads", headers=headers).status_code == 204
    assert client.post(f"/api/v1/articles/{found[0]['id']}/reads").status_code == 401
    db.session().expire_all()
    assert db.session().get_one(Article, article).reads == 1
    listing.withdraw(desk.editor, article)
    assert client.get("/api/v1/articles").json["items"] == []
    assert titles(client, "q=厨余垃圾") == []
    assert client.get(f"/api/v1/articles/{found[0]['id']}").status_code == 404
    for bad in ("cursor=x", "cursor=1-99999999999", "colum=a", "q=", "q=" + "长" * 41):
        assert client.get(f"/api/v1/articles?{bad}").status_code in (400, 422)
    assert client.get(f"/api/v1/articles/{found[0]['id']}?size=huge").status_code == 422


def test_articles_are_found_by_words_of_title_digest_and_text(desk: Desk) -> None:
    published(desk, title="旧衣服放哪里", digest="洗净晾干", markdown="投放到旧衣物回收箱，鞋帽一并回收。")
    published(desk, title="旧衣物回收箱在这里", digest="一张表说清", markdown="各社区都有。")
    published(desk, title="废电池怎么放", digest="轻放防破损", markdown="纽扣电池是有害垃圾。旧，衣可另投。")
    client = desk.app.test_client()
    assert titles(client, "q=旧衣物回收箱") == ["旧衣物回收箱在这里", "旧衣服放哪里"], "title before text"
    assert titles(client, "q=纽扣电池 有害垃圾") == ["废电池怎么放"]
    assert titles(client, "q=防破损") == ["废电池怎么放"], "in the digest"
    assert titles(client, "q=鞋") == ["旧衣服放哪里"], "a single character"
    assert titles(client, "q=旧衣") == ["旧衣物回收箱在这里", "旧衣服放哪里"], "no pair reaches over a comma"
    assert titles(client, "q=Ｑ旧衣物回收箱") == ["旧衣物回收箱在这里", "旧衣服放哪里"], "most of the pairs suffice"
    for nothing in ("q=塑料袋", "q=，。！", "q=%25_", "q=旧衣物回收箱&column=no-such"):
        assert titles(client, nothing) == [], nothing
    with transaction() as session:
        session.execute(delete(ArticleBigram))
    assert search.ranked("纽扣电池") == []
    assert search.catch_up() == 3
    assert len(search.ranked("纽扣电池")) == 1


def test_a_list_takes_one_statement_however_many_articles(sqlite_desk: Desk) -> None:
    for number in range(3):
        published(sqlite_desk, title=f"第{number}篇")
    statements: list[str] = []
    listen = (db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    for look, most in ((lambda: listing.page(), 1), (lambda: listing.page(q="沥干"), 2)):
        statements.clear()
        event.listen(*listen)
        assert len(look()["items"]) == 3
        event.remove(*listen)
        assert len([one for one in statements if one.startswith("SELECT")]) == most, statements


def test_the_text_is_set_for_rich_text_in_normal_and_large_type(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    picture = media.store(cover.default_cover(), "editor")
    body = f"**粗** ~~删~~ [标准](https://example.org/?a=1&b=2)\n\n![桶](/media/{picture}.jpg)\n\n" + "字" * 600
    article = published(desk, markdown=body)
    client = desk.app.test_client()
    normal, large = (client.get(f"/api/v1/articles/{article}{size}").json for size in ("", "?size=large"))
    base = desk.app.extensions["settings"].base_url
    assert f'src="{base}/media/{picture}.jpg"' in normal["html"]
    assert "font-size:17px" in normal["html"]
    assert "font-size:22px" in large["html"]
    assert "<del>删</del>" in normal["html"], "rich-text knows no s"
    assert normal["links"] == [{"text": "标准", "url": "https://example.org/?a=1&b=2"}]
    assert (normal["minutes"], normal["origin"], normal["reprinted_from"]) == (3, "own", None)
    assert render.characters("<p>一 二</p><p>&lt;三&gt;</p>") == 5


def test_favourites_and_followed_columns_are_the_residents_own(desk: Desk) -> None:
    client, mine, other = desk.app.test_client(), log_in("openid-1"), log_in("openid-2")
    first, second = published(desk, title="第一篇"), published(desk, title="第二篇")
    for article in (first, second, first):
        assert client.put(f"/api/v1/articles/{article}/favourite", headers=mine).status_code == 204
    found = client.get("/api/v1/me/favourites", headers=mine).json
    assert ([item["title"] for item in found["items"]], found["next"]) == (["第二篇", "第一篇"], None)
    assert client.get("/api/v1/me/favourites", headers=other).json["items"] == []
    assert client.delete(f"/api/v1/articles/{second}/favourite", headers=other).status_code == 204
    assert len(client.get("/api/v1/me/favourites", headers=mine).json["items"]) == 2, "not another person's"
    assert client.delete(f"/api/v1/articles/{second}/favourite", headers=mine).status_code == 204
    assert [one["title"] for one in client.get("/api/v1/me/favourites", headers=mine).json["items"]] == ["第一篇"]
    for method in ("PUT", "DELETE"):
        assert client.open("/api/v1/articles/nothing/favourite", method=method, headers=mine).status_code == 404
    slugs = [one.slug for one in writing.columns()][:2]
    answer = client.put("/api/v1/me/columns", json={"columns": [*slugs, slugs[0]]}, headers=mine)
    assert [one["slug"] for one in answer.json["items"]] == slugs
    assert client.put("/api/v1/me/columns", json={"columns": ["no-such"]}, headers=mine).status_code == 422
    assert [one["slug"] for one in client.get("/api/v1/me/columns", headers=mine).json["items"]] == slugs
    assert client.put("/api/v1/me/columns", json={"columns": []}, headers=mine).json["items"] == []
    assert client.get("/api/v1/me/columns", headers=other).json["items"] == []


def test_favourites_turn_their_pages(sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE", 2)
    desk, client, mine = sqlite_desk, sqlite_desk.app.test_client(), log_in("openid-1")
    for number in range(3):
        article = published(desk, title=f"第{number}篇")
        client.put(f"/api/v1/articles/{article}/favourite", headers=mine)
    first = client.get("/api/v1/me/favourites", headers=mine).json
    second = client.get(f"/api/v1/me/favourites?cursor={first['next']}", headers=mine).json
    assert [one["title"] for one in first["items"] + second["items"]] == ["第2篇", "第1篇", "第0篇"]
    assert second["next"] is None
    assert client.get("/api/v1/me/favourites?cursor=nonsense", headers=mine).status_code == 400


def test_two_devices_at_once_keep_one_favourite_and_one_set_of_columns(desk: Desk) -> None:
    article, headers = published(desk), log_in("openid-1")
    slugs = [one.slug for one in writing.columns()][:3]
    db.session().commit()

    def job(number: int) -> Any:
        def run() -> None:
            client = desk.app.test_client()
            kept = client.put(f"/api/v1/articles/{article}/favourite", headers=headers)
            set_to = client.put("/api/v1/me/columns", json={"columns": slugs[:number]}, headers=headers)
            assert (kept.status_code, set_to.status_code) == (204, 200), set_to.text

        return run

    assert at_once([job(number) for number in (3, 2, 3, 2)]) == [None] * 4
    count = {one: db.session().scalar(select(func.count()).select_from(one)) for one in (Favourite, ColumnFollow)}
    assert count[Favourite] == 1
    assert count[ColumnFollow] in (2, 3)


def test_accepted_messages_become_credits_up_to_the_cap(desk: Desk) -> None:
    client, mine = desk.app.test_client(), log_in("openid-1")
    for _ in range(22):
        assert client.post("/api/v1/me/subscriptions", json={TEMPLATE: "accept"}, headers=mine).status_code == 200
    client.post("/api/v1/me/subscriptions", json={TEMPLATE: "reject"}, headers=mine)
    assert db.session().scalars(select(Subscription.credits)).all() == [20]
