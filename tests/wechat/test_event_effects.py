"""What the worker does with pushed events: credits, lost answers, pushes, pictures, followers; each once."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from sorting_miniapp import clock
from sorting_miniapp.accounts import service as accounts
from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.articles import push_run, pushes
from sorting_miniapp.articles.models import Channel, Push, PushState
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries import content, fan_out, subscriptions
from sorting_miniapp.deliveries.models import (
    Delivery,
    DeliveryState,
    NoticeTemplate,
    Subscription,
    SubscriptionAccept,
    TemplateKind,
)
from sorting_miniapp.wechat import events, followers, media_checks
from sorting_miniapp.wechat.media_checks import Checked, media_checked
from sorting_miniapp.wechat.mini_program import Scene
from sorting_miniapp.wechat.models import EventState, Follower, MediaState, WeChatEvent
from tests.articles.conftest import NINE, Desk, desk, simulator
from tests.wechat.gateway_helpers import pointed, with_tokens
from tests.wechat.odd_server import serving
from tests.wechat.pushing import push

__all__ = ["desk", "simulator"]
FOLDER = Path(__file__).resolve().parents[2] / "content"
SECONDS = itertools.count(1_700_000_000)
TEMPLATE = "sim_new_article"
POPUP, CHANGE, SENT = "SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent", "SubscribeMsgSentEvent"


@dataclass(frozen=True)
class Office:
    """An app with its notices, a resident, and a client."""

    app: Flask
    client: FlaskClient
    openid: str
    resident_id: int

    def told(self, name: str, rows: Any, **more: Any) -> None:
        """A subscribe event about the resident, handled."""
        kind = {POPUP: "popup", CHANGE: "change", SENT: "sent"}[name]
        event = {"Event": f"subscribe_msg_{kind}_event", "FromUserName": self.openid, name: {"List": rows}}
        event["CreateTime"] = next(SECONDS)  # no two of a person's events are of one second here
        assert push(self.client, "mini", event, **more).text == "success"
        work()

    def credits(self) -> tuple[int, bool]:
        row = db.session().get(Subscription, ("new_article", self.resident_id), populate_existing=True)
        db.session().commit()
        return (row.credits, row.long_term) if row else (0, False)


def work() -> None:
    while events.run_ready():
        pass
    db.session().expire_all()


def made_long_term() -> None:
    with transaction() as session:
        session.execute(
            update(NoticeTemplate).where(NoticeTemplate.key == "new_article").values(kind=TemplateKind.LONG_TERM)
        )


@pytest.fixture
def office(app: Flask) -> Iterator[Office]:
    with app.app_context():
        content.load(FOLDER, {"new_article": TEMPLATE})
        accounts.log_in("x", lambda _: ("oResident", None))
        resident_id = db.session().scalars(select(Resident.id)).one()
        db.session().commit()
        yield Office(app, app.test_client(), "oResident", resident_id)


def accept(status: str = "accept") -> dict[str, Any]:
    return {"TemplateId": TEMPLATE, "SubscribeStatusString": status, "PopupScene": 1}


# credits


@pytest.mark.parametrize("as_json", [True, False])
def test_an_accept_is_a_credit(office: Office, as_json: bool) -> None:
    office.told(POPUP, [accept(), accept("reject"), {"TemplateId": "foreign"}], as_json=as_json)
    assert office.credits() == (1, False)


def test_a_tap_told_by_both_sides_is_one_credit(office: Office) -> None:
    subscriptions.answer(office.resident_id, {TEMPLATE: "accept"})
    office.told(POPUP, accept())
    assert office.credits() == (1, False)
    office.told(POPUP, accept(), as_json=True)
    assert office.credits() == (2, False), "another tap, which the client has not told yet"
    subscriptions.answer(office.resident_id, {TEMPLATE: "accept"})
    assert office.credits() == (2, False)
    subscriptions.answer(office.resident_id, {TEMPLATE: "accept"})
    assert office.credits() == (3, False)


def test_control_without_the_meeting_of_both_tellings_a_tap_is_two_credits(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "_is_new", lambda *_: True)
    subscriptions.answer(office.resident_id, {TEMPLATE: "accept"})
    office.told(POPUP, accept())
    assert office.credits() == (2, False)


def test_the_cap_holds_and_old_accepts_are_purged(office: Office) -> None:
    for _ in range(25):
        subscriptions.answer(office.resident_id, {TEMPLATE: "accept"})
    assert office.credits() == (20, False)
    with time_machine.travel(clock.wall_now() + timedelta(days=31), tick=True):
        assert subscriptions.purge() == 25
    assert db.session().scalars(select(SubscriptionAccept)).all() == []


def test_a_long_term_template_is_on_until_it_is_turned_off(office: Office) -> None:
    made_long_term()
    office.told(POPUP, accept())
    assert office.credits() == (0, True)
    office.told(CHANGE, accept("reject"))
    assert office.credits() == (0, False)
    office.told(CHANGE, accept())
    assert office.credits() == (0, True)
    office.told(POPUP, accept("reject"), as_json=True)
    assert office.credits() == (0, False)


def test_turning_a_one_time_template_off_takes_the_credits(office: Office) -> None:
    office.told(POPUP, accept())
    office.told(CHANGE, accept("reject"))
    assert office.credits() == (0, False)


def test_events_about_strangers_change_nothing(office: Office) -> None:
    for name, kind in ((POPUP, "popup"), (CHANGE, "change"), (SENT, "sent")):
        push(office.client, "mini", {"Event": f"subscribe_msg_{kind}_event", name: {"List": accept()}})
        push(office.client, "mini", {"Event": f"subscribe_msg_{kind}_event", "FromUserName": office.openid, name: "x"})
    work()
    assert office.credits() == (0, False)
    assert set(db.session().scalars(select(WeChatEvent.state))) == {EventState.DONE}


# how a message ended


def made_delivery(office: Office, state: DeliveryState, msgid: str = "") -> int:
    """A fan-out's one delivery in this state."""
    subscriptions.answer(office.resident_id, {TEMPLATE: "accept"})
    with transaction() as session:
        number = fan_out.create("new_article", {"title": "题"}, "1", subscriptions.audience("new_article"))
        values = {"state": state, "msgid": msgid, "done_at": clock.now()}
        session.execute(update(Delivery).where(Delivery.fan_out_id == number).values(**values))
    return number


