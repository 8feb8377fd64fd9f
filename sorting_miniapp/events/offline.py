"""The list for a site without network: taken along on paper, and typed in afterwards.

It is read once the shift and the time to check out are over, so that everything that was scanned is there; until
`offline_upload_hours` after the end, since later it is a late entry with two people (rules.md, Service records). All
lines or none are written, and the same sheet again changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row as Record
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Invalid
from sorting_miniapp.events import attendance, closing, persons, registers
from sorting_miniapp.events.attendance import OPENS_BEFORE, OUT_GRACE, PRESENT, Mark
from sorting_miniapp.events.models import CheckHow, CheckIn, Event, Shift, SignUp
from sorting_miniapp.events.offline_merge import Fate, Stay, fates
from sorting_miniapp.events.places import lock_resident, lock_shift
from sorting_miniapp.imports import workbook
from sorting_miniapp.imports.sheet import Action, Outcome
from sorting_miniapp.orgs import settings

COLUMNS = ("编号", "姓名", "手机尾号", "人数", "签到时间", "签退时间", "备注")
MOST_ROWS = 3_000
KEY_LENGTH = 8
CLOCK = re.compile(r"(?:(\d{4}-\d{2}-\d{2})[ T])?([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d(?:\.\d+)?)?")


@dataclass(frozen=True)
class Line:
    """A line of the sheet as it was understood; `stay` is None for who did not come, `problem` for what is wrong."""

    row: workbook.Row
    sign_up: Record[*tuple[Any, ...]] | None = None
    stay: Stay | None = None
    left: bool = True
    problem: str = ""


def rows_to_fill(actor: StaffActor, shift_id: int) -> list[tuple[object, ...]]:
    """The list's lines: key, masked name, last digits of the phone, persons, and room for the times."""
    registers.shift(actor, shift_id, change=True)
    signed = _signed(shift_id)
    known = persons.of([row.resident_id for row in signed])
    nicknames = {row.SignUp.resident_id: row.nickname for row in registers.sign_ups(shift_id)}
    found: list[tuple[object, ...]] = []
    for row in signed:
        person = known.get(row.resident_id)
        name = (person.name if person else "") or nicknames.get(row.resident_id) or "微信用户"
        tail = person.phone[-4:] if person and person.phone else ""
        found.append((row.public_id[:KEY_LENGTH], name, tail, row.places, "", "", ""))
    return found


def _signed(shift_id: int) -> list[Record[*tuple[Any, ...]]]:
    query = attendance.sign_ups().add_columns(SignUp.places)
    query = query.where(SignUp.shift_id == shift_id, SignUp.live == 1, SignUp.state.in_(PRESENT)).order_by(SignUp.id)
    return list(db.session().execute(query))


def template(actor: StaffActor, shift_id: int) -> bytes:
    """The list as a sheet to fill in. Raises NotFound, Forbidden."""
    return workbook.write("签到名单", COLUMNS, rows_to_fill(actor, shift_id))


def read(data: bytes) -> list[workbook.Row]:
    """The lines of an uploaded sheet. Raises Invalid, TooLarge."""
    return workbook.read(data, COLUMNS, MOST_ROWS)


def plan(actor: StaffActor, shift_id: int, rows: Sequence[workbook.Row]) -> list[Outcome]:
    """What each line will do, nothing written. Raises NotFound, Forbidden, Conflict outside the time for it."""
    shift, event, node = registers.shift(actor, shift_id, change=True)
    _check_time(shift, node.path)
    return [outcome for outcome, _ in _outcomes(_lines(shift, rows), event)]


def _check_time(shift: Shift, path: str) -> None:
    now, hours = clock.now(), int(settings.read("offline_upload_hours", path))
    if now < shift.ends_at + OUT_GRACE:
        raise Conflict("too_early", "请在场次结束半小时后上传，等扫码签退的人都已签退")
    if now > shift.ends_at + timedelta(hours=hours):
        raise Conflict("too_late", f"场次结束已超过 {hours} 小时，请按补录登记（需两人核对）")


