"""An event's sign-ups as a sheet, made in the worker: a line for each, names and phones masked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Resident, Role
from sorting_miniapp.db import db
from sorting_miniapp.events import persons, planning, registers
from sorting_miniapp.events.models import SIGN_UP_STATE_NAMES, CheckIn, Event, Shift, SignUp
from sorting_miniapp.events.models_day import WalkIn
from sorting_miniapp.imports import workbook
from sorting_miniapp.jobs import kinds
from sorting_miniapp.jobs import service as jobs
from sorting_miniapp.orgs.models import Node

KIND = "sign_ups_export"
READERS = (Role.ORGANISER, Role.VERIFIER, Role.ADMIN)
COLUMNS = (
    "场次", "开始时间", "结束时间", "姓名（昵称）", "志愿者编号", "手机号码", "人数", "本人年龄（未成年人填）",
    "同行人年龄", "监护人已同意", "团体", "状态", "候补顺序", "报名时间", "报名方式", "签到", "签退", "在场（分钟）",
    "说明",
)  # fmt: skip


def ask(actor: StaffActor, event_id: int) -> str:
    """Ask for the sheet of an event; returns the job's public id. Raises NotFound, Forbidden, Conflict."""
    event, node = planning.get(actor, event_id)
    return jobs.ask(actor, KIND, node, {"event": event_id}, f"{event.title}报名表")


def make(asked: kinds.Asked, progress: kinds.Progress) -> kinds.File:
    """Every sign-up of the event named in the parameters, ended ones too, shift by shift."""
    event = db.session().get_one(Event, int(asked.parameters["event"]))
    data = workbook.write("报名表", COLUMNS, _lines(event.id, progress))
    return kinds.File(f"报名表-{event.title}.xlsx", workbook.XLSX, [data])


def _lines(event_id: int, progress: kinds.Progress) -> Iterator[tuple[object, ...]]:
    """A shift at a time, so that memory holds no more than one."""
    total = select(func.count(SignUp.id)).join(Shift, Shift.id == SignUp.shift_id).where(Shift.event_id == event_id)
    all_of_them, done = int(db.session().scalar(total) or 0), 0
    for shift in registers.shifts_of(event_id):
        progress(done, all_of_them, "正在写入")
        rows = _rows(shift.id)
        known, pairs = persons.of([row.SignUp.resident_id for row in rows]), registers.pairs_of(shift.id)
        for row in rows:
            yield _line(shift, row, known.get(row.SignUp.resident_id), pairs.get(row.SignUp.id, []))
        done += len(rows)
        db.session().expunge_all()


def _rows(shift_id: int) -> list[Row[*tuple[Any, ...]]]:
    query = (
        select(SignUp, Resident.nickname, Node.name.label("group_name"), WalkIn.at.label("walked_in"))
        .join(Resident, Resident.id == SignUp.resident_id)
        .outerjoin(Node, Node.id == SignUp.group_id)
        .outerjoin(WalkIn, WalkIn.sign_up_id == SignUp.id)
        .where(SignUp.shift_id == shift_id)
        .order_by(SignUp.live.is_(None), SignUp.queue_number.is_not(None), SignUp.queue_number, SignUp.id)
    )
    return list(db.session().execute(query))


def _line(
    shift: Shift, row: Row[*tuple[Any, ...]], person: persons.Person | None, pairs: list[CheckIn]
) -> tuple[object, ...]:
    one: SignUp = row.SignUp
    how = "现场登记" if row.walked_in else ("负责人代报" if one.signed_by else "本人报名")
    return (
        shift.title,
        _text(shift.starts_at),
        _text(shift.ends_at),
        (person.name if person else "") or row.nickname or "微信用户",
        person.number if person else "",
        person.phone if person else "",
        one.places,
        one.age,
        "、".join(str(companion["age"]) for companion in one.companions or []),
        "是" if one.guardian_consent_at else "",
        row.group_name or "",
        SIGN_UP_STATE_NAMES[one.state],
        one.queue_number,
        _text(one.created_at),
        how,
        "、".join(_text(pair.in_at) for pair in pairs),
        "、".join(_text(pair.out_at) for pair in pairs if pair.out_at),
        sum(pair.minutes or 0 for pair in pairs) if pairs else None,
        one.reason,
    )


def _text(moment: datetime) -> str:
    return clock.local(moment).strftime("%Y-%m-%d %H:%M")


def register() -> None:
    """Name the job; called by create_app."""
    kinds.register(kinds.Kind(KIND, "报名表", READERS, make))
