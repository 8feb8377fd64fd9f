"""Pictures that WeChat is asked about: the answer comes later, as an event, and silence is never a pass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from blinker import Signal
from sqlalchemy import insert, select, update

from sorting_miniapp import clock
from sorting_miniapp.db import db, transaction
from sorting_miniapp.wechat import mini
from sorting_miniapp.wechat.events import Event, Later
from sorting_miniapp.wechat.mini_program import MediaKind, Scene
from sorting_miniapp.wechat.models import MediaCheck, MediaState

PATIENCE = timedelta(minutes=30)  # Tencent: the result comes within half an hour
NOT_FETCHED = "4294966288"  # the older shape's status code for a file that WeChat could not download
SUGGESTED = {"pass": MediaState.PASS, "review": MediaState.REVIEW, "risky": MediaState.RISKY}
media_checked = Signal("a picture was checked; sent inside the transaction with checked: Checked")


@dataclass(frozen=True)
class Checked:
    """What was found out about the picture of an object."""

    object_type: str
    object_id: str
    state: MediaState


def ask(openid: str, url: str, scene: Scene, object_type: str, object_id: object) -> None:
    """Ask about the picture at a public address on behalf of who sent it. Not in a transaction. Raises WeChatError."""
    trace_id = mini().check_media(openid, url, MediaKind.IMAGE, scene)
    with transaction() as session:
        session.execute(
            insert(MediaCheck).values(
                trace_id=trace_id,
                object_type=object_type,
                object_id=str(object_id),
                state=MediaState.PENDING,
                label=0,
                asked_at=clock.wall_now(),
            )
        )


def state_of(object_type: str, object_id: object) -> MediaState | None:
    """The newest check of an object's picture; None where none was asked for."""
    return db.session().scalar(
        select(MediaCheck.state)
        .where(MediaCheck.object_type == object_type, MediaCheck.object_id == str(object_id))
        .order_by(MediaCheck.asked_at.desc(), MediaCheck.trace_id)
        .limit(1)
    )


def on_result(event: Event) -> None:
    """wxa_media_check, in the new shape (result.suggest) and the older one (isrisky, status_code)."""
    trace_id = str(event.body.get("trace_id", ""))
    result = event.body.get("result")
    if isinstance(result, dict):
        state = SUGGESTED.get(str(result.get("suggest")), MediaState.REVIEW)
        said = str(result.get("label", ""))
    else:
        fetched = event.body.get("status_code") != NOT_FETCHED
        risky = {"0": MediaState.PASS, "1": MediaState.RISKY}.get(str(event.body.get("isrisky")), MediaState.REVIEW)
        state, said = (risky if fetched else MediaState.REVIEW), ""
    label = int(said) if said.isascii() and said.isdigit() and len(said) < 9 else 0
    if not _settle(trace_id, state, label) and not event.last:
        raise Later  # the event overtook the row, which is written once the answer is here


def _settle(trace_id: str, state: MediaState, label: int) -> bool:
    """False where no such check is known. A late answer replaces what was assumed when none came."""
    with transaction() as session:
        row = session.get(MediaCheck, trace_id, with_for_update=True)
        if row is None:
            return False
        if row.state is not state:
            row.state, row.label, row.done_at = state, label, clock.wall_now()
            media_checked.send(checked=Checked(row.object_type, row.object_id, state))
        return True


def give_up() -> int:
    """Pictures without an answer after half an hour are left to a person. Returns how many."""
    with transaction() as session:
        late = (MediaCheck.state == MediaState.PENDING, MediaCheck.asked_at < clock.wall_now() - PATIENCE)
        rows = session.execute(
            select(MediaCheck.trace_id, MediaCheck.object_type, MediaCheck.object_id).where(*late).with_for_update()
        ).all()
        for row in rows:
            session.execute(
                update(MediaCheck)
                .where(MediaCheck.trace_id == row.trace_id)
                .values(state=MediaState.REVIEW, done_at=clock.wall_now())
            )
            media_checked.send(checked=Checked(row.object_type, row.object_id, MediaState.REVIEW))
    return len(rows)
