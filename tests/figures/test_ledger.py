"""The ledger: owners enter, another person signs off, corrections are new rows, the lead department closes."""

from __future__ import annotations

import html
import io
import re
from datetime import date, timedelta

import openpyxl
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError

from sorting_miniapp import clock
from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Forbidden, Invalid, NotFound
from sorting_miniapp.figures import ledger, sheet, standing
from sorting_miniapp.figures.ledger import Values
from sorting_miniapp.figures.models import EntryHow, FigureEntry, FigureSignOff, Verdict
from sorting_miniapp.figures.standing import State
from sorting_miniapp.figures.styles import Bound
from tests.console.helpers import post, sign_in, token
from tests.events.helpers import at_once
from tests.figures.conftest import JANUARY, Bureau

DOCUMENT = "市总工会2025年工作台账"
Q4 = "2025-Q4"


def enter(bureau: Bureau, value: int = 100, code: str = Q4, **more: object) -> int:
    values = Values(value * 100, document=DOCUMENT, **more)  # type: ignore[arg-type]
    figure = bureau.figure("gonghui-ren")
    return ledger.enter(bureau.clerk, figure, bureau.union, code, values, EntryHow.FORM)


def counting(bureau: Bureau, code: str = Q4) -> int | None:
    """What counts for the union's volunteers."""
    found = standing.accepted([code]).get((bureau.figure("gonghui-ren"), bureau.union, code))
    return found.value // 100 if found else None


def test_a_value_counts_only_when_another_person_has_signed_it_off(bureau: Bureau) -> None:
    with bureau.app.app_context():
        entry = enter(bureau)
        assert counting(bureau) is None
        with pytest.raises(Forbidden) as refused:
            ledger.sign(bureau.clerk, entry, accept=True)
        assert refused.value.code == "two_people"
        ledger.sign(bureau.colleague, entry, accept=True)
        assert counting(bureau) == 100
        with pytest.raises(Conflict):
            ledger.sign(bureau.colleague, entry, accept=False, remark="再看看")


def test_two_people_means_two_persons_whatever_their_roles(bureau: Bureau) -> None:
    """The table refuses it too, past the service."""
    with bureau.app.app_context():
        entry = enter(bureau)
        row = FigureSignOff(entry_id=entry, entered_by=bureau.clerk.id, staff_id=bureau.clerk.id)
        row.verdict, row.at = Verdict.ACCEPTED, clock.now()
        with pytest.raises(DBAPIError, match="two_people"), transaction() as session:
            session.add(row)


def test_a_correction_is_a_new_row_with_its_reason(bureau: Bureau) -> None:
    with bureau.app.app_context():
        ledger.sign(bureau.colleague, enter(bureau), accept=True)
        with pytest.raises(Invalid):
            enter(bureau, 120)
        with pytest.raises(Conflict):
            enter(bureau, 100, reason="没有变化")
        second = enter(bureau, 120, reason="漏了两个基层工会")
        assert counting(bureau) == 100, "the old value counts until the new one is signed off"
        ledger.sign(bureau.colleague, second, accept=True)
        assert counting(bureau) == 120
        slot = ledger.slot(bureau.analyst, bureau.figure("gonghui-ren"), bureau.union, Q4)
        rows = ledger.chain(slot)
        assert [row.FigureEntry.value for row in rows] == [10_000, 12_000]
        assert rows[1].FigureEntry.corrects_id == rows[0].FigureEntry.id
        audited = select(AuditEntry.action).where(AuditEntry.object_type == "figure").order_by(AuditEntry.id)
        actions = db.session.scalars(audited).all()
        assert actions == ["figure.enter", "figure.accepted"] * 2


def test_a_returned_entry_does_not_count_and_is_owed_again(bureau: Bureau) -> None:
    with bureau.app.app_context():
        entry = enter(bureau)
        with pytest.raises(Invalid):
            ledger.sign(bureau.colleague, entry, accept=False)
        ledger.sign(bureau.colleague, entry, accept=False, remark="与台账不符")
        assert counting(bureau) is None
        branches = bureau.clerk.branches()
        before = sum(duty.count for duty in standing.duties(branches))
        ledger.sign(bureau.colleague, enter(bureau, 110, reason="已核对"), accept=True)
        assert sum(duty.count for duty in standing.duties(branches)) == before - 1


