"""Looking things up as people do, asking for what is missing, and the dictionary's upkeep."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from sorting_miniapp.db import db, transaction
from sorting_miniapp.guide import content, names, requests, words
from sorting_miniapp.guide.models import CLASS_NAMES, Item, Request
from tests.console.helpers import post, sign_in
from tests.events.helpers import Hands, World, at_once, make_people, make_staff
from tests.few_content import few

NAMES_OF_LAW = {"可回收物", "厨余垃圾", "有害垃圾", "其他垃圾", "大件垃圾", "装修垃圾"}


def look_up(client: FlaskClient, q: str, **more: Any) -> list[tuple[str, str]]:
    answer = client.get("/api/v1/guide/items", query_string={"q": q, **more})
    assert answer.status_code == 200, answer.text
    return [(item["name"], item["category"]["name"]) for item in answer.json["items"]]


def test_the_batteries_go_where_guangdong_puts_them(dictionary: FlaskClient) -> None:
    found = dict(look_up(dictionary, "电池"))
    assert found["充电电池"] == "有害垃圾"
    assert found["干电池"] == "其他垃圾"
    for word, name, waste in (
        ("干电池", "干电池", "其他垃圾"),
        ("五号电池", "干电池", "其他垃圾"),
        ("电瓶", "蓄电池", "有害垃圾"),
        ("钮扣电池", "纽扣电池", "有害垃圾"),
        ("gandianchi", "干电池", "其他垃圾"),
        ("GDC", "干电池", "其他垃圾"),
        ("chongdiandianchi", "充电电池", "有害垃圾"),
        ("纸皮箱", "纸箱", "可回收物"),
        ("胶樽", "饮料瓶", "可回收物"),
        ("旧沙发", "沙发", "大件垃圾"),
        ("废旧手机电池", "手机电池", "有害垃圾"),
        (" 干 电 池 ", "干电池", "其他垃圾"),
        ("ＡＡ电池", "干电池", "其他垃圾"),
    ):
        hits = look_up(dictionary, word)
        assert (name, waste) in hits[:3], (word, hits)


def test_an_exact_name_stands_first_and_the_way_it_was_found_is_named(dictionary: FlaskClient) -> None:
    assert look_up(dictionary, "锂电池")[0] == ("锂电池", "有害垃圾")
    first = dictionary.get("/api/v1/guide/items?q=五号电池").json["items"][0]
    assert first["found_by"] == "五号电池"
    detail = dictionary.get(f"/api/v1/guide/items/{first['id']}").json
    assert "五号电池" in detail["aliases"]
    assert detail["basis"]
    assert detail["why"]
    assert look_up(dictionary, "电池", category="residual")
    assert {waste for _, waste in look_up(dictionary, "电池", category="residual")} == {"其他垃圾"}


def test_a_question_names_its_item_by_key_or_by_name(dictionary: FlaskClient) -> None:
    with dictionary.application.app_context():
        item = names.keyed({"锂电池", "没有的东西"})["锂电池"]
        assert item[1:] == ("锂电池", "有害垃圾")
        battery = names.keyed({"锂电池"})["锂电池"]
        assert names.keyed({"锂电池", "锂 电池", "  "}) == {"锂电池": battery, "锂 电池": battery}, "each spelling"
        assert names.keyed({item[0], "五号电池"}) == {item[0]: item}, "other names may be another item's tomorrow"


def test_the_classes_carry_their_legal_names_and_304_answers_an_etag(dictionary: FlaskClient) -> None:
    answer = dictionary.get("/api/v1/guide/categories")
    assert {one["name"] for one in answer.json["items"]} == NAMES_OF_LAW == set(CLASS_NAMES.values())
    assert sum(one["items"] for one in answer.json["items"]) >= 200
    again = dictionary.get("/api/v1/guide/categories", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_lists_go_on_from_a_cursor_and_bad_questions_are_refused(dictionary: FlaskClient) -> None:
    seen, cursor = set(), None
    for _ in range(100):
        query = {"category": "food"} | ({"cursor": cursor} if cursor else {})
        page = dictionary.get("/api/v1/guide/items", query_string=query).json
        seen |= {item["id"] for item in page["items"]}
        cursor = page["next"]
        if cursor is None:
            break
    with dictionary.application.app_context():
        count = db.session.scalar(select(func.count()).select_from(Item).where(Item.waste_class == "food"))
    assert len(seen) == count
    for bad in ({"category": "dry"}, {"q": "长" * 41}, {"cursor": "x"}, {"colour": "red"}, {"q": "a\x00"}):
        assert dictionary.get("/api/v1/guide/items", query_string=bad).status_code in (400, 422), bad
    assert dictionary.get("/api/v1/guide/items/none").status_code == 404
    assert look_up(dictionary, "%_'\"") == []
    assert look_up(dictionary, "量子计算机的外壳") == []


def test_a_missing_word_is_asked_for_once_by_each_person(world: World, dictionary: FlaskClient) -> None:
    people = make_people(world.app, 3)

    def ask(person: Any, term: str) -> Any:
        return world.app.test_client().post("/api/v1/guide/requests", json={"term": term}, headers=person.headers)

    for answer in at_once([lambda p=p: ask(p, "量子计算机") for p in people]):  # type: ignore[misc]
        assert answer.status_code == 201, answer.text
    assert ask(people[0], "量子 计算机").json["times"] == 3, "the same person, the same word: counted once"
    assert ask(people[0], "干电池").json["code"] == "item_exists"
    assert ask(people[0], "。，").status_code == 422
    for number in range(requests.DAILY_REQUESTS - 1):
        assert ask(people[0], f"没有的东西{number}").status_code == 201
    assert ask(people[0], "又一样没有的东西").status_code == 429
    with world.app.app_context():
        assert db.session.scalar(select(Request.times).where(Request.term == "量子计算机")) == 3


def test_loading_twice_changes_nothing_and_staffs_own_words_stay(world: World, dictionary: FlaskClient) -> None:
    with world.app.app_context():
        counts = content.load(few())
        assert (counts["added"], counts["changed"]) == (0, 0)
        with transaction() as session:
            session.execute(update(Item).where(Item.key == "gan-dianchi").values(how="本地说法"))
        assert content.load(few())["changed"] == 0
        assert db.session.scalar(select(Item.how).where(Item.key == "gan-dianchi")) == "本地说法"


def test_words_are_folded_alike() -> None:
    assert words.fold(" ＡＡ 电池（大） ") == "aa电池大"
    assert words.fold("5号电池") == words.fold("五号电池")
    assert words.pairs("花生壳") == {"花生", "生壳", "花壳"}
    assert words.pairs("瓶") == {"瓶"}


def test_an_editor_keeps_the_dictionary(sqlite_world: World, hands: Hands) -> None:
    from sorting_miniapp.accounts.models import Role

    world = sqlite_world
    with world.app.app_context():
        content.load(few())
        make_staff("city_editor", Role.EDITOR, world.city)
        make_staff("town_editor", Role.EDITOR, world.town)
    client = sign_in(world, "city_editor")
    form = {
        "name": "量子电池", "waste_class": "hazardous", "subclass": "电池", "why": "含电解液", "how": "单独投放",
        "basis": "测试", "aliases": "量子电芯\n量子充电宝",
    }  # fmt: skip
    assert "这个小类不属于" in post(client, "/console/guide/new", 422, **form | {"waste_class": "food"})
    assert "已经属于别的词条" in post(client, "/console/guide/new", 409, **form | {"aliases": "干电池"})
    url = post(client, "/console/guide/new", **form)
    api = world.app.test_client()
    assert look_up(api, "量子电芯") == [("量子电池", "有害垃圾"), *look_up(api, "量子电芯")[1:]]
    post(client, url, **form | {"name": "量子蓄电池", "active": "1"})
    assert look_up(api, "量子蓄电池")[0][0] == "量子蓄电池"
    post(client, url, **form)
    assert "量子电池" not in dict(look_up(api, "量子电池")), "not shown any more"
    with world.app.app_context():
        requests.ask_for(make_people(world.app, 1)[0].id, "太空垃圾")
    page = client.get("/console/guide/requests").text
    assert "太空垃圾" in page
    post(client, "/console/guide/requests/1", answered="decline", answer="这不是生活垃圾")
    post(client, "/console/guide/requests/1", 409, answered="alias", of="干电池")
    assert "没有这样的反馈" in client.get("/console/guide/requests").text
    town = sign_in(world, "town_editor")
    post(town, url, 403, **form)
    assert client.get("/console/guide?q=电池").text.count("/console/guide/items/") > 10
