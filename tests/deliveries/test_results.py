"""Totals outlive the rows; a resend reaches only those who surely got nothing; quota and errors stop a fan-out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from sorting_miniapp import clock, state
from sorting_miniapp.database_time import database_now
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries import claims, ends, fan_out, quota, results, retention, sender, service
from sorting_miniapp.deliveries.models import Delivery, DeliveryState, DeliveryTotal, FanOut, FanOutState, Subscription
from sorting_miniapp.deliveries.results import Reason
from sorting_miniapp.errors import Conflict
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import NodeKind
from sorting_miniapp.wechat.errors import Retryable
from tests.deliveries.helpers import TEMPLATE, VALUES, make_fan_out, make_residents, send_all
from tests.simulator_process import SEND, Simulator

LONG_AGO = timedelta(days=400)


@pytest.fixture(autouse=True)
def fresh_numbers() -> Iterator[None]:
    state.forget()
    yield
    state.forget()


def age(number: int) -> None:
    """A fan-out of more than a year ago."""
    with transaction() as session:
        session.execute(update(Delivery).values(done_at=clock.wall_now() - LONG_AGO))
        session.execute(update(FanOut).where(FanOut.id == number).values(finished_at=clock.wall_now() - LONG_AGO))


def mixed(world: Simulator) -> int:
    """One of each end: 3 sent, 1 refused, 1 unknown, 2 failed."""
    people = world.subscribers(TEMPLATE, 6)
    make_residents([*people, world.new_user()])
    world.fault(SEND, "accepted_then_dropped", times=1)
    world.fault(SEND, "errcode", times=2, after=1, value=45168)
    number = make_fan_out()
    send_all(number)
    return number


def test_results_say_why_and_stay_when_the_rows_are_gone(world: Simulator) -> None:
    number = mixed(world)
    before = results.results(number)
    assert before.total == 7
    assert before.by_state[DeliveryState.SENT] == 3
    assert before.reasons == [
        Reason(DeliveryState.FAILED, "内容含有敏感词", 45168, 2),
        Reason(DeliveryState.REFUSED, "用户没有订阅，或已经退订", 43101, 1),
        Reason(DeliveryState.UNKNOWN, "没有收到微信的回答，是否已经成功不明", 0, 1),
    ]
    day = clock.local(clock.wall_now() - LONG_AGO).date()
    age(number)
    months, counts = results.by_month(day, day), fan_out.counts(number)
    assert sum(row.number for row in months) == 7
    assert retention.purge(180) == 7
    assert db.session().scalar(select(func.count(Delivery.id))) == 0
    assert results.results(number) == before
    assert results.by_month(day, day) == months
    assert fan_out.counts(number) == counts
    assert retention.purge(180) == 0


def test_totals_of_several_batches_add_up(world: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    number = mixed(world)
    before = results.results(number)
    age(number)
    assert retention.purge(180) == 7
    assert results.results(number) == before
    assert db.session().scalar(select(func.sum(DeliveryTotal.number))) == 7


def test_rows_of_a_paused_fan_out_and_young_ones_stay(world: Simulator) -> None:
    make_residents(world.subscribers(TEMPLATE, 2))
    number = make_fan_out()
    send_all(number)
    assert retention.purge(30) == 0
    age(number)
    with transaction() as session:
        session.execute(update(FanOut).values(state=FanOutState.PAUSED))
    assert retention.purge(30) == 0


def test_a_resend_reaches_only_those_who_surely_got_nothing(world: Simulator) -> None:
    number = mixed(world)
    known = dict(world.summary(SEND)["by_openid"])
    assert len(known) == 4, "three answers came, one was lost"
    assert fan_out.resendable(number) == 2
    assert fan_out.resend(number) == 2
    with pytest.raises(Conflict):
        fan_out.resend(number)
    send_all(number)
    after = world.summary(SEND)["by_openid"]
    assert after == known | dict.fromkeys(set(after) - set(known), 1)
    assert len(after) == 6
    counts = fan_out.counts(number)
    assert (counts["sent"], counts["failed"], counts["unknown"], counts["refused"]) == (5, 0, 1, 1)
    with pytest.raises(Conflict):
        fan_out.resend(number)
    assert fan_out.state(number)[0] is FanOutState.DONE


def test_a_resend_respects_credits(world: Simulator) -> None:
    number = mixed(world)
    with transaction() as session:
        session.execute(update(Subscription).values(credits=0))
    assert fan_out.resendable(number) == 0
    with pytest.raises(Conflict):
        fan_out.resend(number)
    assert fan_out.state(number)[0] is FanOutState.DONE
    assert fan_out.counts(number)["failed"] == 2


def test_a_used_up_quota_stops_everything_until_midnight(world: Simulator) -> None:
    people = world.subscribers(TEMPLATE, 30)
    residents = make_residents(people, credits=2)
    world.fault(SEND, "quota")
    number = make_fan_out()
    service.notify("new_article", residents[0], VALUES, object_type="a", object_id=1)
    send_all(number)
    asked = world.summary(SEND)["count"]
    assert asked <= 30
    assert fan_out.state(number) == (FanOutState.RUNNING, quota.WORDS)
    assert (fan_out.waiting(), claims.notices_waiting()) == ([], False)
    assert sender.send_notices() is False
    assert claims.claim(number, 10, 3.0) == []
    assert world.summary(SEND)["count"] == asked, "nobody asks again"
    assert set(db.session().scalars(select(Subscription.credits))) == {2}
    world.call("DELETE", "/_sim/faults")
    with transaction():  # midnight has come
        state.put(quota.NAME, int(clock.wall_now().timestamp() * 1000) - 1)
    assert fan_out.waiting() == [number]
    send_all(number)
    assert fan_out.counts(number)["sent"] == 30
    assert fan_out.state(number) == (FanOutState.DONE, "")


def test_errors_in_a_row_pause_it_also_over_several_slices(world: Simulator) -> None:
    node = orgs.add(None, "连州市", NodeKind.CITY, "test", key="city").id
    settings.write(node, "stop_after_errors", 5, "test")
    make_residents(world.subscribers(TEMPLATE, 3))
    world.fault(SEND, "busy")
    number = make_fan_out()
    send_all(number)
    assert fan_out.state(number)[0] is FanOutState.RUNNING, "three errors so far"
    with transaction() as session:
        session.execute(update(Delivery).values(not_before=None))
    send_all(number)
    paused, reason = fan_out.state(number)
    assert paused is FanOutState.PAUSED
    # The second three are told of together, or as their answers come in: then the fifth stops it.
    assert reason in {f"连续 {times} 次出错，已自动暂停：微信系统繁忙，稍后会再试（-1）" for times in (5, 6)}
    world.call("DELETE", "/_sim/faults")
    fan_out.resume(number)
    with transaction() as session:
        session.execute(update(Delivery).values(not_before=None))
    send_all(number)
    assert fan_out.counts(number)["sent"] == 3


def test_what_needs_a_person_pauses_it_at_once(world: Simulator) -> None:
    node = orgs.add(None, "连州市", NodeKind.CITY, "test", key="city").id
    settings.write(node, "send_in_flight", 16, "test")
    make_residents(world.subscribers(TEMPLATE, 100))
    world.fault(SEND, "errcode", value=43107)
    number = make_fan_out()
    send_all(number)
    paused, reason = fan_out.state(number)
    assert paused is FanOutState.PAUSED
    assert reason == "需要处理后再继续：消息模板或订阅消息能力被封禁，请登录微信后台查看（43107）"
    assert fan_out.counts(number)["ready"] == 100
    assert world.summary(SEND)["count"] < 100


def test_what_stops_a_slice_waits_for_the_calls_under_way(world: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first answer refuses the token and no new one is to be had, while the others are still on their way."""

    async def none_to_be_had(_self: object) -> None:
        raise Retryable(40001)

    monkeypatch.setattr(sender._Slice, "_new_token", none_to_be_had)
    make_residents(world.subscribers(TEMPLATE, 5))
    world.fault(SEND, "bad_token", times=1)
    world.fault(SEND, "latency", after=1, value=0.3)
    number = make_fan_out()
    sender.run_fan_out(number)
    assert (fan_out.counts(number)["sent"], fan_out.counts(number)["unknown"]) == (4, 0)
    assert fan_out.state(number)[1].startswith("访问凭证失效")


