"""The verifier's day on a PC and on a phone: paper sign-ins, the queue, i志愿, certificates, a group's zip."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser, expect

from sorting_miniapp import clock
from sorting_miniapp.hours import identity, sheet_late
from sorting_miniapp.imports import groups as groups_sheet
from tests.browser.conftest import Staff, fits
from tests.demo.actors import Resident, residents
from tests.demo.processes import Instance

TODAY = clock.today().isoformat()


def card(serial: int) -> str:
    first = f"44188219900101{serial:03d}"
    total = sum(int(d) * w for d, w in zip(first, identity.WEIGHTS, strict=True))
    return first + identity.CHECK[total % 11]


@pytest.fixture(params=[1366, 360])
def width(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def volunteers(service: Instance, serial: int) -> list[tuple[Resident, str]]:
    """Two registered volunteers with their numbers; the first may be handed over to i志愿."""
    made = []
    for number, person in enumerate(residents(service, 2)):
        body = {
            "name": ("张三丰", "李四光")[number],
            "document_kind": "id_card",
            "document": card(serial + number),
            "consent_version": "2026-01",
            "ivolunteer_number": f"GZ{serial}{number}",
        }
        answer = person.call("PUT", "/me/volunteer", body)
        assert answer.status == 200, answer.body
        made.append((person, answer.body["number"]))
    consent = made[0][0].call("PUT", "/me/consents/hand_to_ivolunteer", {"given": True, "version": "2026-01"})
    assert consent.status == 200, consent.body
    return made


def paper(folder: Path, numbers: list[str]) -> Path:
    book = openpyxl.Workbook()
    book.active.append(sheet_late.COLUMNS)
    for name, number in zip(("张三丰", "李四光"), numbers, strict=True):
        book.active.append((number, name, TODAY, "桶边督导", "东门社区", "居民", 100, "李主任", "纸质签到表"))
    path = folder / "paper.xlsx"
    book.save(path)
    return path


def test_the_verifiers_day(chromium: Browser, service: Instance, tmp_path: Path, width: int) -> None:
    people = volunteers(service, 100 if width == 360 else 200)
    organiser = Staff(chromium, service, "organiser", width)
    page = organiser.go("/console/hours/late")
    page.get_by_label("表格文件").set_input_files(paper(tmp_path, [number for _, number in people]))
    page.get_by_role("button", name="上传并检查").click()
    expect(page.get_by_text("可导入 2 行")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="导入这 2 行").click()
    expect(page.get_by_text("已录入 2 条，等待另一位核验员核验")).to_be_visible()

    verifier = Staff(chromium, service, "verifier", width)
    page = verifier.page
    page.get_by_role("link", name="条记录待核验").click()
    late = page.get_by_label("选择 桶边督导", exact=True)
    expect(late).to_have_count(2)
    page.get_by_label("全选本页").check()
    expect(late.first).to_be_checked()
    page.get_by_label("全选本页").uncheck()
    for box in late.all():
        box.check()
    page.get_by_label("理由").fill("签到表属实")
    fits(page)
    page.get_by_role("button", name="核定选中的").click()
    expect(page.get_by_text("已处理 2 条")).to_be_visible()

    page = verifier.go("/console/ivolunteer")
    expect(page.get_by_text("本人没有同意提供给i志愿").first).to_be_visible()
    fits(page)
    page.locator("input[name=record]:not([disabled])").first.check()
    page.get_by_role("button", name="标记为已录入i志愿").click()
    expect(page.get_by_text("已标记 1 条")).to_be_visible()

    page = verifier.go(f"/console/certificates/new?number={people[0][1]}")
    page.get_by_label("开始日期").fill(TODAY)
    fits(page)
    page.get_by_role("button", name="生成证明").click()
    expect(page.get_by_text("加盖公章后生效")).to_be_visible()
    expect(page.get_by_text("张**").first).to_be_visible()
    page.get_by_role("link", name="重新出具").first.click()
    page.get_by_label("原因").fill("经办人有误")
    page.get_by_role("button", name="重新出具").click()
    expect(page.get_by_text("原证明已撤销")).to_be_visible()

    before = verifier.go("/console/jobs").get_by_role("link", name="下载").count()
    page = verifier.go("/console/certificates/batch")
    page.get_by_label("开始日期").fill(TODAY)
    fits(page)
    page.get_by_role("button", name="开始生成").click()
    links = page.get_by_role("link", name="下载")
    expect(links).to_have_count(before + 1, timeout=60_000)
    with page.expect_download() as found:
        links.first.click()
    with zipfile.ZipFile(io.BytesIO(Path(found.value.path()).read_bytes())) as archive:
        names = archive.namelist()
    assert any(name.startswith(people[0][1]) and name.endswith(".pdf") for name in names), names
    assert verifier.outside == []
    assert verifier.errors == []


PAGES = (
    "hours", "hours?state=effective", "hours/late", "volunteers", "volunteers/1", "volunteers/numbers", "entries",
    "entries/new", "entries/import", "groups", "ivolunteer", "ivolunteer?entered=1", "ivolunteer/entered",
    "ivolunteer/totals", "certificates", "certificates/new", "certificates/batch", "exports/records_export",
    "exports/certificates_export",
)  # fmt: skip


def test_every_page_of_the_verifier_fits(chromium: Browser, service: Instance, width: int) -> None:
    volunteers(service, 300 if width == 360 else 400)
    verifier = Staff(chromium, service, "verifier", width)
    for path in PAGES:
        page = verifier.go(f"/console/{path}")
        expect(page.locator("h1")).to_be_visible()
        fits(page)
    assert verifier.outside == []
    assert verifier.errors == []


def test_a_group_from_a_sheet_to_its_leader(chromium: Browser, service: Instance, tmp_path: Path, width: int) -> None:
    name = f"志愿队{width}"
    admin = Staff(chromium, service, "admin", width)
    book = openpyxl.Workbook()
    city = service.rows("SELECT name FROM node WHERE parent_id IS NULL")[0][0]
    book.active.append(groups_sheet.COLUMNS)
    book.active.append((name, f"GD{width}", city, "李主任", "13800001111"))
    book.save(tmp_path / "groups.xlsx")
    page = admin.go("/console/groups/import")
    page.get_by_label("表格文件").set_input_files(tmp_path / "groups.xlsx")
    page.get_by_role("button", name="上传并检查").click()
    page.get_by_role("button", name="导入这 1 行").click()
    person = residents(service, 1)[0]
    group = person.call("GET", "/groups", q=name).body["items"][0]["id"]
    assert person.call("POST", f"/groups/{group}/requests").status == 201
    page = admin.go("/console/groups?waiting=1")
    page.get_by_role("link", name=name).click()
    page.get_by_role("button", name="批准", exact=True).click()
    page.get_by_role("button", name="设为负责人").click()
    expect(page.get_by_text("负责人", exact=True).first).to_be_visible()
    fits(page)
    assert person.call("GET", f"/groups/{group}/members").status == 200
    assert admin.errors == []