def test_two_entries_at_once_make_one_chain(bureau: Bureau) -> None:
    with bureau.app.app_context():
        figure = bureau.figure("gonghui-ren")

    def one(value: int) -> int:
        with bureau.app.app_context():
            values = Values(value * 100, document=DOCUMENT, reason="同时填报")
            return ledger.enter(bureau.clerk, figure, bureau.union, Q4, values, EntryHow.FORM)

    results = at_once([lambda value=value: one(value) for value in range(8)])  # type: ignore[misc]
    made = [found for found in results if isinstance(found, int)]
    assert made
    assert all(isinstance(found, int | Conflict) for found in results), results
    with bureau.app.app_context():
        firsts = db.session.scalar(select(func.count()).where(FigureEntry.first == 1))
        rows = db.session.scalar(select(func.count()).select_from(FigureEntry))
        corrected = db.session.scalar(select(func.count(func.distinct(FigureEntry.corrects_id))))
        assert (firsts, corrected) == (1, (rows or 0) - 1), "one chain that does not fork"


def test_who_may_do_what(bureau: Bureau) -> None:
    with bureau.app.app_context():
        figure, values = bureau.figure("gonghui-ren"), Values(100, document=DOCUMENT)
        with pytest.raises(Forbidden):
            ledger.enter(bureau.analyst, figure, bureau.union, Q4, values, EntryHow.FORM)
        with pytest.raises(NotFound):
            ledger.enter(bureau.foreigner, figure, bureau.union, Q4, values, EntryHow.FORM)
        with pytest.raises(NotFound):
            ledger.enter(bureau.lead, figure, bureau.union, Q4, values, EntryHow.FORM)
        with pytest.raises(NotFound):
            ledger.enter(bureau.clerk, figure, bureau.housing, Q4, values, EntryHow.FORM)
        for code, error in (("2025-11", Invalid), ("2026-Q3", Invalid), ("2025", None)):
            if error:
                with pytest.raises(error):
                    ledger.enter(bureau.clerk, figure, bureau.union, code, values, EntryHow.FORM)
            else:
                ledger.enter(bureau.clerk, figure, bureau.union, code, values, EntryHow.FORM)


def test_only_the_lead_department_closes_and_what_comes_later_is_marked(bureau: Bureau) -> None:
    with bureau.app.app_context():
        ledger.sign(bureau.colleague, enter(bureau), accept=True)
        for actor in (bureau.clerk, bureau.analyst, bureau.foreigner, bureau.lead_clerk):
            with pytest.raises(Forbidden):
                ledger.close(actor, "2025")
        with pytest.raises(Invalid):
            ledger.close(bureau.lead, "2026")
        ledger.close(bureau.lead, "2025")
        with pytest.raises(Conflict):
            ledger.close(bureau.lead, Q4)
        late = enter(bureau, 130, reason="年后核实")
        assert db.session.get_one(FigureEntry, late).after_close
        ledger.sign(bureau.colleague, late, accept=True)
        assert counting(bureau) == 130
        assert standing.duties(bureau.clerk.branches()) == [], "nothing is owed for a closed year"


def test_what_is_owed_and_when_it_is_late(sqlite_bureau: Bureau) -> None:
    bureau = sqlite_bureau
    with bureau.app.app_context():
        (duty,) = standing.duties(bureau.clerk.branches())
        assert (duty.period.code, duty.count, duty.late) == (Q4, 1, False)
        enter(bureau)
        assert standing.duties(bureau.clerk.branches()) == []
        assert [row.Figure.key for row in standing.to_sign(bureau.colleague, 9)] == ["gonghui-ren"]
        assert standing.to_sign(bureau.clerk, 9) == [], "not the person who entered it"
        bureau.hands.at(JANUARY + timedelta(days=10))
        (duty,) = [duty for duty in standing.duties(bureau.lead.branches()) if duty.period.code == Q4]
        assert duty.late
        lines = standing.lines(bureau.lead.branches(), duty.period)
        assert all(line.late for line in lines if line.state is State.MISSING)
    with bureau.app.app_context(), transaction() as session:
        session.execute(update(standing.Figure).values(since=date(2026, 1, 2)))
    with bureau.app.app_context():
        assert standing.duties(bureau.lead.branches()) == [], "nobody owes what was over before it was asked for"


