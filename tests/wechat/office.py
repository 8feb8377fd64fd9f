"""An app with its notices and a resident, and what the worker does with subscribe events about them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from sorting_miniapp import clock
from sorting_miniapp.accounts import service as accounts
from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries import content, fan_out, subscriptions
from sorting_miniapp.deliveries.models import Delivery, DeliveryState, Subscription
from sorting_miniapp.wechat import events
from tests.wechat.pushing import push

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


def made_delivery(office: Office, state: DeliveryState, msgid: str = "") -> int:
    """A fan-out's one delivery in this state."""
    subscriptions.answer(office.resident_id, {TEMPLATE: "accept"})
    with transaction() as session:
        number = fan_out.create("new_article", {"title": "题"}, "1", subscriptions.audience("new_article"))
        values = {"state": state, "msgid": msgid, "done_at": clock.now()}
        session.execute(update(Delivery).where(Delivery.fan_out_id == number).values(**values))
    return number


def ended(code: str, msgid: str = "9001", status: str = "success") -> dict[str, str]:
    return {"TemplateId": TEMPLATE, "MsgID": msgid, "ErrorCode": code, "ErrorStatus": status}