def one_delivery() -> Delivery:
    return db.session().scalars(select(Delivery).execution_options(populate_existing=True)).one()


def ended(code: str, msgid: str = "9001", status: str = "success") -> dict[str, str]:
    return {"TemplateId": TEMPLATE, "MsgID": msgid, "ErrorCode": code, "ErrorStatus": status}


@pytest.mark.parametrize(
    ("code", "state"), [("0", DeliveryState.SENT), ("43101", DeliveryState.REFUSED), ("47003", DeliveryState.FAILED)]
)
def test_a_lost_answer_is_settled_by_the_event(office: Office, code: str, state: DeliveryState) -> None:
    made_delivery(office, DeliveryState.UNKNOWN)
    office.told(SENT, ended(code))
    found = one_delivery()
    assert (found.state, found.msgid, found.errcode) == (state, "9001", int(code))


def test_a_message_that_was_answered_keeps_its_end_unless_it_failed_later(office: Office) -> None:
    made_delivery(office, DeliveryState.SENT, "9001")
    office.told(SENT, ended("0"))
    assert one_delivery().state is DeliveryState.SENT
    office.told(SENT, ended("0", "77"))
    assert one_delivery().msgid == "9001", "another message's event is not this one's"
    office.told(SENT, ended("43101", status="user refuse"))
    assert one_delivery().state is DeliveryState.REFUSED
    assert office.credits() == (0, False)


def test_an_event_that_overtakes_the_sender_waits_for_it(office: Office) -> None:
    made_delivery(office, DeliveryState.SENDING)
    office.told(SENT, ended("0"))
    (event,) = db.session().scalars(select(WeChatEvent))
    assert (event.state, event.attempts) == (EventState.READY, 1)
    assert event.not_before is not None
    with transaction() as session:
        session.execute(update(Delivery).values(state=DeliveryState.UNKNOWN))
        session.execute(update(WeChatEvent).values(not_before=None))
    work()
    assert one_delivery().state is DeliveryState.SENT


def test_two_workers_apply_an_event_once(office: Office) -> None:
    for number in range(20):
        push(
            office.client, "mini",
            {"Event": "subscribe_msg_popup_event", "FromUserName": office.openid, "CreateTime": number,
             POPUP: {"List": accept()}},
        )  # fmt: skip
    gate = threading.Barrier(3)

    def run() -> None:
        with office.app.app_context():
            gate.wait()
            events.run_ready()
            db.session.remove()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    work()
    assert office.credits() == (20, False)
    assert len(db.session().scalars(select(SubscriptionAccept)).all()) == 20


