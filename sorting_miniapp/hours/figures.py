"""The hours' part of the front page's figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from sorting_miniapp.db import db
from sorting_miniapp.hours.models import HoursLedger, ServiceRecord
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within


def between(start: datetime, end: datetime, branches: Sequence[str]) -> dict[str, int]:
    """`minutes`: the ledger's sum of rows written in [start, end) for records of the branches."""
    total = db.session().scalar(
        select(func.sum(HoursLedger.minutes))
        .join(ServiceRecord, ServiceRecord.id == HoursLedger.record_id)
        .join(Node, Node.id == ServiceRecord.node_id)
        .where(HoursLedger.at >= start, HoursLedger.at < end, within(Node.path, branches))
    )
    return {"minutes": int(total or 0)}
