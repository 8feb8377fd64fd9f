"""People whom a notice did not reach: the list to be phoned, and phoning in the console."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries.models import Delivery, DeliveryState
from sorting_miniapp.errors import Conflict, Forbidden, NotFound
from sorting_miniapp.events import planning, unreached
from sorting_miniapp.events.models_day import CallOutcome
from tests.console.helpers import post, sign_in
from tests.events.helpers import NINE, Hands, Made, World, make_event, make_people, signed
from tests.hours.helpers import make_volunteer

HOUR = timedelta(hours=1)


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
    assert "13800000001" in post(client, f"{url}/{row.delivery_id}/phone", 200)
    assert "请选择结果" in post(client, f"{url}/{row.delivery_id}/call", 422, outcome="maybe")
    post(client, f"{url}/{row.delivery_id}/call", outcome="reached", note="已知悉")
    page = client.get(url).get_data(as_text=True)
    assert "已电话通知" in page
    assert "还有 0 人没有通知到" in page
