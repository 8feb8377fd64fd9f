"""A push goes out once, through the real simulator, with lost answers, killed workers, jumping clocks (design.md)."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from sorting_miniapp import clock, epoch, state
from sorting_miniapp.articles import (
    accounts,
    handover,
    push_claim,
    push_run,
    push_steps,
    push_watch,
    pushes,
    reviews,
    writing,
)
from sorting_miniapp.articles.audience import Target
from sorting_miniapp.articles.models import AccountKind, Article, Channel, Push, PushState
from sorting_miniapp.database_time import database_now
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries import claims, fan_out, sender
from sorting_miniapp.deliveries.models import Delivery
from sorting_miniapp.errors import Conflict, Invalid
from tests.articles.conftest import NINE, TEMPLATE, TEXT, Desk
from tests.articles.helpers import MASS, rested, run_to_the_end, the_push
from tests.deliveries.helpers import make_residents
from tests.simulator_process import SEND

DRAFT = "/cgi-bin/draft/add"


def sent(desk: Desk) -> dict[str, int]:
    return dict(desk.simulator.summary(MASS)["by_errcode"])


def test_a_mass_send_goes_out_once_with_slogans_and_shows_the_article(desk: Desk) -> None:
    push_id = pushes.plan(desk.editor, desk.approved(), Channel.MASS, NINE + timedelta(hours=1))
    assert push_claim.waiting() == [], "not before its time"
    desk.hands.at(NINE + timedelta(hours=1, seconds=1))
    push = run_to_the_end(push_id)
    assert push.state is PushState.SENT
    assert push.remote_id
    assert sent(desk) == {"0": 1}
    body = desk.simulator.received(DRAFT)[0]["body"]["articles"][0]
    assert body["title"] == TEXT.title
    assert push.head_id
    assert push.foot_id
    assert body["content"].count("<section>") == 4
    assert db.session().get_one(Article, push.article_id).published_version_id == push.version_id
    push_run.run(push_id)
    assert sent(desk) == {"0": 1}


def test_an_answer_that_is_lost_leads_to_no_second_mass_send(desk: Desk) -> None:
    push_id = pushes.plan(desk.editor, desk.approved(), Channel.MASS, NINE)
    desk.simulator.fault(MASS, "accepted_then_dropped", times=1)
    push = run_to_the_end(push_id)
    assert push.state is PushState.SENT
    assert sent(desk) == {"0": 1, "45065": 1}, "the second call is told of the first one's job"


def test_without_the_message_key_a_lost_answer_is_a_second_mass_send(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the same fault with clientmsgid and draft made anew at each try."""
    desk = sqlite_desk
    desk.simulator.settings(mass_daily_quota=10)
    push_id = pushes.plan(desk.editor, desk.approved(), Channel.MASS, NINE)
    real = push_claim._values

    def forgetful(session: object, push: Push) -> push_claim.Claimed:
        found = real(session, push)  # type: ignore[arg-type]
        return found if found.remote_id else replace(found, clientmsgid=os.urandom(12).hex(), draft_id="")

    monkeypatch.setattr(push_claim, "_values", forgetful)
    desk.simulator.fault(MASS, "accepted_then_dropped", times=1)
    run_to_the_end(push_id)
    assert sent(desk) == {"0": 2}


@pytest.mark.parametrize("point", ["before_post", "after_post_before_commit", "after_draft_before_commit"])
def test_a_worker_killed_in_mid_call_is_taken_over_and_nothing_is_doubled(
    desk: Desk, point: str, tmp_path: Path
) -> None:
    push_id = pushes.plan(desk.editor, desk.approved(), Channel.MASS, NINE)
    db.session().commit()
    settings = desk.app.extensions["settings"]
    code = (
        "from datetime import timedelta; from sorting_miniapp import clock\n"
        f"clock.use_offset(lambda: timedelta(seconds={clock.offset().total_seconds()}))\n"
        "from sorting_miniapp.app import create_app; from sorting_miniapp.articles import push_run\n"
        "app = create_app()\n"
        f"clock.use_offset(lambda: timedelta(seconds={clock.offset().total_seconds()}))\n"
        f"with app.app_context(): push_run.run({push_id})\n"
    )
    from tests.conftest import base_environ

    environ = base_environ(settings.instance_path) | {
        "DATABASE_URL": settings.database_url,
        "WECHAT_API_BASE": desk.simulator.url,
        "CRASH_AT": point,
    }
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, **environ}, capture_output=True, timeout=60)
    assert done.returncode == 137, done.stderr.decode()
    assert the_push(push_id).state is PushState.SENDING
    assert push_claim.waiting() == [], "the lease still runs"
    with transaction() as session:
        session.execute(update(Push).where(Push.id == push_id).values(lease_until=clock.wall_now() - timedelta(days=1)))
    push = run_to_the_end(push_id)
    assert push.state is PushState.SENT
    assert sent(desk)["0"] == 1