def _lines(shift: Shift, rows: Sequence[workbook.Row]) -> list[Line]:
    signed: dict[str, Record[*tuple[Any, ...]]] = {row.public_id[:KEY_LENGTH]: row for row in _signed(shift.id)}
    return [_line(shift, row, signed.get(row.cells[0][:KEY_LENGTH])) for row in rows]


def _line(shift: Shift, row: workbook.Row, sign_up: Record[*tuple[Any, ...]] | None) -> Line:
    came, went = row.cells[4], row.cells[5]
    if sign_up is None:
        return Line(row, problem="编号不在这个场次的名单里；没有报名的人请用现场登记或人数登记")
    if not came and not went:
        return Line(row, sign_up)
    if not came:
        return Line(row, sign_up, problem="有签退时间，没有签到时间")
    begin = _moment(shift, came)
    end = _moment(shift, went) if went else shift.ends_at
    if begin is None or end is None:
        return Line(row, sign_up, problem="时间须写成 9:05 的样子")
    if not shift.starts_at - OPENS_BEFORE <= begin <= shift.ends_at:
        return Line(row, sign_up, problem="签到时间须在场次开始前一小时与场次结束之间")
    if not begin <= end <= shift.ends_at + OUT_GRACE:
        return Line(row, sign_up, problem="签退时间须在签到之后，且不晚于场次结束后半小时")
    return Line(row, sign_up, Stay(begin, end), left=bool(went))


def _moment(shift: Shift, text: str) -> datetime | None:
    """A clock reading of the shift's day (of the next one, for a shift over midnight), or a whole date and time."""
    found = CLOCK.fullmatch(text.replace("：", ":").strip())
    if found is None:
        return None
    first = clock.local(shift.starts_at - OPENS_BEFORE)
    try:
        day = datetime.fromisoformat(found[1]).date() if found[1] else first.date()
    except ValueError:
        return None
    moment = datetime(day.year, day.month, day.day, int(found[2]), int(found[3]), tzinfo=clock.LOCAL)
    return moment + timedelta(days=1) if not found[1] and moment < first else moment


def _known(event_id: int, residents: set[int]) -> dict[int, list[Stay]]:
    """The event's pairs by resident; one that is still open reaches to its shift's end, where it will be closed."""
    rows = db.session().execute(
        select(CheckIn.resident_id, CheckIn.in_at, CheckIn.out_at, Shift.ends_at)
        .join(SignUp, SignUp.id == CheckIn.sign_up_id)
        .join(Shift, Shift.id == SignUp.shift_id)
        .where(CheckIn.event_id == event_id, CheckIn.resident_id.in_(residents))
        .order_by(CheckIn.id)
    )
    found: dict[int, list[Stay]] = {}
    for row in rows:
        found.setdefault(row.resident_id, []).append(Stay(row.in_at, row.out_at or max(row.ends_at, row.in_at)))
    return found


NOTES = {
    Fate.ADD: "",
    Fate.KNOWN: "已有签到记录，不重复登记",
    Fate.CLASH: "与表里同一人的另一行时间重叠",
    Fate.TOO_MANY: "同一活动每天最多三次签到",
}
ACTIONS = {Fate.ADD: Action.ADD, Fate.KNOWN: Action.SAME, Fate.CLASH: Action.WRONG, Fate.TOO_MANY: Action.WRONG}


def _outcomes(lines: Sequence[Line], event: Event) -> list[tuple[Outcome, Line]]:
    by_person: dict[int, list[int]] = {}
    for number, line in enumerate(lines):
        if line.sign_up is not None and line.stay is not None and not line.problem:
            by_person.setdefault(line.sign_up.resident_id, []).append(number)
    known = _known(event.id, set(by_person))
    guessed = _guessed_goings({line.sign_up.id for line in lines if line.sign_up is not None})
    fate_of: dict[int, Fate] = {}
    for resident, numbers in by_person.items():
        stays = [stay for number in numbers if (stay := lines[number].stay) is not None]
        fate_of.update(zip(numbers, fates(known.get(resident, []), stays), strict=True))
    return [(_outcome(line, fate_of.get(number), guessed), line) for number, line in enumerate(lines)]


