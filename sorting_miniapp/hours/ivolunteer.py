"""i志愿 has no public API: a sheet in the order a clerk keys it, a flag for what is entered, totals compared.

Only who agreed to hand their data over and has a number there is on the sheet (rules.md, Personal data).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, Select, and_, func, or_, select

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Consent, Purpose, Role
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, DomainError, Forbidden, Invalid
from sorting_miniapp.hours import records, rounding
from sorting_miniapp.hours.models import DOCUMENT_NAMES, RecordState, ServiceRecord, Volunteer
from sorting_miniapp.imports import workbook
from sorting_miniapp.jobs import kinds
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within

PAGE = 20
MOST_MARKED = 100
KIND = "ivolunteer_sheet"
COLUMNS = (
    "记录编号",
    "活动（项目）名称",
    "服务日期",
    "i志愿编号",
    "姓名",
    "证件类型",
    "证件号码",
    "时长（小时）",
    "时长（分钟）",
    "服务内容",
    "服务地点",
    "服务对象",
    "负责人",
    "录入方式",
)  # fmt: skip


def _query() -> Select[*tuple[Any, ...]]:
    agreed = select(Consent.id).where(
        Consent.resident_id == ServiceRecord.resident_id,
        Consent.purpose == Purpose.HAND_TO_IVOLUNTEER,
        Consent.live == 1,
    )
    return (
        select(ServiceRecord, Volunteer, Node.name.label("org_name"), Node.path, agreed.exists().label("agreed"))
        .join(Node, Node.id == ServiceRecord.node_id)
        .outerjoin(Volunteer, and_(Volunteer.resident_id == ServiceRecord.resident_id, Volunteer.name.is_not(None)))
    )


def _open() -> Any:
    """In force and not on i志愿 with these minutes; or there, and taken out of force since."""
    return or_(
        and_(
            ServiceRecord.state == RecordState.EFFECTIVE,
            func.coalesce(ServiceRecord.ivolunteer_minutes, -1) != ServiceRecord.minutes,
        ),
        and_(ServiceRecord.state == RecordState.VOID, ServiceRecord.ivolunteer_minutes > 0),
    )


def listed(branches: Sequence[str], entered: bool, cursor: int | None = None) -> dict[str, Any]:
    """Records of the branches still to be entered (oldest first), or entered (latest first).

    Rows (ServiceRecord, Volunteer or None, org_name, path, agreed); one statement.
    """
    query = _query().where(within(Node.path, branches))
    if entered:
        query = query.where(ServiceRecord.ivolunteer_minutes.is_not(None), ~_open()).order_by(ServiceRecord.id.desc())
        query = query if cursor is None else query.where(ServiceRecord.id < cursor)
    else:
        query = query.where(_open()).order_by(ServiceRecord.id)
        query = query if cursor is None else query.where(ServiceRecord.id > cursor)
    rows = db.session().execute(query.limit(PAGE + 1).execution_options(populate_existing=True)).all()
    return {"items": rows[:PAGE], "next": str(rows[PAGE - 1].ServiceRecord.id) if len(rows) > PAGE else None}


def obstacle(row: Row[*tuple[Any, ...]]) -> str:
    """Why a record cannot be entered yet, in Chinese; '' when it can."""
    if row.Volunteer is None:
        return "未登记为志愿者"
    if not row.Volunteer.ivolunteer_number:
        return "没有i志愿编号"
    return "" if row.agreed else "本人没有同意提供给i志愿"


def way(record: ServiceRecord) -> str:
    """How it is entered: anew, corrected, or taken out."""
    if record.ivolunteer_minutes is None:
        return "新录入"
    return f"{'删除' if record.state is RecordState.VOID else '更正'}（原录入 {record.ivolunteer_minutes} 分钟）"


def sheet(branch: str) -> tuple[bytes, int, int]:
    """(the sheet of what can be entered, its rows, records left out), by activity, day and number."""
    query = _query().where(within(Node.path, [branch]), _open())
    order = (ServiceRecord.title, ServiceRecord.served_on, Volunteer.number, ServiceRecord.id)
    rows = db.session().execute(query.order_by(*order)).all()
    good = [row for row in rows if not obstacle(row)]
    policy = settings.read("certificate_rounding", branch)
    return workbook.write("i志愿录入", COLUMNS, _lines(good, policy)), len(good), len(rows) - len(good)


def _lines(rows: Iterable[Row[*tuple[Any, ...]]], policy: str) -> Iterable[tuple[object, ...]]:
    for row in rows:
        record, person = row.ServiceRecord, row.Volunteer
        yield (
            record.public_id,
            record.title,
            record.served_on.isoformat(),
            person.ivolunteer_number,
            person.name,
            DOCUMENT_NAMES[person.document_kind],
            person.document,
            rounding.by_policy(policy, record.minutes)[0],
            record.minutes,
            record.content,
            record.place,
            record.served,
            record.person_in_charge,
            way(record),
        )


def make(asked: kinds.Asked, progress: kinds.Progress) -> kinds.File:
    """The job that writes the sheet; taking personal data out is audited with their number."""
    progress(0, 1, "正在整理")
    data, count, left_out = sheet(asked.node_path)
    with transaction():
        after = {"count": count, "left_out": left_out}
        audit.record(asked.username, "hours.export", "node", asked.node_id, node_path=asked.node_path, after=after)
    return kinds.File("i志愿录入.xlsx", workbook.XLSX, [data])


JOB = kinds.Kind(KIND, "i志愿录入表", (Role.VERIFIER,), make)


def mark(actor: StaffActor, record_id: int, entered: bool) -> None:
    """Flag a record as entered on i志愿 with its present minutes, or take the flag back; audited.

    Raises NotFound, Forbidden; Conflict for a record that is not in force, or that may not be handed over.
    """
    with transaction() as session:
        row = session.execute(
            _query().where(ServiceRecord.id == record_id, within(Node.path, actor.branches()))
        ).first()
        if row is None or not actor.may(Role.VERIFIER, row.path):
            records.in_branch(record_id, actor.branches())
            raise Forbidden()
        record = session.get_one(ServiceRecord, record_id, with_for_update=True, populate_existing=True)
        before = {"minutes": record.ivolunteer_minutes}
        if entered:
            _check(row, record)
            record.ivolunteer_minutes = 0 if record.state is RecordState.VOID else record.minutes
            record.ivolunteer_at, record.ivolunteer_by = clock.now(), actor.id
        else:
            record.ivolunteer_minutes = record.ivolunteer_at = record.ivolunteer_by = None
        session.flush()
        after = {"minutes": record.ivolunteer_minutes}
        action = "record.entered" if entered else "record.not_entered"
        audit.record(actor.username, action, "record", record_id, node_path=row.path, before=before, after=after)


def _check(row: Row[*tuple[Any, ...]], record: ServiceRecord) -> None:
    taken_out = record.state is RecordState.VOID and record.ivolunteer_minutes is not None
    if record.state is not RecordState.EFFECTIVE and not taken_out:
        raise Conflict("record_not_effective", "只有已生效的记录可以录入i志愿")
    why = obstacle(row)
    if why and not taken_out:
        raise Conflict("not_to_hand_over", why)


def mark_many(actor: StaffActor, record_ids: Sequence[int], entered: bool) -> tuple[int, tuple[str, ...]]:
    """(how many are flagged, what was refused and why). Raises Invalid for none or too many."""
    if not 1 <= len(record_ids) <= MOST_MARKED:
        raise Invalid("bulk", f"请选择 1 到 {MOST_MARKED} 条记录")
    done, refused = 0, []
    for record_id in dict.fromkeys(record_ids):
        try:
            mark(actor, record_id, entered)
            done += 1
        except DomainError as error:
            refused.append(f"第 {record_id} 条：{error.message}")
    return done, tuple(refused)