def test_a_worker_that_lost_its_lease_changes_no_row(desk: Desk) -> None:
    push_id = pushes.plan(desk.editor, desk.approved(), Channel.MASS, NINE)
    first = push_claim.claim(push_id)
    assert first
    assert push_claim.claim(push_id) is None, "another worker has it"
    with transaction() as session:
        session.execute(update(Push).where(Push.id == push_id).values(lease_until=clock.wall_now() - timedelta(days=1)))
    second = push_claim.claim(push_id)
    assert second
    with pytest.raises(push_claim.Lost):
        push_claim.store(first, remote_id="late")
    push_claim.store(second, remote_id="1")
    assert the_push(push_id).remote_id == "1"


def test_overdue_and_jumped_pushes_wait_for_a_person_who_decides(desk: Desk) -> None:
    desk.simulator.settings(mass_daily_quota=10)
    overdue = pushes.plan(desk.editor, desk.approved(), Channel.MASS, NINE + timedelta(hours=1))
    desk.hands.at(NINE + timedelta(hours=3, minutes=1))
    push_run.run(overdue)
    assert the_push(overdue).state is PushState.HELD
    assert "宽限" in the_push(overdue).reason
    assert sent(desk) == {}
    assert [push.id for push, _ in pushes.held(desk.editor.branches(), 9)] == [overdue]
    pushes.send_now(desk.editor, overdue)
    assert run_to_the_end(overdue).state is PushState.SENT
    tomorrow = clock.now() + timedelta(days=1)
    jumped = pushes.plan(desk.editor, desk.approved(), Channel.MASS, tomorrow)
    desk.hands.at(clock.local(tomorrow + timedelta(minutes=5)))
    assert push_watch.hold_jumped(86_700.0) == 1
    assert the_push(jumped).state is PushState.HELD
    pushes.close(desk.editor, jumped)
    assert the_push(jumped).state is PushState.MISSED
    unattended = pushes.plan(desk.editor, desk.approved(), Channel.PUBLISH, clock.now() + timedelta(hours=1))
    desk.hands.at(clock.local(clock.now() + timedelta(hours=4)))
    assert push_watch.hold_overdue() == 1
    assert the_push(unattended).state is PushState.HELD


def test_a_change_sends_a_waiting_push_back_to_its_reviews(desk: Desk) -> None:
    article = desk.approved()
    push_id = pushes.plan(desk.editor, article, Channel.MASS, NINE + timedelta(minutes=10))
    writing.save(desk.editor, article, desk.column, replace(TEXT, markdown="第二稿"), seen=1)
    assert the_push(push_id).state is PushState.PENDING_REVIEW
    writing.submit(desk.editor, article)
    desk.hands.at(NINE + timedelta(minutes=11))
    assert push_claim.waiting() == [], "an unapproved text never goes out"
    for reviewer in desk.reviewers:
        reviews.decide(reviewer, article, 2, True, "")
    assert run_to_the_end(push_id).state is PushState.SENT
    assert "第二稿" in desk.simulator.received(DRAFT)[0]["body"]["articles"][0]["content"]


def test_wechats_refusals_and_the_administrators_confirmation(desk: Desk) -> None:
    desk.simulator.fault(MASS, "quota", times=1)
    push_id = pushes.plan(desk.editor, desk.approved(), Channel.MASS, NINE)
    push = run_to_the_end(push_id)
    assert push.state is PushState.HELD
    assert "次数已经用完" in push.reason
    desk.simulator.fault(MASS, "busy", times=2)
    pushes.send_now(desk.editor, push_id)
    assert run_to_the_end(push_id).state is PushState.SENT
    assert sent(desk)["0"] == 1


def test_a_second_try_within_the_minute_waits_and_then_learns_that_it_was_sent(desk: Desk) -> None:
    """WeChat answers 45066 to one clientmsgid twice in a minute, and 45065 with the first job's number after it."""
    desk.simulator.settings(mass_retry_wait=60)
    desk.simulator.fault(MASS, "accepted_then_dropped", times=1)
    push_id = pushes.plan(desk.editor, desk.approved(), Channel.MASS, NINE)
    push_run.run(push_id)
    rested(push_id)
    begun = database_now()
    push_run.run(push_id)
    assert sent(desk).get("45066") == 1, sent(desk)
    push = the_push(push_id)
    assert push.state is PushState.SENDING
    assert "45066" in push.reason
    assert push.not_before is not None
    assert push.not_before >= begun + timedelta(minutes=1)
    push_run.run(push_id)
    assert sent(desk)["45066"] == 1, "nobody asks before the minute is over"
    desk.simulator.advance(61)
    assert run_to_the_end(push_id).state is PushState.SENT
    assert sent(desk)["45065"] == 1
    assert len(desk.simulator.jobs()["mass"]) == 1


