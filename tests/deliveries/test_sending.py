"""Messages through the real simulator: each has one effect at most, and an end state (design.md §5, 4)."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select, update

from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries import claims, content, ends, fan_out, sender, service, subscriptions
from sorting_miniapp.deliveries.models import Delivery, DeliveryState, FanOut, FanOutState, NoticeTemplate, Subscription
from tests.deliveries.helpers import TEMPLATE, VALUES, make_fan_out, make_residents, send_all
from tests.events.helpers import CONTENT, at_once
from tests.simulator_process import SEND, Simulator


def test_each_subscriber_gets_one_message_and_the_fan_out_is_done(world: Simulator) -> None:
    openids = world.subscribers(TEMPLATE, 30)
    make_residents(openids)
    number = make_fan_out()
    send_all(number)
    assert fan_out.counts(number)["sent"] == 30, fan_out.counts(number)
    assert fan_out.finished(number)
    assert world.summary(SEND)["by_openid"] == dict.fromkeys(openids, 1)
    assert set(db.session().scalars(select(Subscription.credits))) == {0}
    assert world.phone(openids[0])[0]["data"]["thing1"] == "厨余垃圾怎么分"


def test_an_empty_audience_is_done_at_once(world: Simulator) -> None:
    number = make_fan_out()
    assert fan_out.finished(number)


def test_a_lost_answer_is_unknown_and_never_sent_again(world: Simulator) -> None:
    make_residents(world.subscribers(TEMPLATE, 3))
    world.fault(SEND, "accepted_then_dropped", times=1)
    number = make_fan_out()
    send_all(number)
    counts = fan_out.counts(number)
    assert (counts["sent"], counts["unknown"]) == (2, 1)
    send_all(number)
    assert max(world.summary(SEND)["by_openid"].values()) == 1


def test_busy_is_tried_again_later_and_the_credit_comes_back(world: Simulator) -> None:
    make_residents(world.subscribers(TEMPLATE, 2))
    world.fault(SEND, "busy", times=1)
    number = make_fan_out()
    send_all(number)
    assert fan_out.counts(number)["ready"] == 1
    assert sorted(db.session().scalars(select(Subscription.credits))) == [0, 1]
    with transaction() as session:
        session.execute(update(Delivery).values(not_before=None))
    send_all(number)
    assert fan_out.counts(number)["sent"] == 2


def test_a_refused_token_is_fetched_once_and_then_the_breaker_opens(world: Simulator) -> None:
    make_residents(world.subscribers(TEMPLATE, 5))
    world.fault(SEND, "bad_token")
    number = make_fan_out()
    for _ in range(3):
        send_all(number)
    assert world.summary("/cgi-bin/stable_token")["count"] <= 2
    assert fan_out.counts(number)["ready"] == 5


def test_one_who_took_it_back_is_refused_without_a_credit_left(world: Simulator) -> None:
    openid = world.new_user()
    make_residents([openid])
    number = make_fan_out()
    send_all(number)
    assert fan_out.counts(number)["refused"] == 1
    assert list(db.session().scalars(select(Subscription.credits))) == [0]


def test_without_a_credit_nothing_is_called(world: Simulator) -> None:
    (resident,) = make_residents([world.new_user()], credits=0, key="event_offer")
    service.notify("event_offer", resident, {"title": "清洁行动"}, object_type="event", object_id=1)
    sender.send_notices()
    assert service.outcome_of_notices("event", 1, "event_offer") == {"refused": 1}
    assert world.summary(SEND)["count"] == 0


def test_quiet_hours_hold_notices_but_not_urgent_ones(world: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    openid = world.new_user()
    world.subscribe(openid, TEMPLATE, 2)
    (resident,) = make_residents([openid], credits=2)
    monkeypatch.setattr(claims, "quiet_now", lambda: True)
    service.notify("new_article", resident, VALUES, object_type="a", object_id=1)
    service.notify("new_article", resident, VALUES, object_type="b", object_id=1, urgent=True)
    sender.send_notices()
    assert service.outcome_of_notices("a", 1, "new_article") == {"ready": 1}
    assert service.outcome_of_notices("b", 1, "new_article") == {"sent": 1}


def test_a_frozen_worker_changes_no_row_once_its_lease_ran_out(world: Simulator) -> None:
    make_residents(world.subscribers(TEMPLATE, 1))
    number = make_fan_out()
    (claimed,) = claims.claim(number, 1, -1.0)
    assert ends.sweep() == 1
    ends.record([ends.Result(claimed, None, msgid="1")])
    assert fan_out.counts(number)["unknown"] == 1
    fan_out.settle()
    assert fan_out.finished(number)


def test_a_claim_takes_those_who_take_it_with_their_credit_and_marks_them(world: Simulator) -> None:
    """One single credit, a long-term consent, a consent withdrawn and a person erased after the audience was fixed."""
    one_time, long_term, withdrawn, erased = people = make_residents(["one", "long", "withdrawn", "erased"], credits=2)
    number = make_fan_out()
    with transaction() as session:
        session.get_one(Subscription, ("new_article", long_term)).long_term = True
        session.get_one(Subscription, ("new_article", withdrawn)).credits = 0
        session.get_one(Resident, erased).openid = None
    claimed = claims.claim(number, 10, 30.0)
    seen = [(one.resident_id, one.openid, one.fence, one.attempts, one.one_time) for one in claimed]
    assert seen == [(one_time, "one", 1, 1, True), (long_term, "long", 1, 1, False)]
    assert claims.claim(number, 10, 30.0) == []
    ends.record([ends.Result(one, None, msgid='a,"b\\{}') for one in claimed[:1]])
    rows = db.session().execute(select(Delivery.state, Delivery.fence, Delivery.msgid).order_by(Delivery.resident_id))
    refused = (DeliveryState.REFUSED, 0, "")
    assert list(rows) == [(DeliveryState.SENT, 1, 'a,"b\\{}'), (DeliveryState.SENDING, 1, ""), refused, refused]
    left = {row.resident_id: row.credits for row in db.session().scalars(select(Subscription))}
    assert [left[one] for one in people] == [1, 2, 0, 2]


def test_pause_stops_claims_and_resume_goes_on(world: Simulator) -> None:
    make_residents(world.subscribers(TEMPLATE, 4))
    number = make_fan_out()
    fan_out.pause(number)
    send_all(number)
    assert fan_out.counts(number)["ready"] == 4
    assert fan_out.waiting() == []
    fan_out.resume(number)
    send_all(number)
    assert fan_out.counts(number)["sent"] == 4


def test_cancel_leaves_nothing_to_send(world: Simulator) -> None:
    make_residents(world.subscribers(TEMPLATE, 4))
    number = make_fan_out()
    fan_out.cancel(number)
    send_all(number)
    assert fan_out.counts(number)["cancelled"] == 4
    assert fan_out.state(number)[0] is FanOutState.CANCELLED
    assert fan_out.finished(number)


def test_a_value_that_breaks_its_rule_fails_before_the_call(world: Simulator) -> None:
    make_residents(world.subscribers(TEMPLATE, 1))
    with transaction():
        number = fan_out.create("new_article", {"title": "题"}, "1", subscriptions.audience("new_article"))
    send_all(number)
    assert fan_out.counts(number)["failed"] == 1
    reason = db.session().scalar(select(Delivery.reason))
    assert reason is not None
    assert reason.startswith("time2")
    assert world.summary(SEND)["count"] == 0


def test_two_workers_on_one_fan_out_send_each_message_once(app: Flask, world: Simulator) -> None:
    make_residents(world.subscribers(TEMPLATE, 40))
    number = make_fan_out()

    def work() -> None:
        with app.app_context():
            sender.run_fan_out(number)
            db.session.remove()

    assert at_once([work] * 4) == [None] * 4
    assert fan_out.counts(number)["sent"] == 40
    assert max(world.summary(SEND)["by_openid"].values()) == 1


def test_control_without_the_mark_before_the_call_all_get_two(world: Simulator) -> None:
    """The guard off: rows still read `ready` while the first worker's calls are out, so a second one sends them too."""
    openids = world.subscribers(TEMPLATE, 10)
    for openid in openids:
        world.subscribe(openid, TEMPLATE)
    make_residents(openids, credits=2)
    number = make_fan_out()
    for _ in range(2):
        send_all(number)
        with transaction() as session:
            session.execute(update(Delivery).values(state=DeliveryState.READY))
            session.execute(update(FanOut).values(state=FanOutState.RUNNING))
    assert set(world.summary(SEND)["by_openid"].values()) == {2}


def test_templates_keep_the_office_s_own_ids(world: Simulator) -> None:
    with transaction() as session:
        session.execute(update(NoticeTemplate).where(NoticeTemplate.key == "new_article").values(template_id="real"))
    assert content.load(CONTENT, {"new_article": "other"})["changed"] == 0
    assert db.session().scalar(select(NoticeTemplate.template_id).where(NoticeTemplate.key == "new_article")) == "real"


def test_a_notice_without_its_text_is_left_out_and_stops_nothing(world: Simulator) -> None:
    (resident,) = make_residents([world.new_user()])
    service.notify("no_such_text", resident, {}, object_type="shift", object_id=1)
    assert db.session().scalar(select(Delivery.id)) is None
