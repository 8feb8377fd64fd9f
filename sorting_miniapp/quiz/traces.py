"""Traces of where a contest was played from: keyed hashes, never the address or the telephone themselves.

They tell one network, or one model of telephone in one network, apart from another within one contest and nothing
else: the contest's name goes into the hash, so that no person can be followed from one contest to the next. They are
emptied some days after the contest (setting contest_trace_days).
"""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import or_, select, update

from sorting_miniapp import clock, crypto
from sorting_miniapp.db import transaction
from sorting_miniapp.orgs import settings
from sorting_miniapp.quiz import bank
from sorting_miniapp.quiz.attempts import TABLE
from sorting_miniapp.quiz.models import Quiz, QuizKind

LENGTH = 32
# WeChat names the kind of network in the user agent; it changes while the telephone stays the same.
_CHANGING = re.compile(r"NetType/\S+")


def marks(slug: str, address: str, agent: str) -> tuple[str | None, str | None]:
    """(hash of the network address, hash of address and model) for a start in this contest; None for other quizzes."""
    found = bank.find(slug)
    if found is None or found.kind != QuizKind.CONTEST or not address:
        return None, None
    index = crypto.keyring().index
    model = _CHANGING.sub("", agent).strip()
    return index(f"{slug} {address}")[:LENGTH], index(f"{slug} {address} {model}")[:LENGTH]


def purge() -> int:
    """Empty the traces of contests that ended long enough ago. Returns of how many attempts."""
    end = clock.now() - timedelta(days=int(settings.read("contest_trace_days")))
    old = select(Quiz.id).where(Quiz.closes_at < end)
    with transaction() as session:
        emptied = session.execute(
            update(TABLE)
            .where(TABLE.c.address_mark.is_not(None), or_(TABLE.c.quiz_id.in_(old), TABLE.c.started_at < end))
            .values(address_mark=None, device_mark=None)
        )
        return int(emptied.rowcount)  # type: ignore[attr-defined]
