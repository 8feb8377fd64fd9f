"""What is scanned or typed: the organiser's code by a resident, a resident's own code by staff or a shift's leader."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Row, Table, bindparam, select

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.events import printed, registers, tokens
from sorting_miniapp.events.attendance import OPENS_BEFORE, OUT_GRACE, PRESENT, Mark, mark, sign_ups
from sorting_miniapp.events.models import CheckHow, Shift, SignUp


def scan(resident_id: int, token: str, near: tuple[float, float] | None = None) -> dict[str, Any]:
    """A resident's QR text, six typed digits, or the scene of a printed code: the first checks in, the next out.

    Within a minute, or with a code that was used already, the same answer again. Up to three pairs per event and day.
    `near` (latitude, longitude) is only asked whether it lies at the place, with a printed code, and not kept.
    Raises Invalid token_invalid; Conflict not_signed_up, too_early, too_many_pairs.
    """
    now = clock.now()
    inside = None
    if "." in token:
        (sign_up, step), how = _by_qr(resident_id, token, now), CheckHow.QR
    elif len(token) == tokens.DIGITS:
        (sign_up, step), how = _by_digits(resident_id, token, now), CheckHow.CODE
    else:
        sign_up, inside = printed.find(resident_id, token, near)
        step, how = 0, CheckHow.PRINTED
    if now < sign_up.starts_at - OPENS_BEFORE:
        raise Conflict("too_early", "签到还没有开始")
    return mark(sign_up, now, Mark(how, step, inside=inside))


_sign_up, _shift = cast(Table, SignUp.__table__), cast(Table, Shift.__table__)
_BY_QR = sign_ups().where(
    _shift.c.public_id == bindparam("shift"),
    _sign_up.c.resident_id == bindparam("resident"),
    _sign_up.c.live == 1,
    _sign_up.c.state.in_(PRESENT),
)


def _by_qr(resident_id: int, token: str, now: datetime) -> tuple[Row[*tuple[Any, ...]], int]:
    """One statement for who is signed up; only who is not costs a second, to tell a bad code from a missing sign-up."""
    name = tokens.named_in(token)
    row = db.session().execute(_BY_QR, {"shift": name, "resident": resident_id}).first()
    secret = row.secret if row else db.session().scalar(select(Shift.secret).where(Shift.public_id == name))
    step = tokens.read(token, name, secret, now) if secret else 0
    if not step:
        raise Invalid("token_invalid", "签到码不对或已过期，请扫描最新的签到码")
    if row is None:
        raise Conflict("not_signed_up", "您没有报名这个场次，请联系现场工作人员")
    return row, step


def _by_digits(resident_id: int, token: str, now: datetime) -> tuple[Row[*tuple[Any, ...]], int]:
    """Six digits name no shift: they are tried on the resident's own shifts of the hour."""
    rows = db.session().execute(
        sign_ups()
        .where(
            SignUp.resident_id == resident_id,
            SignUp.live == 1,
            SignUp.state.in_(PRESENT),
            Shift.starts_at <= now + OPENS_BEFORE,
            Shift.ends_at >= now - OUT_GRACE,
        )
        .order_by(Shift.starts_at, Shift.id)
    )
    for row in rows:
        step = tokens.read(token, row.shift_public_id, row.secret, now)
        if step:
            return row, step
    raise Invalid("token_invalid", "签到码不对或已过期，请输入最新的签到码")


def shown_code(resident_id: int, sign_up: str) -> dict[str, Any]:
    """What a resident shows at the site: six digits and a QR's text of this half minute. Raises NotFound, Conflict."""
    row = db.session().execute(sign_ups().where(SignUp.public_id == sign_up, SignUp.resident_id == resident_id)).first()
    if row is None:
        raise NotFound("signup_not_found", "没有找到这个报名")
    if not row.live or row.state not in PRESENT:
        raise Conflict("not_signed_up", "这个报名已结束或还没有名额")
    now = clock.now()
    step = tokens.step_of(now)
    return {
        "digits": tokens.own_digits(row.secret, row.public_id, step),
        "qr": tokens.own_qr(row.secret, row.public_id, step),
        "seconds": tokens.seconds_left(now),
    }


def shown_by(shift_id: int, code: str, scope: ColumnElement[bool] | None = None) -> tuple[Row[*tuple[Any, ...]], int]:
    """The sign-up of the shift whose own code this is, and the code's step.

    Raises Invalid token_invalid, also where six digits fit two people (once in thousands): the next code will not.
    """
    query = sign_ups().where(SignUp.shift_id == shift_id, SignUp.live == 1, SignUp.state.in_(PRESENT))
    name = tokens.named_in(code)
    query = query.where(SignUp.public_id == name) if name else query
    rows = db.session().execute(query if scope is None else query.where(scope)).all()
    now = clock.now()
    found = [(row, step) for row in rows if (step := tokens.read_own(code, row.secret, row.public_id, now))]
    if len(found) != 1:
        raise Invalid("token_invalid", "没有找到这个码，请核对场次，或请对方刷新后出示新的码")
    return found[0]


def take_shown(actor: StaffActor, shift_id: int, code: str) -> dict[str, Any]:
    """Staff take the code a resident shows: the first is a coming, the next a going; audited.

    Raises NotFound, Forbidden, Invalid, Conflict.
    """
    _, _, node = registers.shift(actor, shift_id, change=True)
    row, step = shown_by(shift_id, code)
    now = clock.now()
    if now < row.starts_at - OPENS_BEFORE:
        raise Conflict("too_early", "签到还没有开始")
    with transaction():
        answer = mark(row, now, Mark(CheckHow.SHOWN, step, staff=actor.id))
        after = {"at": str(clock.local(now)), "pair": answer["pair"]}
        audit.record(
            actor.username, f"event.check_{answer['action']}", "sign_up", row.id, node_path=node.path, after=after
        )
    return answer | {"resident_id": row.resident_id}
