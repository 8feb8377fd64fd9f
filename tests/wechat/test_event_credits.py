"""Events of taps on a subscription: each accept is one credit, whoever tells of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select, update

from sorting_miniapp import clock
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries import subscriptions
from sorting_miniapp.deliveries.models import NoticeTemplate, SubscriptionAccept, TemplateKind
from sorting_miniapp.wechat.models import EventState, WeChatEvent
from tests.wechat.office import CHANGE, POPUP, SENT, TEMPLATE, Office, accept, work
from tests.wechat.pushing import push


def made_long_term() -> None:
    with transaction() as session:
        session.execute(
            update(NoticeTemplate).where(NoticeTemplate.key == "new_article").values(kind=TemplateKind.LONG_TERM)
        )


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
