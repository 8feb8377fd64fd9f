"""After the event, and around it: calendars, ratings, photos, the report, printed codes, people to be phoned."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from docx import Document
from PIL import Image
from sqlalchemy import select, update

from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries.models import Delivery, DeliveryState
from sorting_miniapp.errors import Conflict, Forbidden, Invalid, NotFound
from sorting_miniapp.events import (
    attendance,
    counts,
    photos,
    planning,
    printed,
    ratings,
    report,
    sign_up_sheet,
    unreached,
)
from sorting_miniapp.events.models import CheckHow, CheckIn, SignUp
from sorting_miniapp.events.models_counts import CountKind
from sorting_miniapp.events.models_day import CallOutcome, EventPhoto, WordsState
from sorting_miniapp.jobs import running as job_runner
from sorting_miniapp.jobs import service as jobs
from sorting_miniapp.jobs.models import Job, JobState
from sorting_miniapp.wechat import gateway
from tests.conftest import base_environ
from tests.events.helpers import (
    NINE,
    Hands,
    Made,
    Person,
    World,
    make_event,
    make_people,
    make_person,
    scan,
    sign_up,
)
from tests.events.test_console import _post as post_form
from tests.events.test_console import _token, sign_in
from tests.events.test_day import make_volunteer, signed
from tests.simulator_process import Simulator, running

HOUR = timedelta(hours=1)


@pytest.fixture
def simulator(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    with running(base_environ(tmp_path)) as found:
        with world.app.app_context():
            monkeypatch.setattr(gateway().mini.client, "base", found.url)
        yield found


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


def done(world: World) -> Job:
    """The one job, done by the worker."""
    with world.app.app_context():
        job_runner.run(db.session.scalars(select(Job.id)).one())
    with world.app.app_context():
        job = db.session.scalars(select(Job)).one()
        assert (job.state, job.message) == (JobState.DONE, "")
        return job


def test_a_sign_up_is_a_calendar_entry_of_its_owner(world: World) -> None:
    event, people = make_event(world), make_people(world.app, 2)
    made = signed(world, event, people[0])
    client = world.app.test_client()
    url = f"/api/v1/signups/{made}/ics"
    answer = client.get(url, headers=people[0].headers)
    assert answer.mimetype == "text/calendar"
    text = answer.get_data(as_text=True)
    assert f"UID:{event.shift_id}@sorting-miniapp" in text
    assert "STATUS:CONFIRMED" in text
    assert client.get(url, headers=people[1].headers).status_code == 404
    client.delete(f"/api/v1/signups/{made}", headers=people[0].headers)
    assert "STATUS:CANCELLED" in client.get(url, headers=people[0].headers).get_data(as_text=True)


def test_a_units_feed_holds_its_branch_and_cancellations_and_is_cached(world: World) -> None:
    event, gone = make_event(world), make_event(world, starts_at=NINE + 24 * HOUR, title="星子镇讲座")
    draft = make_event(world, publish=False)
    client = world.app.test_client()
    url = f"/api/v1/orgs/{world.city}/events.ics"
    first = client.get(url)
    assert {one in first.get_data(as_text=True) for one in (event.shift_id, gone.shift_id)} == {True}
    assert draft.shift_id not in first.get_data(as_text=True)
    again = client.get(url, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")
    with world.app.app_context():
        planning.cancel(world.organiser, gone.event, "下雨")
    text = client.get(url).get_data(as_text=True)
    assert "STATUS:CANCELLED" in text, "a subscribed calendar takes it away"
    assert event.shift_id not in client.get(f"/api/v1/orgs/{world.other_town}/events.ics").get_data(as_text=True)
    assert client.get("/api/v1/orgs/999999/events.ics").status_code == 404


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


def test_a_printed_code_is_for_large_events_and_keeps_only_inside_or_outside(world: World, hands: Hands) -> None:
    small = make_event(world)
    large = make_event(world, capacity=100, starts_at=NINE, place_at=(24.779, 112.377))
    people = make_people(world.app, 4)
    for person in people[:3]:
        signed(world, large, person)
    with world.app.app_context():
        with pytest.raises(Conflict, match="event_too_small"):
            printed.issue(world.organiser, small.event)
        with pytest.raises(NotFound):
            printed.issue(world.foreigner, large.event)
        scene = printed.issue(world.organiser, large.event).scene
        assert printed.issue(world.organiser, large.event).scene == scene
    assert len(scene) <= 32
    assert scene.isascii()
    assert str(large.event_id) not in scene
    client = world.app.test_client()

    def post(person: Person, near: str | None) -> Any:
        body = {"token": scene} | ({"near": near} if near else {})
        return client.post("/api/v1/checkins", json=body, headers=person.headers)

    hands.at(NINE - 2 * HOUR)
    assert post(people[0], None).get_json()["code"] == "not_signed_up"
    hands.at(NINE)
    answers = [post(people[0], "24.7791,112.3772"), post(people[1], "24.9,112.377"), post(people[2], None)]
    assert [one.get_json()["action"] for one in answers] == ["in"] * 3
    assert post(people[3], None).get_json()["code"] == "not_signed_up"
    with world.app.app_context():
        rows = db.session.scalars(select(CheckIn).order_by(CheckIn.id)).all()
        assert [(row.inside, row.in_how) for row in rows] == [
            (True, CheckHow.PRINTED), (False, CheckHow.PRINTED), (None, CheckHow.PRINTED),
        ]  # fmt: skip
        printed.close(world.organiser, large.event)
    hands.at(NINE + HOUR)
    assert post(people[0], None).get_json()["code"] == "token_invalid"


def test_the_poster_is_made_by_the_worker(world: World, hands: Hands, simulator: Simulator) -> None:
    large = make_event(world, capacity=100)
    client = sign_in(world, "organiser")
    assert post_form(client, f"/console/events/{large.event}/printed-code").endswith("/console/jobs")
    assert done(world).file_type == "application/pdf"
    call = simulator.received("/wxa/getwxacodeunlimit")[0]
    assert len(call["body"]["scene"]) <= 32


def _told(world: World, event: Made, state: DeliveryState, key: str = "event_changed") -> None:
    """Let every open notice of the shift end in this state."""
    with world.app.app_context(), transaction() as session:
        session.execute(
            update(Delivery)
            .where(Delivery.notice_key == key, Delivery.state == DeliveryState.READY)
            .values(state=state)
        )


def test_whom_a_notice_did_not_reach_is_phoned_one_by_one(world: World, hands: Hands) -> None:
    event, people = make_event(world), make_people(world.app, 2)
    make_volunteer(world, people[0], 1)
    for person in people:
        signed(world, event, person)
    with world.app.app_context():
        planning.cancel(world.organiser, event.event, "下雨")
    _told(world, event, DeliveryState.REFUSED, "event_cancelled")
    with world.app.app_context():
        rows = unreached.listed(world.organiser, event.event)
        assert [(row.name, row.phone, row.why) for row in rows] == [
            ("张**", "138****0001", "没有订阅"), ("微信用户", "", "没有订阅"),
        ]  # fmt: skip
        with pytest.raises(NotFound):
            unreached.listed(world.foreigner, event.event)
        with pytest.raises(Forbidden):
            unreached.reveal(world.verifier, event.event, rows[0].delivery_id)
        assert unreached.reveal(world.organiser, event.event, rows[0].delivery_id) == "13800000001"
        with pytest.raises(Conflict, match="no_phone"):
            unreached.reveal(world.organiser, event.event, rows[1].delivery_id)
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "event.reveal_phone")).one()
        assert "138" not in str(entry.after), "the number itself is in no trail"
        unreached.mark_called(world.organiser, event.event, rows[0].delivery_id, CallOutcome.NOT_REACHED, "无人接听")
        unreached.mark_called(world.organiser, event.event, rows[0].delivery_id, CallOutcome.REACHED)
        after = unreached.listed(world.organiser, event.event)
        assert [row.done for row in after] == [False, True], "who was reached goes to the end"


def test_a_newer_notice_that_arrived_takes_somebody_off_the_list(sqlite_world: World, hands: Hands) -> None:
    from sorting_miniapp.events import shifts

    world = sqlite_world
    event, (person,) = make_event(world), make_people(world.app, 1)
    signed(world, event, person)
    for hour, state in ((1, DeliveryState.FAILED), (2, DeliveryState.SENT)):
        with world.app.app_context():
            start = NINE + hour * HOUR
            shifts.change(world.organiser, event.shift, start, start + HOUR, 20)
        _told(world, event, state)
        with world.app.app_context():
            assert len(unreached.listed(world.organiser, event.event)) == (state is DeliveryState.FAILED)


def test_the_pages_after_an_event(sqlite_world: World, hands: Hands) -> None:
    world = sqlite_world
    (person,) = make_people(world.app, 1)
    make_volunteer(world, person, 1)
    event, (made,) = attend(world, hands, person)
    rate(world, person, made, stars=4, words="不错")
    client = sign_in(world, "organiser")
    url = f"/console/events/{event.event}"
    token = _token(client.get("/console/events").get_data(as_text=True))
    file = (io.BytesIO(picture((3000, 2000)) + b"\0" * 2_000_000), "a.jpg")
    sent = {"file": file, "caption": "现场", "taken_by": "李主任", "taken_on": "2026-06-10", "consent": "已告知"}
    sent["csrf_token"] = token
    answer = client.post(f"{url}/photos", data=sent, content_type="multipart/form-data")
    answer.request.environ["wsgi.input"].close()  # a temporary file of the test client, for what is large
    assert answer.status_code == 302, "over 1 MB"
    assert "已告知" in client.get(f"{url}/photos").get_data(as_text=True)
    bad = {"file": (io.BytesIO(b"text"), "a.jpg"), "caption": "留着的说明", "csrf_token": token}
    answer = client.post(f"{url}/photos", data=bad, content_type="multipart/form-data")
    assert (answer.status_code, "留着的说明" in answer.get_data(as_text=True)) == (422, True)
    with world.app.app_context():
        key = db.session.scalars(select(EventPhoto.id)).one()
    assert client.get(f"/console/photos/{key}.jpg").mimetype == "image/jpeg"
    assert sign_in(world, "foreigner").get(f"/console/photos/{key}.jpg").status_code == 404
    post_form(client, f"/console/photos/{key}/remove", reason="本人要求")
    assert "还没有照片" in client.get(f"{url}/photos").get_data(as_text=True)
    assert "不错" in client.get("/console/ratings").get_data(as_text=True)
    assert "活动评语" in client.get("/console/").get_data(as_text=True)
    with world.app.app_context():
        ((rating, _),) = ratings.queue(world.organiser)["items"]
    post_form(client, f"/console/ratings/{rating.id}/decide", show="0")
    with world.app.app_context():
        assert [row.EventRating.state for row in ratings.with_words(event.event)] == [WordsState.HIDDEN]
    assert "平均 4.0 星" in client.get(f"{url}/ratings").get_data(as_text=True)
    assert post_form(client, f"{url}/report").endswith("/console/jobs")
    assert "名额不到 100 人" in client.get(f"{url}/printed-code").get_data(as_text=True)
    assert "没有需要打电话的人" in client.get(f"{url}/unreached").get_data(as_text=True)


def test_phoning_in_the_console(sqlite_world: World, hands: Hands) -> None:
    world = sqlite_world
    event, (person,) = make_event(world), make_people(world.app, 1)
    make_volunteer(world, person, 1)
    signed(world, event, person)
    with world.app.app_context():
        planning.cancel(world.organiser, event.event, "下雨")
    _told(world, event, DeliveryState.FAILED, "event_cancelled")
    client = sign_in(world, "organiser")
    url = f"/console/events/{event.event}/unreached"
    page = client.get(url).get_data(as_text=True)
    assert "138****0001" in page
    assert "13800000001" not in page
    with world.app.app_context():
        (row,) = unreached.listed(world.organiser, event.event)
    assert "13800000001" in post_form(client, f"{url}/{row.delivery_id}/phone", 200)
    assert "请选择结果" in post_form(client, f"{url}/{row.delivery_id}/call", 422, outcome="maybe")
    post_form(client, f"{url}/{row.delivery_id}/call", outcome="reached", note="已知悉")
    page = client.get(url).get_data(as_text=True)
    assert "已电话通知" in page
    assert "还有 0 人没有通知到" in page


def test_the_sign_ups_are_a_sheet_with_masked_names_and_phones(world: World, hands: Hands) -> None:
    event, (first, second) = make_event(world, 3), make_people(world.app, 2)
    make_volunteer(world, first, "1")
    client = world.app.test_client()
    sign_up(client, first, event, companions=[{"age": 9}, {"age": 12}], guardian_consent=True)
    waiting = sign_up(client, second, event).json["id"]
    client.delete(f"/api/v1/signups/{waiting}?reason=临时有事", headers=second.headers)
    hands.at(NINE)
    scan(client, first, event)
    hands.at(NINE + HOUR)
    scan(client, first, event)
    with world.app.app_context():
        with pytest.raises(NotFound):
            sign_up_sheet.ask(world.foreigner, event.event)
        asked = sign_up_sheet.ask(world.organiser, event.event)
        for job in job_runner.waiting():
            job_runner.run(job)
        row, pieces = jobs.fetch(world.organiser, asked)
        lines = list(openpyxl.load_workbook(io.BytesIO(b"".join(pieces))).active.values)
    assert (row.state, len(lines)) == (JobState.DONE, 3)
    found = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    assert [one["姓名（昵称）"] for one in found] == ["张**", "微信用户"]
    assert found[0]["手机号码"].count("*") >= 4
    assert (found[0]["人数"], found[0]["同行人年龄"], found[0]["监护人已同意"]) == (3, "9、12", "是")
    assert (found[0]["签到"], found[0]["签退"], found[0]["在场（分钟）"]) == (
        "2026-06-10 09:00", "2026-06-10 10:00", 60,
    )  # fmt: skip
    assert (found[1]["状态"], found[1]["说明"]) == ("已退出", "临时有事")
