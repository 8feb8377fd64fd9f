"""Events that tell how a message ended: lost answers are settled, each event is applied once."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries.models import Delivery, DeliveryState, SubscriptionAccept
from sorting_miniapp.wechat import events
from sorting_miniapp.wechat.models import EventState, WeChatEvent
from tests.events.helpers import at_once
from tests.wechat.office import POPUP, SENT, Office, accept, ended, made_delivery, work
from tests.wechat.pushing import push


def one_delivery() -> Delivery:
    return db.session().scalars(select(Delivery).execution_options(populate_existing=True)).one()


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

    def run() -> None:
        with office.app.app_context():
            events.run_ready()
            db.session.remove()

    assert at_once([run] * 3) == [None] * 3
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
