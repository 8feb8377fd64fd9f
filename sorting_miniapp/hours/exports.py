"""Volunteers, service records and the register of certificates as sheets, made in the worker; identities masked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from sorting_miniapp import clock
from sorting_miniapp.accounts import groups
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.certificates import masking
from sorting_miniapp.certificates import service as certificates
from sorting_miniapp.certificates.models import Certificate
from sorting_miniapp.db import db
from sorting_miniapp.hours import issuing, rounding, volunteers
from sorting_miniapp.hours.models import (
    FLAG_NAMES,
    RECORD_STATE_NAMES,
    SKILL_NAMES,
    SOURCE_NAMES,
    ServiceRecord,
    Skill,
    Volunteer,
)
from sorting_miniapp.imports import workbook
from sorting_miniapp.jobs import kinds
from sorting_miniapp.jobs import service as jobs
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within

READERS = (Role.VERIFIER, Role.ANALYST, Role.ADMIN)
BATCH = 500
RECORDS = (
    "记录编号", "服务日期", "活动（项目）名称", "志愿者编号", "姓名", "单位", "地点", "服务内容", "服务对象", "负责人",
    "时长（分钟）", "状态", "来源", "标记", "已录入i志愿（分钟）",
)  # fmt: skip
REGISTER = (
    "证明编号",
    "名称",
    "姓名",
    "起",
    "止",
    "时长（小时）",
    "记录（分钟）",
    "出具单位",
    "经办人",
    "出具日期",
    "状态",
    "撤销原因",
)


VOLUNTEERS = (
    "志愿者编号", "姓名", "证件类型", "证件号码", "手机号码", "单位", "志愿团体", "特长", "累计时长（分钟）",
    "累计时长", "星级", "i志愿编号", "登记日期",
)  # fmt: skip


def ask_volunteers(actor: StaffActor, node_id: int) -> str:
    """Ask for the sheet of a unit's volunteers; returns the job's public id. Raises NotFound, Forbidden, Conflict."""
    node = orgs.get(node_id, actor.branches(*volunteers.KEEPERS))
    return jobs.ask(actor, "volunteers_export", node, {}, f"{node.name} 志愿者名册")


def ask(actor: StaffActor, kind_key: str, node_id: int, first: date, last: date) -> str:
    """Ask for one of the two sheets over a unit's branch and a period; returns the job's public id.

    Raises NotFound, Forbidden, Invalid, Conflict.
    """
    node = orgs.get(node_id, actor.branches(*READERS))
    issuing.check_period(first, last)
    kind = kinds.get(kind_key)
    parameters = {"first": first.isoformat(), "last": last.isoformat()}
    return jobs.ask(actor, kind_key, node, parameters, f"{node.name} {kind.label} {first} 至 {last}")


def _period(asked: kinds.Asked) -> tuple[date, date]:
    return date.fromisoformat(asked.parameters["first"]), date.fromisoformat(asked.parameters["last"])


def make_records(asked: kinds.Asked, progress: kinds.Progress) -> kinds.File:
    """Every record of the branch whose day lies in the period, by day."""
    data = workbook.write("服务记录", RECORDS, _records(asked, progress))
    return kinds.File("服务记录.xlsx", workbook.XLSX, [data])


def _records(asked: kinds.Asked, progress: kinds.Progress) -> Iterator[tuple[object, ...]]:
    first, last = _period(asked)
    inside = (within(Node.path, [asked.node_path]), ServiceRecord.served_on.between(first, last))
    joined = select(func.count(ServiceRecord.id)).join(Node, Node.id == ServiceRecord.node_id)
    total = int(db.session().scalar(joined.where(*inside)) or 0)
    query = (
        select(ServiceRecord, Volunteer.number, Volunteer.name, Node.name.label("org_name"))
        .join(Node, Node.id == ServiceRecord.node_id)
        .outerjoin(Volunteer, Volunteer.resident_id == ServiceRecord.resident_id)
        .where(*inside)
        .order_by(ServiceRecord.served_on, ServiceRecord.id)
    )
    for done, row in enumerate(db.session().execute(query.execution_options(yield_per=BATCH))):
        if done % BATCH == 0:
            progress(done, total, "正在写入")
        yield _line(row)


def _line(row: Any) -> tuple[object, ...]:
    record = row.ServiceRecord
    return (
        record.public_id,
        record.served_on.isoformat(),
        record.title,
        row.number or "",
        masking.name(row.name or ""),
        row.org_name,
        record.place,
        record.content,
        record.served,
        record.person_in_charge,
        record.minutes,
        RECORD_STATE_NAMES[record.state],
        SOURCE_NAMES[record.source],
        FLAG_NAMES[record.flag] if record.flag else "",
        record.ivolunteer_minutes,
    )


def make_register(asked: kinds.Asked, progress: kinds.Progress) -> kinds.File:
    """Every certificate of the branch issued in the period, in the order of their making."""
    data = workbook.write("证明登记簿", REGISTER, _register(asked, progress))
    return kinds.File("证明登记簿.xlsx", workbook.XLSX, [data])


def _register(asked: kinds.Asked, progress: kinds.Progress) -> Iterator[tuple[object, ...]]:
    first, last = _period(asked)
    start, end = clock.local_midnight(first), clock.local_midnight(last + timedelta(days=1))
    query = (
        select(Certificate)
        .join(Node, Node.id == Certificate.node_id)
        .where(within(Node.path, [asked.node_path]), Certificate.issued_at >= start, Certificate.issued_at < end)
        .order_by(Certificate.id)
    )
    for done, row in enumerate(db.session().scalars(query.execution_options(yield_per=BATCH))):
        if done % BATCH == 0:
            progress(done, 0, "正在写入")
        found = certificates.issued(row)
        yield (
            found.number,
            found.title,
            masking.name(found.text.name),
            found.text.first_day,
            found.text.last_day,
            found.text.hours,
            found.text.minutes,
            found.text.issuer,
            found.text.handler,
            clock.local(found.issued_at).date().isoformat(),
            "已撤销" if found.revoked_at else "有效",
            found.revoke_reason,
        )


def make_volunteers(asked: kinds.Asked, progress: kinds.Progress) -> kinds.File:
    """Every registered volunteer of the branch with groups and hours, in the order of registration."""
    data = workbook.write("志愿者名册", VOLUNTEERS, _volunteers(asked, progress))
    return kinds.File("志愿者名册.xlsx", workbook.XLSX, [data])


def _volunteers(asked: kinds.Asked, progress: kinds.Progress) -> Iterator[tuple[object, ...]]:
    total, done, last = volunteers.count([asked.node_path]), 0, 0
    while rows := volunteers.after(last, [asked.node_path], BATCH):
        progress(done, total, "正在写入")
        groups_of = groups.names_of([row.Volunteer.resident_id for row in rows])
        for row in rows:
            yield _volunteer(row, groups_of.get(row.Volunteer.resident_id, []))
        done, last = done + len(rows), rows[-1].Volunteer.id
        db.session().expunge_all()


def _volunteer(row: Any, member_of: list[str]) -> tuple[object, ...]:
    shown = volunteers.masked(row)
    return (
        shown["number"],
        shown["name"],
        shown["document_kind"],
        shown["document"],
        shown["phone"],
        shown["org_name"],
        "、".join(member_of),
        "、".join(SKILL_NAMES[Skill(key)] for key in row.Volunteer.skills or []),
        shown["minutes"],
        rounding.words(shown["minutes"]),
        shown["stars"] or None,
        shown["ivolunteer_number"],
        clock.local(shown["registered_at"]).date().isoformat(),
    )


JOBS = (
    kinds.Kind("volunteers_export", "志愿者名册", volunteers.KEEPERS, make_volunteers),
    kinds.Kind("records_export", "服务记录表", READERS, make_records),
    kinds.Kind("certificates_export", "证明登记簿", READERS, make_register),
)