def test_publishing_takes_its_address_and_a_lost_answer_waits_for_a_person(desk: Desk) -> None:
    good = pushes.plan(desk.editor, desk.approved(), Channel.PUBLISH, NINE)
    push = run_to_the_end(good)
    assert push.state is PushState.SENT
    assert push.url.startswith("https://mp.weixin.qq.com/s/")
    desk.simulator.fault("/cgi-bin/freepublish/submit", "busy", times=1)
    busy = pushes.plan(desk.editor, desk.approved(), Channel.PUBLISH, NINE)
    assert run_to_the_end(busy).state is PushState.SENT, "known not to have happened: tried again"
    desk.simulator.fault("/cgi-bin/freepublish/submit", "accepted_then_dropped", times=1)
    lost = pushes.plan(desk.editor, desk.approved(), Channel.PUBLISH, NINE)
    assert run_to_the_end(lost).state is PushState.HELD
    with pytest.raises(Conflict, match="maybe_sent"):
        pushes.send_now(desk.editor, lost)
    offered = [step.key for step in push_steps.steps(the_push(lost))]
    assert (offered, push_steps.may_replan(the_push(lost))) == (["close", "cancel"], False), "nothing that is refused"
    assert "先到公众号后台核对" in push_steps.sentence(the_push(lost))
    with pytest.raises(Invalid):
        handover.confirm_sent(desk.editor, lost, "javascript:alert(1)")
    handover.confirm_sent(desk.editor, lost, "https://mp.weixin.qq.com/s/abc")
    assert the_push(lost).state is PushState.SENT


def test_subscribe_messages_reach_each_subscriber_once_and_an_empty_audience_is_done(desk: Desk) -> None:
    empty = pushes.plan(desk.editor, desk.approved(), Channel.SUBSCRIBE, NINE)
    assert run_to_the_end(empty).state is PushState.SENT
    people = desk.simulator.subscribers(TEMPLATE, 20)
    make_residents(people)
    make_residents([desk.simulator.new_user()])  # a credit we believe in and WeChat does not know
    push_id = pushes.plan(desk.editor, desk.approved(), Channel.SUBSCRIBE, NINE)
    push_run.run(push_id)
    push = the_push(push_id)
    assert push.fan_out_id
    pushes.pause(desk.editor, push_id)
    assert fan_out.waiting() == []
    pushes.resume(desk.editor, push_id)
    while sender.run_fan_out(push.fan_out_id):
        pass
    assert push_watch.settle() == 1
    push = the_push(push_id)
    assert push.state is PushState.SENT
    assert pushes.counts(push) | {"sent": 20, "refused": 1} == pushes.counts(push)
    assert desk.simulator.summary(SEND)["by_openid"] == dict.fromkeys(people, 1)
    with pytest.raises(Conflict):
        pushes.cancel(desk.editor, push_id)


def test_a_handed_over_article_is_closed_with_its_address(desk: Desk) -> None:
    with pytest.raises(Invalid, match="account_id"):
        pushes.plan(desk.editor, desk.approved(), Channel.HANDOVER, NINE)
    account = accounts.save(desk.editor, accounts.Details("连州发布", "市委宣传部", "", AccountKind.SERVICE))
    push_id = pushes.plan(desk.editor, desk.approved(), Channel.HANDOVER, NINE, Target(account_id=account))
    assert run_to_the_end(push_id).state is PushState.MANUAL
    handover.confirm_sent(desk.editor, push_id, "https://mp.weixin.qq.com/s/other")
    assert the_push(push_id).state is PushState.SENT


def test_a_restored_backup_sends_nothing_until_it_is_declared(desk: Desk) -> None:
    people = desk.simulator.subscribers(TEMPLATE, 3)
    make_residents(people)
    push_id = pushes.plan(desk.editor, desk.approved(), Channel.SUBSCRIBE, NINE)
    waiting = pushes.plan(desk.editor, desk.approved(), Channel.MASS, NINE)
    push_run.run(push_id)
    before = epoch.in_database()
    number = the_push(push_id).fan_out_id
    assert number
    while sender.run_fan_out(number):
        pass
    assert desk.simulator.summary(SEND)["count"] == 3
    # The database as it was before the messages went out; this host's file remembers.
    with transaction() as session:
        session.execute(update(Delivery).values(state="ready", fence=0))
        session.execute(update(fan_out.FanOut).values(state="running", finished_at=None))
        state.put(state.EPOCH, before)
    assert epoch.behind()
    assert claims.claim(number, 10, 3.0) == []
    push_run.run(waiting)
    assert sent(desk) == {}
    assert push_watch.restored() == 2
    assert not epoch.behind()
    assert {push.state for push in db.session().scalars(select(Push))} == {PushState.HELD}
    assert desk.simulator.summary(SEND)["count"] == 3
    pushes.cancel(desk.editor, push_id)
    assert fan_out.waiting() == []
