"""After the event: ratings and their words, photos, head counts, the report."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

import pytest
from docx import Document
from PIL import Image
from sqlalchemy import select

from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.db import db
from sorting_miniapp.errors import Forbidden, Invalid, NotFound
from sorting_miniapp.events import attendance, counts, photos, planning, ratings, report
from sorting_miniapp.events.models import SignUp
from sorting_miniapp.events.models_counts import CountKind
from sorting_miniapp.events.models_day import EventPhoto, WordsState
from sorting_miniapp.jobs import service as jobs
from tests.console.helpers import post, sign_in, token
from tests.events.helpers import NINE, Hands, Made, Person, World, done, make_event, make_people, make_person, signed
from tests.hours.helpers import make_volunteer
from tests.simulator_process import Simulator

HOUR = timedelta(hours=1)


def picture(size: tuple[int, int] = (1200, 800)) -> bytes:
    """A JPEG as a phone takes it, with the place in its metadata."""
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (24.0, 46.0, 44.0)}
    out = io.BytesIO()
    Image.new("RGB", size, "#2f8a3c").save(out, "JPEG", exif=exif)
    return out.getvalue()


def attend(world: World, hands: Hands, *people: Person, **values: Any) -> tuple[Made, list[str]]:
    """An event at which the people were from nine to eleven."""
    event = make_event(world, **values)
    made = [signed(world, event, person) for person in people]
    hands.at(NINE)
    enter(world, made, going=False)
    hands.at(NINE + 2 * HOUR)
    enter(world, made, going=True)
    return event, made


def enter(world: World, made: list[str], going: bool) -> None:
    with world.app.app_context():
        for one in made:
            key = db.session.scalars(select(SignUp.id).where(SignUp.public_id == one)).one()
            attendance.enter(world.organiser, key, going, "看板")


def rate(world: World, person: Person, made: str, **body: Any) -> Any:
    return world.app.test_client().put(f"/api/v1/signups/{made}/rating", json=body, headers=person.headers)


def test_words_that_pass_are_shown_and_doubtful_ones_wait_for_staff(
    world: World, hands: Hands, simulator: Simulator
) -> None:
    openids = [simulator.new_user() for _ in range(3)]
    for openid in openids:
        simulator.call("POST", f"/_sim/users/{openid}", {"seen": True})
    people = [make_person(world.app, openid) for openid in openids]
    event, made = attend(world, hands, *people)
    client = world.app.test_client()
    assert rate(world, people[0], made[0], stars=5, words="很有收获").get_json()["shown"] is True
    doubtful = rate(world, people[1], made[1], stars=2, words="待审测试").get_json()
    assert doubtful["shown"] is False
    refused = rate(world, people[2], made[2], stars=1, words="违规测试")
    assert (refused.status_code, refused.get_json()["code"]) == (422, "text_refused")
    seen = client.get(f"/api/v1/events/{event.event_id}/ratings").get_json()
    assert (seen["count"], seen["average"], [one["words"] for one in seen["items"]]) == (2, 3.5, ["很有收获"])
    with world.app.app_context():
        ((rating, _),) = ratings.queue(world.organiser)["items"]
        assert ratings.queue(world.foreigner)["items"] == []
        with pytest.raises(NotFound):
            ratings.decide(world.foreigner, rating.id, True)
        with pytest.raises(Forbidden):
            ratings.decide(world.verifier, rating.id, True)
        ratings.decide(world.organiser, rating.id, True)
        assert db.session.scalars(select(AuditEntry).where(AuditEntry.action == "event.decide_words")).one()
    assert len(client.get(f"/api/v1/events/{event.event_id}/ratings").get_json()["items"]) == 2


def test_who_attended_rates_once_and_nobody_else(sqlite_world: World, hands: Hands) -> None:
    world = sqlite_world
    people = make_people(world.app, 2)
    event, (made,) = attend(world, hands, people[0])
    missed = signed(world, make_event(world, starts_at=NINE + 5 * HOUR), people[1])
    assert rate(world, people[1], missed, stars=5).get_json()["code"] == "not_attended"
    assert rate(world, people[1], made, stars=5).status_code == 404
    assert rate(world, people[0], made, stars=6).status_code == 422
    first = rate(world, people[0], made, stars=4, words="不错")
    assert (first.status_code, first.get_json()["shown"]) == (200, False), "WeChat is not there: a person reads it"
    assert rate(world, people[0], made, stars=4, words="不错").get_json() == first.get_json()
    assert rate(world, people[0], made, stars=1).get_json()["code"] == "already_rated"
    with world.app.app_context():
        assert ratings.summary(event.event).by_stars == {1: 0, 2: 0, 3: 0, 4: 1, 5: 0}


def test_a_photo_loses_its_metadata_and_when_taken_out_its_bytes(world: World, hands: Hands) -> None:
    event, _ = attend(world, hands)
    with world.app.app_context():
        values: dict[str, Any] = {
            "caption": "现场",
            "taken_by": "李主任",
            "taken_on": date(2026, 6, 10),
            "consent": "已告知",
        }
        with pytest.raises(Forbidden):
            photos.add(world.verifier, event.event, picture(), **values)
        with pytest.raises(NotFound):
            photos.add(world.foreigner, event.event, picture(), **values)
        for wrong in ({"consent": ""}, {"taken_by": ""}, {"taken_on": date(2026, 6, 11)}):
            with pytest.raises(Invalid):
                photos.add(world.organiser, event.event, picture(), **values | wrong)
        key = photos.add(world.organiser, event.event, picture(), **values)
        with Image.open(io.BytesIO(photos.bytes_of(key))) as kept:
            assert not kept.getexif()
        with pytest.raises(Invalid):
            photos.remove(world.organiser, key, "")
        photos.remove(world.organiser, key, "本人要求")
        with pytest.raises(NotFound):
            photos.bytes_of(key)
        row = db.session.get_one(EventPhoto, key)
        assert (row.data, row.remove_reason) == (None, "本人要求")
        audited = select(AuditEntry.action).where(AuditEntry.object_type == "photo").order_by(AuditEntry.id)
        actions = db.session.scalars(audited).all()
        assert sorted(actions) == ["event.add_photo", "event.remove_photo"]


def test_head_counts_are_corrected_and_the_old_value_is_in_the_audit(sqlite_world: World, hands: Hands) -> None:
    event, _ = attend(sqlite_world, hands)
    with sqlite_world.app.app_context():
        counts.enter(sqlite_world.organiser, event.event, CountKind.DIRECT, 780, "王科", "入口计数")
        counts.enter(sqlite_world.organiser, event.event, CountKind.DIRECT, 775, "李科", "照片复核")
        assert counts.of(event.event)[CountKind.DIRECT].value == 775
        entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert entry.before == {"value": 780, "counted_by": "王科", "how": "入口计数"}


def test_the_report_holds_figures_counts_photos_and_words(world: World, hands: Hands) -> None:
    people = make_people(world.app, 2)
    event, made = attend(world, hands, *people)
    rate(world, people[0], made[0], stars=4, words="学到了分类")
    with world.app.app_context():
        counts.enter(world.organiser, event.event, CountKind.INFLUENCED, 780, "王科", "入口计数")
        for number in range(2):
            photos.add(
                world.organiser,
                event.event,
                picture((900, 900 + number)),
                "现场",
                "李主任",
                date(2026, 6, 10),
                "已告知",
            )
        ((rating, _),) = ratings.queue(world.organiser)["items"]
        ratings.decide(world.organiser, rating.id, True)
        _, node = planning.get(world.organiser, event.event)
        with pytest.raises(Forbidden):
            jobs.ask(world.foreigner, report.KIND, node, {"event": event.event}, "报告")
        public_id = jobs.ask(world.organiser, report.KIND, node, {"event": event.event}, "报告")
    done(world)
    with world.app.app_context():
        _, pieces = jobs.fetch(world.organiser, public_id)
        document = Document(io.BytesIO(b"".join(pieces)))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    for words in (
        "780 人",
        "王科",
        "入口计数",
        "2 人次",
        "4 小时 0 分钟",
        "未统计",
        "东门社区投放点",
        "现场（李主任摄）",
    ):
        assert words in cells or any(words in cell for cell in cells), words
    lines = [paragraph.text for paragraph in document.paragraphs]
    assert "共 1 人评价，平均 4.0 星（满分 5 星）。" in lines
    assert "“学到了分类”（4 星）" in lines
    assert len(document.inline_shapes) == 2


def test_the_pages_after_an_event(sqlite_world: World, hands: Hands) -> None:
    world = sqlite_world
    (person,) = make_people(world.app, 1)
    make_volunteer(world, person, 1)
    event, (made,) = attend(world, hands, person)
    rate(world, person, made, stars=4, words="不错")
    client = sign_in(world, "organiser")
    url = f"/console/events/{event.event}"
    csrf = token(client.get("/console/events").get_data(as_text=True))
    file = (io.BytesIO(picture((3000, 2000)) + b"\0" * 2_000_000), "a.jpg")
    sent = {"file": file, "caption": "现场", "taken_by": "李主任", "taken_on": "2026-06-10", "consent": "已告知"}
    sent["csrf_token"] = csrf
    answer = client.post(f"{url}/photos", data=sent, content_type="multipart/form-data")
    answer.request.environ["wsgi.input"].close()  # a temporary file of the test client, for what is large
    assert answer.status_code == 302, "over 1 MB"
    assert "已告知" in client.get(f"{url}/photos").get_data(as_text=True)
    bad = {"file": (io.BytesIO(b"text"), "a.jpg"), "caption": "留着的说明", "csrf_token": csrf}
    answer = client.post(f"{url}/photos", data=bad, content_type="multipart/form-data")
    assert (answer.status_code, "留着的说明" in answer.get_data(as_text=True)) == (422, True)
    with world.app.app_context():
        key = db.session.scalars(select(EventPhoto.id)).one()
    assert client.get(f"/console/photos/{key}.jpg").mimetype == "image/jpeg"
    assert sign_in(world, "foreigner").get(f"/console/photos/{key}.jpg").status_code == 404
    post(client, f"/console/photos/{key}/remove", reason="本人要求")
    assert "还没有照片" in client.get(f"{url}/photos").get_data(as_text=True)
    assert "不错" in client.get("/console/ratings").get_data(as_text=True)
    assert "活动评语" in client.get("/console/").get_data(as_text=True)
    with world.app.app_context():
        ((rating, _),) = ratings.queue(world.organiser)["items"]
    post(client, f"/console/ratings/{rating.id}/decide", show="0")
    with world.app.app_context():
        assert [row.EventRating.state for row in ratings.with_words(event.event)] == [WordsState.HIDDEN]
    assert "平均 4.0 星" in client.get(f"{url}/ratings").get_data(as_text=True)
    assert post(client, f"{url}/report").endswith("/console/jobs")
    assert "名额不到 100 人" in client.get(f"{url}/printed-code").get_data(as_text=True)
    assert "没有需要打电话的人" in client.get(f"{url}/unreached").get_data(as_text=True)