def test_the_form_keeps_what_was_typed_and_the_second_person_signs(sqlite_bureau: Bureau) -> None:
    bureau = sqlite_bureau
    clerk, colleague = sign_in(bureau, "clerk"), sign_in(bureau, "colleague")  # type: ignore[arg-type]
    with bureau.app.app_context():
        url = f"/console/figures/{bureau.figure('gonghui-ren')}/{bureau.union}/{Q4}"
    assert "还有 1 个数字没有填报" in clerk.get("/console/").text
    page = post(clerk, url, 422, value="一百", bound="exact", document=DOCUMENT)
    assert "数值须为" in page
    assert f'value="{DOCUMENT}"' in page
    post(clerk, url, value="100", bound="at_least", document=DOCUMENT)
    assert "等另一人核对" in clerk.get(url).text
    home = colleague.get("/console/").text
    assert "工会志愿者（市总工会）" in home
    entry = re.search(r'name="entry" value="(\d+)"', colleague.get(url).text)
    assert entry
    post(clerk, f"{url}/sign", 403, entry=entry[1], verdict="accepted")
    post(colleague, f"{url}/sign", entry=entry[1], verdict="accepted")
    assert "100余 人" in clerk.get(f"/console/figures?period={Q4}").text
    analyst = sign_in(bureau, "analyst")  # type: ignore[arg-type]
    assert "填报记录" in analyst.get(url).text
    assert "提交更正" not in analyst.get(url).text
    post(analyst, url, 403, value="1", bound="exact", document="x")
    foreigner = sign_in(bureau, "foreigner")  # type: ignore[arg-type]
    assert foreigner.get(url).status_code == 404
    lead = sign_in(bureau, "lead")  # type: ignore[arg-type]
    post(lead, f"/console/figures/periods/{Q4}/close")
    assert "已关账" in clerk.get(f"/console/figures?period={Q4}").text
    post(sign_in(bureau, "clerk"), "/console/figures/periods/2025/close", 403)  # type: ignore[arg-type]


def filled(bureau: Bureau, **cells: str) -> io.BytesIO:
    """The union's template with cells of its row of volunteers written over."""
    with bureau.app.app_context():
        data = sheet.template(bureau.clerk, standing.periods.parse(Q4))
    book = openpyxl.load_workbook(io.BytesIO(data))
    (row,) = [row for row in book.active.iter_rows(min_row=2) if row[0].value == "gonghui-ren"]
    for name, value in cells.items():
        row[sheet.COLUMNS.index(name.replace("_", "/"))].value = value
    out = io.BytesIO()
    book.save(out)
    out.seek(0)
    return out


def test_a_sheet_is_checked_first_and_comes_in_all_or_none(sqlite_bureau: Bureau) -> None:
    bureau = sqlite_bureau
    clerk = sign_in(bureau, "clerk")  # type: ignore[arg-type]
    data = {"csrf_token": token(clerk.get("/console/figures/import").text), "period": Q4}

    def upload(file: io.BytesIO) -> str:
        return clerk.post("/console/figures/import", data=data | {"file": (file, "a.xlsx")}).text

    assert clerk.get(f"/console/figures/import/template.xlsx?period={Q4}").status_code == 200
    assert "请填写来源文件" in upload(filled(bureau, 数值="100"))
    assert "您的单位不填报" in upload(filled(bureau, 数值="100", 填报单位="市委宣传部"))
    assert "数值须为" in upload(filled(bureau, 数值="约一百", 来源文件=DOCUMENT))
    page = upload(filled(bureau, 数值="100", 确数_余_约="余", 来源文件=DOCUMENT))
    with bureau.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(FigureEntry)) == 0, "a dry run writes nothing"
    packed = re.search(r'name="rows" value="([^"]+)"', page)
    assert packed
    post(clerk, "/console/figures/import/run", rows=html.unescape(packed[1]), period=Q4)
    with bureau.app.app_context():
        entry = db.session.scalars(select(FigureEntry)).one()
        assert (entry.value, entry.bound, entry.how) == (10_000, Bound.AT_LEAST, EntryHow.SHEET)
    assert "填报这" not in upload(filled(bureau)), "the template carries what stands there: nothing changes"