def test_control_without_the_fence_an_event_is_applied_twice(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker frozen past its lease goes on, and nothing asks whether the event is still its own."""
    event = {"Event": "subscribe_msg_popup_event", "FromUserName": office.openid, POPUP: {"List": accept()}}
    push(office.client, "mini", event)
    ((event_id, fence),) = events._claim()
    with transaction() as session:
        session.execute(update(WeChatEvent).values(lease_until=None))
    work()
    events._run(event_id, fence)
    assert office.credits() == (1, False), "with the fence the late worker changes nothing"
    monkeypatch.setattr(events, "_mark", lambda *_args, **_more: None)
    with transaction() as session:
        session.execute(update(WeChatEvent).values(state=EventState.READY, fence=fence))
    events._run(event_id, fence)
    assert office.credits() == (2, False)


def test_a_handler_that_breaks_is_tried_again_and_then_left_as_failed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: events.Event) -> None:
        raise ValueError("broken")

    monkeypatch.setitem(events._handlers, "breaks", events.Handler(broken))
    push(office.client, "mini", {"Event": "breaks"})
    for _ in range(events.TRIES):
        work()
        with transaction() as session:
            session.execute(update(WeChatEvent).values(not_before=None))
    (event,) = db.session().scalars(select(WeChatEvent))
    assert (event.state, event.attempts, event.reason) == (EventState.FAILED, events.TRIES, "ValueError")
    assert not events.waiting()


# pushes


def planned(desk: Desk, channel: Channel) -> int:
    push_id = pushes.plan(desk.editor, desk.approved(), channel, NINE + timedelta(minutes=1))
    desk.hands.at(NINE + timedelta(minutes=2))
    return push_id


def rested(push_id: int) -> Push:
    """Run it once: it has been accepted and rests before the next poll."""
    push_run.run(push_id)
    found = db.session().get_one(Push, push_id, populate_existing=True)
    db.session().commit()
    assert found.state is PushState.SENDING
    assert found.not_before is not None
    return found


def look(push_id: int) -> Push:
    found = db.session().get_one(Push, push_id, populate_existing=True)
    db.session().commit()
    return found


@pytest.mark.parametrize("name", ["PUBLISHJOBFINISH", "FREEPUBLISHJOBFINISH", "PublishJobFinish"])
def test_a_publish_event_hurries_the_poll_whatever_its_spelling(desk: Desk, name: str) -> None:
    push_id = planned(desk, Channel.PUBLISH)
    remote = rested(push_id).remote_id
    info = {"publish_id": int(remote), "publish_status": 0, "article_id": "a"}
    push(desk.app.test_client(), "official", {"Event": name, "PublishEventInfo": info})
    work()
    assert look(push_id).not_before is None
    assert look(push_id).state is PushState.SENDING, "only the poll ends it"
    push_run.run(push_id)
    assert look(push_id).state is PushState.SENT


def test_a_mass_event_tells_how_many_were_reached(desk: Desk) -> None:
    push_id = planned(desk, Channel.MASS)
    remote = rested(push_id).remote_id
    told = {"MsgID": remote, "Status": "send success", "TotalCount": 100, "FilterCount": 80, "SentCount": 75}
    push(desk.app.test_client(), "official", {"Event": "MASSSENDJOBFINISH", **told, "ErrorCount": 5})
    work()
    found = look(push_id)
    assert (found.followers, found.reached, found.not_before) == (100, 75, None)


def test_a_mass_send_that_failed_says_why(desk: Desk) -> None:
    """The event comes first; it waits until the poll has ended the push, and then gives the reason."""
    push_id = planned(desk, Channel.MASS)
    remote = rested(push_id).remote_id
    told = {"MsgID": remote, "Status": "err(20001)", "TotalCount": 10, "SentCount": 0}
    push(desk.app.test_client(), "official", {"Event": "MASSSENDJOBFINISH", **told})
    work()
    assert look(push_id).not_before is None
    with serving(with_tokens(lambda _: {"msg_id": remote, "msg_status": "SEND_FAIL"})) as server:
        desk.app.extensions["wechat"].official.client.base = server.url
        push_run.run(push_id)
    assert look(push_id).state is PushState.HELD
    with transaction() as session:
        session.execute(update(WeChatEvent).values(not_before=None))
    work()
    found = look(push_id)
    assert (found.state, found.reason) == (PushState.HELD, "公众号没有发送成功：涉嫌政治")
    assert found.reached == 0


def test_events_about_unknown_jobs_change_nothing(desk: Desk) -> None:
    client = desk.app.test_client()
    push(client, "official", {"Event": "MASSSENDJOBFINISH", "MsgID": "1", "Status": "err(1)"})
    push(client, "official", {"Event": "PUBLISHJOBFINISH", "PublishEventInfo": {"publish_id": "1"}})
    push(client, "official", {"Event": "PUBLISHJOBFINISH", "PublishEventInfo": ""})
    work()
    assert set(db.session().scalars(select(WeChatEvent.state))) == {EventState.DONE}


def test_a_settled_answer_makes_a_partly_failed_push_whole(desk: Desk) -> None:
    accounts.log_in("x", lambda _: ("oResident", None))
    resident_id = db.session().scalars(select(Resident.id)).one()
    office = Office(desk.app, desk.app.test_client(), "oResident", resident_id)
    number = made_delivery(office, DeliveryState.UNKNOWN)
    push_id = planned(desk, Channel.SUBSCRIBE)
    with transaction() as session:
        session.execute(update(Push).values(fan_out_id=number, state=PushState.PARTLY_FAILED))
    office.told(SENT, ended("0"))
    assert look(push_id).state is PushState.SENT


# pictures


NEW_SHAPE = {"version": 2, "result": {"suggest": "risky", "label": 20002}, "detail": []}


@pytest.mark.parametrize(
    ("told", "state"),
    [
        (NEW_SHAPE, MediaState.RISKY),
        ({"result": {"suggest": "pass", "label": 100}, "detail": [{"strategy": "x"}]}, MediaState.PASS),
        ({"result": {"suggest": "new word", "label": "x"}}, MediaState.REVIEW),
        ({"isrisky": 0, "status_code": 0}, MediaState.PASS),
        ({"isrisky": "1", "status_code": 0}, MediaState.RISKY),
        ({"isrisky": 0, "status_code": 4294966288}, MediaState.REVIEW),
        ({}, MediaState.REVIEW),
    ],
)
def test_a_picture_s_verdict(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, told: dict[str, Any], state: MediaState
) -> None:
    heard: list[Checked] = []

    def hear(_: object, checked: Checked) -> None:
        heard.append(checked)

    with (
        serving(with_tokens(lambda _: {"errcode": 0, "trace_id": "tr1"})) as server,
        sqlite_app.app_context(),
        media_checked.connected_to(hear),
    ):
        pointed(sqlite_app, monkeypatch, server.url)
        media_checks.ask("oResident", "https://example.org/a.jpg", Scene.SOCIAL, "photo", 7)
        asked = server.asked[-1].json
        assert (asked["media_type"], asked["version"], asked["scene"]) == (2, 2, 4)
        assert media_checks.state_of("photo", 7) is MediaState.PENDING
        push(sqlite_app.test_client(), "mini", {"Event": "wxa_media_check", "trace_id": "tr1", **told}, as_json=True)
        work()
        assert media_checks.state_of("photo", 7) is state
    assert heard == [Checked("photo", "7", state)]


def test_silence_about_a_picture_is_never_a_pass(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(with_tokens(lambda _: {"errcode": 0, "trace_id": "tr1"})) as server, app.app_context():
        pointed(app, monkeypatch, server.url)
        media_checks.ask("oResident", "https://example.org/a.jpg", Scene.SOCIAL, "photo", 7)
        assert media_checks.give_up() == 0
        with time_machine.travel(clock.wall_now() + timedelta(minutes=31), tick=True):
            assert media_checks.give_up() == 1
            assert media_checks.state_of("photo", 7) is MediaState.REVIEW
            push(app.test_client(), "mini", {"Event": "wxa_media_check", "trace_id": "tr1", **NEW_SHAPE})
            work()
            assert media_checks.state_of("photo", 7) is MediaState.RISKY, "late, and still worth knowing"


def test_a_verdict_that_overtakes_the_row_comes_again(sqlite_app: Flask) -> None:
    with sqlite_app.app_context():
        push(sqlite_app.test_client(), "mini", {"Event": "wxa_media_check", "trace_id": "tr1", **NEW_SHAPE})
        work()
        (event,) = db.session().scalars(select(WeChatEvent))
        assert (event.state, event.attempts) == (EventState.READY, 1)


# followers


def test_follow_and_unfollow_in_any_order(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"user_info_list": [{"openid": "f1", "subscribe": 1, "unionid": "u1"}]}
    with serving(with_tokens(lambda _: known)) as server, app.app_context():
        pointed(app, monkeypatch, server.url)
        client = app.test_client()
        push(client, "official", {"Event": "subscribe", "FromUserName": "f1", "CreateTime": 1_700_000_000})
        work()
        row = db.session().scalars(select(Follower)).one()
        assert (row.openid, row.unionid, row.follows, followers.count()) == ("f1", "u1", True, 1)
        push(client, "official", {"Event": "unsubscribe", "FromUserName": "f1", "CreateTime": 1_700_000_100})
        push(client, "official", {"Event": "subscribe", "FromUserName": "f1", "CreateTime": 1_700_000_050})
        work()
        assert followers.count() == 0, "the newest event counts"


def test_a_follower_without_unionid_is_kept_all_the_same(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = {"errcode": 48001, "errmsg": "api unauthorized rid: 1-2-3"}
    with serving(with_tokens(lambda _: refused)) as server, sqlite_app.app_context():
        pointed(sqlite_app, monkeypatch, server.url)
        push(sqlite_app.test_client(), "official", {"Event": "subscribe", "FromUserName": "f1"})
        work()
        assert (followers.count(), db.session().scalars(select(Follower.unionid)).one()) == (1, None)