def test_a_call_that_comes_back_after_the_cancel_is_not_left_waiting(world: Simulator) -> None:
    make_residents(world.subscribers(TEMPLATE, 1))
    number = make_fan_out()
    (one,) = claims.claim(number, 1, 3.0)
    fan_out.cancel(number)
    sender.ends.record([sender.Result(one, sender.Outcome.RETRY, -1)])
    assert not fan_out.finished(number)
    fan_out.settle()
    assert fan_out.finished(number)
    assert fan_out.counts(number)["cancelled"] == 1


def test_the_rate_is_kept(world: Simulator, app: Flask) -> None:
    node = orgs.add(None, "连州市", NodeKind.CITY, "test", key="city").id
    settings.write(node, "send_rate", 20, "test")
    make_residents(world.subscribers(TEMPLATE, 12))
    number = make_fan_out()
    begun = clock.monotonic()
    send_all(number)
    assert fan_out.counts(number)["sent"] == 12
    assert clock.monotonic() - begun >= 0.5, "twelve at twenty a second"


def test_busy_is_tried_five_times_with_doubling_pauses(world: Simulator) -> None:
    people = world.subscribers(TEMPLATE, 1)
    make_residents(people)
    world.fault(SEND, "busy")
    number = make_fan_out()
    for tries in range(1, ends.TRIES):
        with transaction() as session:
            session.execute(update(Delivery).values(not_before=None))
        begun = database_now()
        send_all(number)
        moment = db.session().scalar(select(Delivery.not_before))
        assert moment is not None
        pause = timedelta(seconds=2**tries)
        assert begun + pause <= moment <= database_now() + pause
        assert world.summary(SEND)["count"] == tries
    with transaction() as session:
        session.execute(update(Delivery).values(not_before=None))
    send_all(number)
    assert world.summary(SEND)["count"] == 5
    assert fan_out.counts(number)["failed"] == 1
    assert list(db.session().scalars(select(Subscription.credits))) == [1], "known not to have been sent"
    send_all(number)
    assert world.summary(SEND)["count"] == 5
