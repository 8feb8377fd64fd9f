"""Schedulers and workers as they would be without the guards of sending; each patch must lead to a loss or a double.

The forked processes of tests/faults apply them before they begin.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import update

from sorting_miniapp.articles import push_claim
from sorting_miniapp.articles.models import Push
from sorting_miniapp.database_time import database_now
from sorting_miniapp.db import transaction
from sorting_miniapp.deliveries import claims, ends
from sorting_miniapp.deliveries.claims import TABLE
from sorting_miniapp.deliveries.models import DeliveryState

flying: set[int] = set()


def no_message_key() -> None:
    """Every try of a mass send has a clientmsgid and a draft of its own."""
    real = push_claim._values

    def forgetful(session: Any, push: Push) -> push_claim.Claimed:
        found = real(session, push)
        return found if found.remote_id else replace(found, clientmsgid=os.urandom(12).hex(), draft_id="")

    push_claim._values = forgetful


def no_mark_before_the_call() -> None:
    """Deliveries stay `ready` until their answer is written: only this process knows that they are under way."""
    ready = claims._ready
    claims._goes_at_once = lambda _session: False

    def others(session: Any, fan_out_id: int | None, most: int) -> Sequence[Any]:
        return [row for row in ready(session, fan_out_id, most + len(flying)) if row[0] not in flying][:most]

    claims._ready = others
    claims._mark = lambda _session, taken, _lease: flying.update(one.id for one in taken)

    def record_sent(session: Any, sent: Sequence[ends.Result]) -> None:
        own = (TABLE.c.id.in_([one.claimed.id for one in sent]), TABLE.c.state == DeliveryState.READY)
        session.connection().execute(update(TABLE).where(*own).values(state=DeliveryState.SENT, done_at=database_now()))

    ends._record_sent = record_sent


def no_fence() -> None:
    """Whoever once claimed a push writes and goes on, whoever has it now."""

    def store(claimed: push_claim.Claimed, **values: Any) -> None:
        with transaction() as session:
            session.execute(update(Push).where(Push.id == claimed.id).values(**values))

    from sorting_miniapp.articles import push_run

    push_claim.store = push_run.store = store


def sweep_into_the_queue() -> None:
    """What a dead worker had under way is sent again."""

    def sweep() -> int:
        lost = (TABLE.c.state == DeliveryState.SENDING, TABLE.c.lease_until < database_now())
        with transaction() as session:
            values = {"state": DeliveryState.READY, "lease_until": None}
            return int(session.connection().execute(update(TABLE).where(*lost).values(values)).rowcount)

    ends.sweep = sweep


def sent_before_the_call() -> None:
    """The checkpoint stands before the call: a delivery counts as sent when it is claimed."""

    def mark(session: Any, taken: Sequence[claims.Claimed], _lease: float) -> None:
        own = TABLE.c.id.in_([one.id for one in taken])
        session.connection().execute(update(TABLE).where(own).values(state=DeliveryState.SENT, done_at=database_now()))

    claims._goes_at_once = lambda _session: False
    claims._mark = mark
