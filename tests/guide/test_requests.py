"""Words asked for and answered; look-ups counted; what the season brings."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from sorting_miniapp import clock
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries import content as notices
from sorting_miniapp.deliveries.models import Delivery
from sorting_miniapp.guide import cache, content, lookups, requests, service
from sorting_miniapp.guide.models import Item, Name, Request
from sorting_miniapp.guide.models_search import LookUp, Missed
from tests.console.helpers import post, sign_in, token
from tests.events.helpers import CONTENT, Hands, World, make_people, make_staff
from tests.few_content import few


@pytest.fixture
def editor(world: World, dictionary: FlaskClient) -> FlaskClient:
    with world.app.app_context():
        notices.load(CONTENT, {key: f"sim_{key}" for key in notices.keys(CONTENT)})
        make_staff("city_editor", Role.EDITOR, world.city)
    return sign_in(world, "city_editor")


def ask(world: World, person: Any, term: str, remark: str = "") -> Any:
    body = {"term": term} | ({"remark": remark} if remark else {})
    return world.app.test_client().post("/api/v1/guide/requests", json=body, headers=person.headers)


def request_page(world: World) -> str:
    """The address of the one request there is."""
    with world.app.app_context():
        return f"/console/guide/requests/{db.session.scalars(select(Request.id)).one()}"


def mine(world: World, person: Any) -> list[dict[str, Any]]:
    answer = world.app.test_client().get("/api/v1/me/guide-requests", headers=person.headers)
    assert answer.status_code == 200, answer.text
    return list(answer.json["items"])


def told(world: World) -> list[tuple[int, str, str]]:
    with world.app.app_context():
        rows = db.session.execute(select(Delivery.resident_id, Delivery.texts).order_by(Delivery.resident_id))
        return [(row.resident_id, row.texts["status"], row.texts["remark"]) for row in rows]


def test_an_alias_answers_everybody_who_asked(world: World, dictionary: FlaskClient, editor: FlaskClient) -> None:
    people = make_people(world.app, 3)
    assert ask(world, people[0], "量子电芯", "圆圆的，像纽扣").status_code == 201
    assert ask(world, people[1], "量子 电芯").json["times"] == 2
    page = editor.get(request_page(world)).text
    assert "圆圆的，像纽扣" in page
    assert "没有叫这个名称的词条" in post(editor, request_page(world), 422, answered="alias", of="不存在的")
    assert told(world) == [], "nothing is told while nothing is answered"
    post(editor, request_page(world), answered="alias", of="五号电池")
    assert told(world) == [(person.id, "已收录", "干电池：其他垃圾") for person in people[:2]]
    one = mine(world, people[0])[0]
    assert (one["state"], one["answer"], one["remark"]) == ("added", "干电池：其他垃圾", "圆圆的，像纽扣")
    assert one["item"]["name"] == "干电池"
    assert mine(world, people[2]) == []
    found = dictionary.get("/api/v1/guide/items?q=量子电芯").json["items"][0]
    assert (found["name"], found["found_by"]) == ("干电池", "量子电芯")
    post(editor, request_page(world), 409, answered="alias", of="五号电池")
    assert len(told(world)) == 2, "answered once"
    with world.app.app_context():
        actions = list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    assert actions[-2:] == ["item.save", "guide_request.settle"]


def test_a_new_item_answers_and_is_found_by_the_word(
    world: World, dictionary: FlaskClient, editor: FlaskClient
) -> None:
    person = make_people(world.app, 1)[0]
    ask(world, person, "量子盒子")
    form = {
        "answered": "item", "name": "量子收纳盒", "waste_class": "recyclable", "subclass": "塑料",
        "why": "可以再造粒。", "how": "洗净投放。", "basis": "gb-19095", "confidence": "medium",
    }  # fmt: skip
    clash = post(editor, request_page(world), 409, **form | {"aliases": "五号电池"})
    assert "“五号电池”已经属于词条“干电池”" in clash
    assert "量子收纳盒" in clash, "what was typed is kept"
    assert mine(world, person)[0]["state"] == "open"
    post(editor, request_page(world), **form)
    assert dictionary.get("/api/v1/guide/items?q=量子盒子").json["items"][0]["name"] == "量子收纳盒"
    assert told(world) == [(person.id, "已收录", "量子收纳盒：可回收物")]


def test_what_is_not_taken_up_says_why(world: World, dictionary: FlaskClient, editor: FlaskClient) -> None:
    person = make_people(world.app, 1)[0]
    ask(world, person, "量子纠缠")
    assert "请写明答复" in post(editor, request_page(world), 422, answered="decline", answer=" ")
    post(editor, request_page(world), answered="decline", answer="这不是一样东西")
    assert told(world) == [(person.id, "未收录", "这不是一样东西")]
    one = mine(world, person)[0]
    assert (one["state"], one["item"], one["answer"]) == ("declined", None, "这不是一样东西")
    assert editor.get("/console/guide/requests/99").status_code == 404
    post(editor, "/console/guide/requests/99", 404, answered="decline", answer="无")
    with world.app.app_context():
        make_staff("town_editor", Role.EDITOR, world.town)
    ask(world, person, "量子泡沫")
    post(sign_in(world, "town_editor"), "/console/guide/requests/2", 403, answered="decline", answer="无")


def test_searches_are_counted_together_and_not_one_by_one(world: World, dictionary: FlaskClient) -> None:
    lookups.flush_later(world.app)
    before = _writes(world)
    for _ in range(3):
        dictionary.get("/api/v1/guide/items?q=干电池")
    dictionary.get("/api/v1/guide/items?q=量子纠缠")
    dictionary.get("/api/v1/guide/items?q=干垃圾")
    dictionary.get("/api/v1/guide/items?category=food")
    assert _writes(world) == before == 0
    lookups.flush_later(world.app)
    dictionary.get("/api/v1/guide/items?q=干电池")
    lookups.flush_later(world.app)
    with world.app.app_context():
        assert lookups.popular(5) == [("gan-dianchi", 4)]
        assert lookups.missed(5) == [("量子纠缠", 1)]
    cache.forget()
    assert [one["name"] for one in dictionary.get("/api/v1/guide/front").json["popular"]] == ["干电池"]


def _writes(world: World) -> int:
    with world.app.app_context():
        return sum(int(db.session.scalar(select(func.count()).select_from(one)) or 0) for one in (LookUp, Missed))


def test_counts_that_cannot_be_written_are_written_later(
    world: World, dictionary: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookups.flush_later(world.app)
    dictionary.get("/api/v1/guide/items?q=干电池")

    def fail(*_: Any) -> None:
        raise OperationalError("", {}, Exception("gone"))

    with monkeypatch.context() as broken:
        broken.setattr(lookups, "_add", fail)
        lookups.flush_later(world.app)
    lookups.flush_later(world.app)
    with world.app.app_context():
        assert lookups.popular(1) == [("gan-dianchi", 1)]


def test_old_counts_go(world: World, hands: Hands) -> None:
    today = clock.today()
    with world.app.app_context():
        with transaction() as session:
            for days in (0, lookups.MISSED_DAYS + 1, lookups.KEPT_DAYS + 1):
                day = today - timedelta(days=days)
                session.add(LookUp(day=day, item_key="x", times=1))
                session.add(Missed(day=day, folded="x", times=1))
        assert lookups.purge() == 3
        assert _left(LookUp) == 2
        assert _left(Missed) == 1


def _left(table: Any) -> int:
    return int(db.session.scalar(select(func.count()).select_from(table)) or 0)


def test_the_season_brings_its_items(sqlite_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world = sqlite_world
    with world.app.app_context():
        content.load(CONTENT)

    def on(day: date) -> dict[str, set[str]]:
        monkeypatch.setattr(clock, "today", lambda: day)
        cache.forget()
        found = world.app.test_client().get("/api/v1/guide/front").json["seasonal"]
        return {one["season"]: {item["name"] for item in one["items"]} for one in found}

    assert "粽叶" in on(date(2026, 6, 10))["端午"]
    before, after = on(date(2026, 2, 10))["春节"], on(date(2026, 2, 25))["春节"]
    assert "春联" in before
    assert "年桔树" not in before
    assert after
    assert "端午" not in on(date(2026, 9, 1))
    assert on(date(2026, 11, 15)) == {}


def picture() -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "#0B5CAD").save(out, "PNG")
    out.seek(0)
    return out


def test_a_photo_is_re_encoded_shown_and_survives_the_next_loading(
    world: World, dictionary: FlaskClient, editor: FlaskClient
) -> None:
    url = "/console/guide/items/gan-dianchi/photo"

    def send(file: Any, status: int) -> str:
        csrf = token(editor.get("/console/password").text)
        answer = editor.post(url, data={"csrf_token": csrf} | ({"file": file} if file else {}))
        assert answer.status_code == status, answer.text[:500]
        return answer.text

    assert "请选择一张照片" in send(None, 422)
    assert "打不开" in send((io.BytesIO(b"no picture"), "a.png"), 422)
    send((picture(), "a.png"), 302)
    shown = dictionary.get("/api/v1/guide/items/gan-dianchi").json["photo"]
    data = dictionary.get(shown).data
    assert Image.open(io.BytesIO(data)).format == "JPEG"
    with world.app.app_context():
        assert content.load(few())["changed"] == 0
        assert db.session.scalar(select(Item.photo).where(Item.key == "gan-dianchi")) in shown
    assert dictionary.get("/api/v1/guide/items?q=干电池").json["items"][0]["photo"] == shown
    post(editor, f"{url}/remove")
    assert dictionary.get("/api/v1/guide/items/gan-dianchi").json["photo"] == ""


def test_names_that_were_derived_give_way_and_old_names_are_written_anew(world: World, dictionary: FlaskClient) -> None:
    with world.app.app_context():
        derived = db.session.scalars(select(Name).where(Name.derived.is_(True)).order_by(Name.folded)).first()
        assert derived is not None
        shown, owner = derived.shown, derived.item_id
        with transaction() as session:
            session.query(Name).update({"sound": "", "pairs": 0})
        content.load(few())
        again = db.session.scalars(select(Name).where(Name.folded == derived.folded)).one()
        assert (again.item_id, again.derived, bool(again.sound), again.pairs > 0) == (owner, True, True, True)
        assert not db.session.scalar(select(func.count()).select_from(Name).where(Name.sound == ""))
        actor = make_staff("another_editor", Role.EDITOR, world.city)
        own = service.Draft(shown, "residual", "", "不能再用。", "直接投放。", "gb-19095")
        service.save(actor, "", own)
        mine_now = db.session.scalars(select(Name).where(Name.folded == derived.folded)).one()
        assert (mine_now.own, mine_now.derived) == (True, False)


def test_the_pages_of_the_guide_open(world: World, dictionary: FlaskClient, editor: FlaskClient) -> None:
    with world.app.app_context():
        requests.ask_for(make_people(world.app, 1)[0].id, "量子纠缠")
        lookups.count("gan-dianchi")
        lookups.miss("量子纠缠")
        lookups.flush()
    for url, text in (
        ("guide?season=夏季&confidence=low&photo=no", "没有符合条件的词条"),
        ("guide?confidence=medium&waste_class=hazardous", "较有把握"),
        ("guide/requests", "量子纠缠"), (request_page(world).removeprefix("/console/"), "加一个别名"), 
        ("guide/statistics?days=7", "量子纠缠"),
        ("guide/items/gan-dianchi", "加照片"), ("guide/items/gan-dianchi/photo", "还没有照片"),
        ("guide/statistics?days=x", "干电池"),
    ):  # fmt: skip
        page = editor.get(f"/console/{url}")
        assert page.status_code == 200, url
        assert text in page.text, url
