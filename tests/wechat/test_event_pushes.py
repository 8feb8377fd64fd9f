"""Events about publishing and mass sends: they hurry the poll and tell what was reached."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from sorting_miniapp import clock
from sorting_miniapp.accounts import service as accounts
from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.articles import push_run, pushes
from sorting_miniapp.articles.models import Channel, Push, PushState
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries.models import DeliveryState
from sorting_miniapp.wechat.models import EventState, WeChatEvent
from tests.articles.conftest import NINE, Desk, desk, simulator
from tests.wechat.gateway_helpers import with_tokens
from tests.wechat.odd_server import serving
from tests.wechat.office import SENT, Office, ended, made_delivery, work
from tests.wechat.pushing import push

__all__ = ["desk", "simulator"]


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


def test_the_numbers_wait_for_a_push_that_does_not_know_its_job_yet(desk: Desk) -> None:
    """The administrator confirms, WeChat sends and says so; only our next try learns the job's number."""
    push_id = planned(desk, Channel.MASS)
    with transaction() as session:
        session.get_one(Push, push_id).called_at = clock.wall_now()
        session.get_one(Push, push_id).state = PushState.AWAITING_ADMIN
    told = {"MsgID": "3147", "Status": "send success", "TotalCount": 100, "SentCount": 75}
    push(desk.app.test_client(), "official", {"Event": "MASSSENDJOBFINISH", **told})
    work()
    assert look(push_id).reached is None
    with transaction() as session:
        session.get_one(Push, push_id).remote_id = "3147"
        session.execute(update(WeChatEvent).values(not_before=None))
    work()
    assert (look(push_id).followers, look(push_id).reached) == (100, 75)


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
