"""Subscribers and fan-outs for tests of sending."""

from __future__ import annotations

from sorting_miniapp import clock
from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.db import new_public_id, transaction
from sorting_miniapp.deliveries import fan_out, sender, subscriptions
from sorting_miniapp.deliveries.models import Subscription

TEMPLATE = "sim_new_article"


VALUES = {"title": "厨余垃圾怎么分", "time": "2026-05-20 09:00", "remark": "点击阅读"}


def make_residents(openids: list[str], credits: int = 1, key: str = "new_article") -> list[int]:
    with transaction() as session:
        rows = [Resident(public_id=new_public_id(), openid=o, nickname="", created_at=clock.now()) for o in openids]
        session.add_all(rows)
        session.flush()
        session.add_all(
            Subscription(notice_key=key, resident_id=row.id, credits=credits, changed_at=clock.now()) for row in rows
        )
        session.flush()
        return [row.id for row in rows]


def make_fan_out() -> int:
    with transaction():
        return fan_out.create("new_article", VALUES, "1", subscriptions.audience("new_article"))


def send_all(fan_out_id: int) -> None:
    while sender.run_fan_out(fan_out_id):
        pass
