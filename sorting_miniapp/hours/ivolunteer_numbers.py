"""i志愿 numbers from a sheet, for volunteers who exist there: found by document or phone, checked by name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import or_, select

from sorting_miniapp import audit, clock, crypto
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.certificates import masking
from sorting_miniapp.db import db, transaction
from sorting_miniapp.hours import identity, volunteers
from sorting_miniapp.hours.models import DocumentKind, Volunteer
from sorting_miniapp.imports.sheet import Action, Outcome, Sheet, all_good, summary
from sorting_miniapp.imports.workbook import Row
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within

COLUMNS = ("姓名", "证件号码", "手机号码", "i志愿编号")


def number_index(number: str) -> str:
    """The keyed fingerprint by which an i志愿 number is found."""
    return crypto.keyring().index(f"ivolunteer:{number}")


def _indexes(row: Row) -> tuple[list[str], str | None]:
    document, phone = identity.tidy(row.cells[1]), row.cells[2]
    documents = [volunteers.document_index(kind, document) for kind in DocumentKind] if document else []
    return documents, volunteers.phone_index(phone)


class _Known:
    """The volunteers a sheet speaks of, found by one statement, and the numbers that are taken."""

    def __init__(self, rows: Sequence[Row], actor: StaffActor) -> None:
        wanted = [_indexes(row) for row in rows]
        documents = [one for found, _ in wanted for one in found]
        phones = [phone for _, phone in wanted if phone]
        query = (
            select(Volunteer, Node.path)
            .join(Node, Node.id == Volunteer.node_id)
            .where(
                or_(Volunteer.document_index.in_(documents), Volunteer.phone_index.in_(phones)),
                within(Node.path, actor.branches(Role.VERIFIER, Role.ADMIN)),
            )
            .order_by(Volunteer.id)
        )
        self.by_document: dict[str, Volunteer] = {}
        self.by_phone: dict[str, list[Volunteer]] = {}
        self.paths: dict[int, str] = {}
        for person, path in db.session().execute(query):
            self.paths[person.id] = path
            self.by_document[person.document_index or ""] = person
            self.by_phone.setdefault(person.phone_index or "", []).append(person)
        numbers = [number_index(row.cells[3]) for row in rows]
        taken = select(Volunteer.ivolunteer_index, Volunteer.id).where(Volunteer.ivolunteer_index.in_(numbers))
        self.owners = {row.ivolunteer_index: row.id for row in db.session().execute(taken)}
        self.used: set[str] = set()
        self.seen: set[int] = set()

    def find(self, row: Row) -> Volunteer | str:
        """The person, or what is wrong in Chinese. The document decides; the phone only where there is none."""
        documents, phone = _indexes(row)
        if documents:
            found = [self.by_document[one] for one in documents if one in self.by_document]
        else:
            found = self.by_phone.get(phone or "", [])
        if len(found) != 1:
            return "您管理的范围内没有登记这个人" if not found else "这个手机号码登记了不止一人，请填写证件号码"
        return found[0]


def plan(rows: Sequence[Row], actor: StaffActor) -> list[Outcome]:
    """Each row's outcome, nothing written. People outside the actor's branches are not known."""
    known = _Known(rows, actor)
    return [_outcome(row, known) for row in rows]


def _outcome(row: Row, known: _Known) -> Outcome:
    name, document, phone, number = row.cells
    shown = (masking.name(name), masking.document(document), masking.phone(phone), masking.document(number))
    problem = _problem(row, known)
    if problem:
        return Outcome(row.number, shown, Action.WRONG, problem)
    person = known.find(row)
    assert isinstance(person, Volunteer)
    known.seen.add(person.id)
    known.used.add(number)
    same = person.ivolunteer_number == number
    action = Action.SAME if same else Action.CHANGE if person.ivolunteer_number else Action.ADD
    return Outcome(row.number, shown, action)


def _problem(row: Row, known: _Known) -> str:
    name, document, phone, number = row.cells
    if not re.fullmatch(r"[A-Za-z0-9]{4,40}", number):
        return "i志愿编号须为 4 到 40 位数字或字母"
    if not document and not phone:
        return "证件号码和手机号码至少填一项"
    person = known.find(row)
    if isinstance(person, str):
        return person
    if name != person.name:
        return "姓名与登记的不一致"
    if person.id in known.seen or number in known.used:
        return "与前面的行重复"
    owner = known.owners.get(number_index(number))
    return "这个编号已属于另一位志愿者" if owner not in (None, person.id) else ""


def run(rows: Sequence[Row], actor: StaffActor) -> str:
    """Write the numbers, all or none; audited. Raises Invalid when a row is wrong."""
    with transaction() as session:
        outcomes = plan(rows, actor)
        all_good(outcomes)
        known = _Known(rows, actor)
        for row, outcome in zip(rows, outcomes, strict=True):
            person = known.find(row)
            if outcome.action is Action.SAME or isinstance(person, str):
                continue
            person.ivolunteer_number, person.ivolunteer_index = row.cells[3], number_index(row.cells[3])
            person.changed_at = clock.now()
            session.flush()
            audit.record(actor.username, "volunteer.number", "volunteer", person.id, node_path=known.paths[person.id])
    return f"已导入：{summary(outcomes)}"


SHEET = Sheet(
    key="ivolunteer_numbers",
    title="导入i志愿编号",
    columns=COLUMNS,
    most_rows=1000,
    about="按证件号码找人，没有证件号码时按手机号码；姓名须与登记的一致。",
    roles=(Role.VERIFIER, Role.ADMIN),
    plan=plan,
    run=run,
)
