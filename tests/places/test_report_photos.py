"""Photos of reports: stripped, shown to WeChat first, left to staff, deleted in the end."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import select

from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, NotFound
from sorting_miniapp.places import handling, photo_desk, pictures
from sorting_miniapp.places.models_reports import IssueState, PlacePicture
from sorting_miniapp.wechat import media_checks
from sorting_miniapp.wechat.events import Event
from sorting_miniapp.wechat.models import MediaState
from tests.events.helpers import NINE, Hands, Person, World, make_people, make_person
from tests.places.helpers import issue_keys, make_place, photo, send, upload
from tests.simulator_process import Simulator


def test_photos_are_stripped_shown_to_wechat_and_to_nobody_before(world: World, simulator: Simulator) -> None:
    openid = simulator.new_user()
    simulator.code(openid)
    client = world.app.test_client()
    token = client.post("/api/v1/sessions", json={"code": simulator.code(openid)}).get_json()["token"]
    with world.app.app_context():
        from sorting_miniapp.accounts import sessions

        resident = sessions.find_resident(token)
        assert resident is not None
    person, stranger = Person(resident.id, token), make_person(world.app, "openid-x")
    place = make_place(world)
    assert upload(world, person, b"no photo").status_code == 422
    ids = [upload(world, person, photo()).get_json()["id"] for _ in range(2)]
    assert send(world, stranger, place, pictures=ids).get_json()["code"] == "pictures"
    refused = send(world, person, place, text="违规测试")
    assert (refused.status_code, refused.get_json()["code"]) == (422, "text_refused")
    made = send(world, person, place, text="箱体破了", pictures=ids).get_json()
    assert [one["state"] for one in made["pictures"]] == ["pending"] * 2
    url = f"/api/v1/me/place-reports/pictures/{ids[0]}"
    assert client.get(url, headers=person.headers).status_code == 404, "not before WeChat let it pass"
    with world.app.app_context():
        assert pictures.waiting()
        pictures.ask_waiting()
        assert not pictures.waiting()
        rows = db.session.scalars(select(PlacePicture).order_by(PlacePicture.id)).all()
        stored = Image.open(io.BytesIO(rows[0].data))
        assert not stored.getexif()
        assert b"GPS" not in rows[0].data
    asked = [one["body"]["media_url"] for one in simulator.received("/wxa/media_check_async")]
    assert [one.rsplit("/", 1)[1] for one in asked] == [f"{row.check_key}.jpg" for row in rows]
    address = "/place-pictures/" + asked[0].rsplit("/", 1)[1]
    assert client.get(address).data.startswith(b"\xff\xd8")
    _answer(world, rows[0].id, "pass")
    _answer(world, rows[1].id, "risky")
    assert client.get(address).status_code == 404, "only while WeChat is asked"
    shown = client.get(url, headers=person.headers)
    assert (shown.status_code, shown.mimetype) == (200, "image/jpeg")
    assert client.get(url, headers=stranger.headers).status_code == 404
    assert client.get(url.replace(ids[0], ids[1]), headers=person.headers).status_code == 404
    with world.app.app_context():
        (key,) = issue_keys()
        assert pictures.for_issue(key, ids[1]).startswith(b"\xff\xd8")
        with pytest.raises(NotFound):
            pictures.for_issue(key + 1, ids[1])


def _answer(world: World, picture: int, suggest: str) -> None:
    """WeChat's event about a photo."""
    from sorting_miniapp.wechat.models import MediaCheck

    with world.app.app_context(), transaction():
        trace = db.session.scalars(select(MediaCheck.trace_id).where(MediaCheck.object_id == str(picture))).one()
        body = {"trace_id": trace, "result": {"suggest": suggest, "label": "100"}}
        media_checks.on_result(Event("mini", "wxa_media_check", "", NINE, body, 1, True))


def test_a_photo_wechat_cannot_be_asked_about_is_left_to_staff(world: World) -> None:
    place, (person,) = make_place(world), make_people(world.app, 1)
    taken = upload(world, person, photo()).get_json()["id"]
    assert send(world, person, place, pictures=[taken]).status_code == 201, "a text check that fails stops nothing here"
    with world.app.app_context():
        pictures.ask_waiting()
        assert db.session.scalars(select(PlacePicture.state)).one() is MediaState.REVIEW
        (issue,) = issue_keys()
        assert [(one.id, one.photos) for one in photo_desk.waiting(world.organiser)] == [(issue, 1)]
        assert photo_desk.waiting(world.foreigner) == []
        with pytest.raises(NotFound):
            photo_desk.decide(world.foreigner, issue, taken, MediaState.PASS)
        photo_desk.decide(world.organiser, issue, taken, MediaState.PASS)
        with pytest.raises(Conflict):
            photo_desk.decide(world.organiser, issue, taken, MediaState.RISKY)
        picture = db.session.scalars(select(PlacePicture.id)).one()
        pictures.on_checked(None, media_checks.Checked(pictures.OBJECT, str(picture), MediaState.RISKY))
        assert photo_desk.waiting(world.organiser) == []
    url = f"/api/v1/me/place-reports/pictures/{taken}"
    assert world.app.test_client().get(url, headers=person.headers).status_code == 200, "a person's word stands"


def test_loose_and_old_photos_are_deleted(world: World, hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_LOOSE", 2)
    place, (person,) = make_place(world), make_people(world.app, 1)
    taken = upload(world, person, photo()).get_json()["id"]
    send(world, person, place, pictures=[taken])
    assert [upload(world, person, photo()).status_code for _ in range(3)] == [201, 201, 429]
    with world.app.app_context():
        hands.at(NINE)
        assert pictures.purge() == 2
        handling.end(world.organiser, issue_keys()[0], IssueState.DONE, "已修好")
        hands.at(NINE + timedelta(days=181))
        assert pictures.purge() == 1
