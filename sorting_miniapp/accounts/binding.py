"""Staff on the phone: a member of staff binds WeChat accounts of their own (design.md §6).

The console shows a code, once and for ten minutes. Typed or scanned in the mini-program it binds that resident, so that
staff take attendance there; sent to the official account it binds that follower, so that previews reach them. Where
both accounts share a unionid, the first is enough for both.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts import sessions, staff
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Resident, Staff
from sorting_miniapp.accounts.models_binding import BindingKind, StaffBindCode, StaffBinding
from sorting_miniapp.accounts.staff_admin import LETTERS
from sorting_miniapp.crypto import keyring
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.wechat.events import Event
from sorting_miniapp.wechat.models import Follower

LASTS = timedelta(minutes=10)
LONG = 8  # 31 letters: 40 bits, of which one is right for ten minutes
NO_CODE = Invalid("bind_code", "绑定码不对或已过期，请在管理后台“我的微信绑定”重新生成")


@dataclass(frozen=True)
class Bound:
    """A member of staff as the resident bound to them sees it."""

    name: str
    bound_at: datetime


def new_code(actor: StaffActor) -> tuple[str, datetime]:
    """A code that binds to this member of staff, and when it ends; the one before no longer works."""
    code, ends = "".join(secrets.choice(LETTERS) for _ in range(LONG)), clock.wall_now() + LASTS
    with transaction() as session:
        session.execute(delete(StaffBindCode).where(StaffBindCode.staff_id == actor.id))
        row = {"staff_id": actor.id, "fingerprint": _fingerprint(code), "expires_at": ends}
        session.execute(insert(StaffBindCode).values(**row))
    return f"{code[:4]}-{code[4:]}", ends


def _fingerprint(code: str) -> str:
    """People type in capitals, with spaces, with or without the dash."""
    return keyring().index("staff-binding:" + "".join(c for c in code.lower() if c.isalnum()))


def bind_resident(resident_id: int, code: str) -> Bound:
    """Bind the resident who shows the code. Raises Invalid bind_code, Conflict account_bound."""
    _bind(code, BindingKind.MINI, resident_id=resident_id)
    found = of_resident(resident_id)
    assert found is not None
    return found


def on_text(event: Event) -> None:
    """A text to the official account: nothing but a code binds whoever sent it; any other text is left alone."""
    said = str(event.body.get("Content", ""))[:40]
    if event.account == "official" and event.user and len(said.strip()) in (LONG, LONG + 1):
        try:
            _bind(said, BindingKind.OFFICIAL, openid=event.user)
        except (Invalid, Conflict):
            return


def _bind(code: str, kind: BindingKind, resident_id: int | None = None, openid: str | None = None) -> None:
    with transaction() as session:
        staff_id, username = _use(session, code)
        _end(session, staff_id, kind)
        account = StaffBinding.resident_id == resident_id if resident_id else StaffBinding.openid == openid
        if session.scalar(select(StaffBinding.id).where(account, StaffBinding.live == 1)):
            raise Conflict("account_bound", "这个微信已绑定别的工作人员，请先解除")
        row = {"staff_id": staff_id, "kind": kind, "resident_id": resident_id, "openid": openid}
        try:
            session.execute(insert(StaffBinding).values(**row, live=1, bound_at=clock.now()))
        except IntegrityError as error:
            raise Conflict("account_bound", "这个微信刚刚绑定了别的工作人员") from error
        audit.record(username, "staff.bind_wechat", "staff", staff_id, after={"bound": kind.value})


def _use(session: Session, code: str) -> tuple[int, str]:
    """Whose code it is, and the code is gone: of two who show it at once one gets it. Raises Invalid bind_code."""
    row = session.execute(
        select(StaffBindCode.staff_id, Staff.username)
        .join(Staff, Staff.id == StaffBindCode.staff_id)
        .where(
            StaffBindCode.fingerprint == _fingerprint(code),
            StaffBindCode.expires_at > clock.wall_now(),
            Staff.active,
        )
    ).first()
    used = delete(StaffBindCode).where(StaffBindCode.fingerprint == _fingerprint(code))
    if row is None or session.execute(used).rowcount != 1:  # type: ignore[attr-defined]
        raise NO_CODE
    return row.staff_id, row.username


def _end(session: Session, staff_id: int, kind: BindingKind | None = None) -> int:
    """End the live bindings (of one kind); returns how many there were."""
    live = update(StaffBinding).where(StaffBinding.staff_id == staff_id, StaffBinding.live == 1)
    live = live if kind is None else live.where(StaffBinding.kind == kind)
    return int(session.execute(live.values(live=None, ended_at=clock.now())).rowcount)  # type: ignore[attr-defined]


def release(actor: StaffActor, staff_id: int) -> None:
    """End a person's bindings and code: one's own, or as administrator over them; audited. Raises NotFound."""
    with transaction() as session:
        if staff_id != actor.id:
            staff.require_over(staff_id, actor)
        session.execute(delete(StaffBindCode).where(StaffBindCode.staff_id == staff_id))
        if not _end(session, staff_id):
            raise NotFound("not_bound", "没有绑定的微信")
        audit.record(actor.username, "staff.unbind_wechat", "staff", staff_id)


def leave(resident_id: int) -> None:
    """The resident ends the binding from the mini-program; audited. Raises NotFound."""
    with transaction() as session:
        row = _live(resident_id)
        if row is None:
            raise NotFound("not_bound", "这个微信没有绑定工作人员账号")
        _end(session, row.staff_id, BindingKind.MINI)
        audit.record(
            row.username, "staff.unbind_wechat", "staff", row.staff_id, before={"bound": BindingKind.MINI.value}
        )


def _live(resident_id: int) -> Row[*tuple[Any, ...]] | None:
    query = (
        select(StaffBinding.staff_id, StaffBinding.bound_at, Staff.username, Staff.name)
        .join(Staff, Staff.id == StaffBinding.staff_id)
        .where(StaffBinding.resident_id == resident_id, StaffBinding.live == 1, Staff.active)
    )
    return db.session().execute(query).first()


def of_resident(resident_id: int) -> Bound | None:
    """Which member of staff the resident is, if any."""
    row = _live(resident_id)
    return Bound(row.name, row.bound_at) if row else None


def staff_of(resident_id: int) -> StaffActor | None:
    """The member of staff whom the resident is, with their roles now; None for everybody else."""
    row = _live(resident_id)
    return StaffActor(row.staff_id, row.username, row.name, sessions.grants_of(row.staff_id)) if row else None


def of_staff(staff_id: int) -> dict[BindingKind, StaffBinding]:
    """A person's live bindings by kind."""
    query = select(StaffBinding).where(StaffBinding.staff_id == staff_id, StaffBinding.live == 1)
    return {row.kind: row for row in db.session().scalars(query)}


def staff_wechat(staff_id: int) -> str | None:
    """The openid under which the official account reaches this member of staff; None: nothing can be sent to them.

    The one they bound by a message to it, else the follower with the bound resident's unionid. Who no longer follows
    is not reached.
    """
    bound = of_staff(staff_id)
    if own := bound.get(BindingKind.OFFICIAL):
        gone = select(Follower.openid).where(Follower.openid == own.openid, Follower.follows.is_(False))
        return None if db.session().scalar(gone) else own.openid
    if (mini := bound.get(BindingKind.MINI)) is None:
        return None
    query = (
        select(Follower.openid)
        .join(Resident, Resident.unionid == Follower.unionid)
        .where(Resident.id == mini.resident_id, Resident.unionid != "", Follower.follows)
        .order_by(Follower.changed_at.desc(), Follower.openid)
    )
    return db.session().scalar(query.limit(1))