def _guessed_goings(sign_ups: set[int]) -> list[CheckIn]:
    """Pairs that the system closed, or will, and of whose going no paper has told yet."""
    guessed = or_(CheckIn.closed_by_system, CheckIn.open == 1)
    query = select(CheckIn).where(CheckIn.sign_up_id.in_(sign_ups), guessed, CheckIn.reason == "")
    return list(db.session().scalars(query.order_by(CheckIn.id)))


def _told_by(line: Line, guessed: Sequence[CheckIn]) -> list[CheckIn]:
    """Those whose going this line tells."""
    if line.sign_up is None or line.stay is None or not line.left:
        return []
    own = [pair for pair in guessed if pair.sign_up_id == line.sign_up.id]
    return [pair for pair in own if line.stay.touches(Stay(pair.in_at, pair.out_at or line.stay.end))]


def _outcome(line: Line, fate: Fate | None, guessed: Sequence[CheckIn]) -> Outcome:
    if line.problem:
        return Outcome(line.row.number, line.row.cells, Action.WRONG, line.problem)
    if fate is None:
        return Outcome(line.row.number, line.row.cells, Action.SAME, "没有到场")
    if fate is Fate.KNOWN and _told_by(line, guessed):
        note = "签退是系统补的（或将由系统补），名单上的签退时间会告诉核验员"
        return Outcome(line.row.number, line.row.cells, Action.CHANGE, note)
    note = NOTES[fate] or ("" if line.left else "没有签退时间，按场次结束计，待核验")
    return Outcome(line.row.number, line.row.cells, ACTIONS[fate], note)


def run(actor: StaffActor, shift_id: int, rows: Sequence[workbook.Row]) -> tuple[int, int, int]:
    """Write the lines that add something, all or none; audited.

    Returns (pairs added, goings told of pairs that the system closed, lines known already).

    Raises NotFound, Forbidden, Conflict, and Invalid rows_wrong when a line is wrong.
    """
    shift, event, node = registers.shift(actor, shift_id, change=True)
    _check_time(shift, node.path)
    closing.close_pairs_of(shift_id)
    with transaction() as session:
        lock_shift(session, shift_id)
        lines = _lines(shift, rows)
        for resident in sorted({line.sign_up.resident_id for line in lines if line.sign_up is not None}):
            lock_resident(session, resident)
        outcomes = _outcomes(lines, event)
        if any(outcome.action is Action.WRONG for outcome, _ in outcomes):
            raise Invalid("rows_wrong", "有几行不能登记，请改正后重新上传")
        added = [line for outcome, line in outcomes if outcome.action is Action.ADD]
        for line in sorted(added, key=lambda one: one.stay.begin if one.stay else shift.starts_at):
            _write(session, actor, line)
        told = [line for outcome, line in outcomes if outcome.action is Action.CHANGE]
        _note_goings(told)
        session.flush()
        closing.mark_absent(session, shift_id)
        known = sum(line.stay is not None for outcome, line in outcomes if outcome.action is Action.SAME)
        after = {"added": len(added), "goings": len(told), "known": known}
        audit.record(actor.username, "event.offline_list", "shift", shift_id, node_path=node.path, after=after)
    return len(added), len(told), known


def _write(session: Session, actor: StaffActor, line: Line) -> None:
    assert line.sign_up is not None
    assert line.stay is not None
    by = Mark(CheckHow.OFFLINE, staff=actor.id, reason=line.row.cells[6][:200] or "离线名单")
    pair = attendance.check_in(session, line.sign_up, line.stay.begin, by)
    going = by if line.left else Mark(CheckHow.SYSTEM, reason=by.reason)
    attendance.check_out(session, line.sign_up, pair, line.stay.end, going)


def _note_goings(lines: Sequence[Line]) -> None:
    """Tell the verifier of a pair that the system closed what the paper says of the going."""
    guessed = _guessed_goings({line.sign_up.id for line in lines if line.sign_up is not None})
    for line in lines:
        for pair in _told_by(line, guessed):
            if line.stay and not pair.reason:
                pair.reason = f"离线名单记签退 {clock.local(line.stay.end):%H:%M}"
