"""The organiser's day in a browser, on a phone and on a PC: board, codes, a walk-in, the paper list, the report."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from sorting_miniapp import clock
from tests.browser.conftest import Staff, fits
from tests.demo.actors import simulate
from tests.demo.processes import Instance, wait_for

DAY = timedelta(days=1)


class Phone:
    """A resident's mini-program: real requests with a session from a login code."""

    def __init__(self, service: Instance) -> None:
        self.service = service
        openid = simulate(service, "POST", "/_sim/users", {})["openid"]
        code = simulate(service, "POST", f"/_sim/users/{openid}/codes", {})["code"]
        self.headers = {"Authorization": f"Bearer {self.call('POST', '/sessions', {'code': code})['token']}"}

    def call(self, method: str, path: str, body: Any = None) -> Any:
        headers = getattr(self, "headers", {})
        answer = requests.request(method, f"{self.service.web}/api/v1{path}", json=body, headers=headers, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def register(self, document: str, phone: str) -> str:
        """Becomes a volunteer; returns the number."""
        body = {"name": "何小燕", "document_kind": "passport", "document": document, "birth_date": "1990-01-01"}
        return str(self.call("PUT", "/me/volunteer", body | {"phone": phone, "consent_version": "2026-01"})["number"])


@pytest.fixture
def ahead(service: Instance) -> Iterator[Any]:
    """Moves the domain's clock; the other tests of the session find it as it was."""
    yield lambda moment: service.shift_clock((moment - clock.wall_now()).total_seconds())
    service.shift_clock(0)


def make_event(page: Page, title: str, start: datetime) -> tuple[str, str]:
    """Through the pages: a published event with one shift of two places. Returns (page's address, shift's address)."""
    page.get_by_label("标题").fill(title)
    page.get_by_label("地点", exact=True).fill("东门投放点")
    page.get_by_label("联系人与电话").fill("李主任 0763-6600000")
    page.get_by_role("button", name="保存").click()
    page.get_by_role("link", name="添加场次").click()
    page.get_by_label("开始时间").fill(f"{start:%Y-%m-%dT%H:%M}")
    page.get_by_label("结束时间").fill(f"{start + timedelta(hours=2):%Y-%m-%dT%H:%M}")
    page.get_by_label("名额").fill("2")
    page.get_by_role("button", name="保存").click()
    page.get_by_role("button", name="发布", exact=True).click()
    expect(page.get_by_text("已发布，居民现在可以报名")).to_be_visible()
    event = page.url
    page.get_by_role("link", name="现场看板").click()
    return event, page.url.removesuffix("/board")


@pytest.mark.parametrize("width", [360, 1366])
def test_the_organisers_day(chromium: Browser, service: Instance, ahead: Any, width: int, tmp_path: Path) -> None:
    staff = Staff(chromium, service, "organiser", width)
    start = (clock.local(clock.wall_now()) + (2 + (width > 400)) * DAY).replace(
        hour=9, minute=0, second=0, microsecond=0
    )
    page = staff.go("/console/events/new?template=tongbian-dudao")
    event, shift = make_event(page, f"桶边督导 {width}", start)
    public_id = service.one("SELECT public_id FROM event WHERE id = :id", id=int(event.rsplit("/", 1)[1]))
    guest, walker, paper = Phone(service), Phone(service), Phone(service)
    made = guest.call("POST", f"/events/{public_id}/signups", {"risk_accepted": True})["id"]
    late = paper.call("POST", f"/events/{public_id}/signups", {"risk_accepted": True})["id"]
    number = walker.register(f"E12345{width}", f"1380000{width:04d}")
    ahead(start)
    _codes_and_walk_in(page, shift, guest, made, number)
    ahead(start + timedelta(hours=3))
    _paper_list(page, shift, late, tmp_path)
    _counts_and_report(page, event)
    assert staff.outside == []
    assert staff.errors == []


def _codes_and_walk_in(page: Page, shift: str, guest: Phone, made: str, number: str) -> None:
    page.goto(f"{shift}/board")
    fits(page)
    search = page.get_by_label("查找")
    search.fill("微信")
    page.get_by_label("对方出示的六位数字").fill(guest.call("GET", f"/signups/{made}/code")["digits"])
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_text("对方已签到")).to_be_visible()
    expect(page.locator("[data-standing=here]")).to_have_text("1")
    expect(page.get_by_label("对方出示的六位数字")).to_have_value("")
    time.sleep(6)  # the list is fetched again every five seconds
    expect(search).to_have_value("微信")
    expect(page.get_by_role("button", name="签退").first).to_be_visible()
    page.get_by_role("link", name="现场登记").click()
    page.get_by_label("手机号码或志愿者编号").fill(number)
    page.get_by_role("button", name="查找").click()
    expect(page.get_by_text("何**")).to_be_visible()
    fits(page)
    page.get_by_label("已当面告知活动风险，对方同意参加").check()
    page.get_by_label("名额已满，现场容得下：增加一个名额").check()
    page.get_by_label("增加名额的原因").fill("场地够大")
    page.get_by_role("button", name="登记并签到").click()
    expect(page.locator("[data-standing=here]")).to_have_text("2")
    page.get_by_role("button", name="何**签退").click()
    expect(page.locator("[data-standing=left]")).to_have_text("1")


def _paper_list(page: Page, shift: str, late: str, folder: Path) -> None:
    page.goto(f"{shift}/offline")
    fits(page)
    with page.expect_download() as found:
        page.get_by_role("link", name="下载表格").click()
    book = openpyxl.load_workbook(io.BytesIO(Path(found.value.path()).read_bytes()))
    for row in book.active.iter_rows(min_row=2):
        if row[0].value == late[:8]:
            row[4].value, row[5].value = "9:05", "11:00"
    filled = folder / "filled.xlsx"
    book.save(filled)
    _upload(page, shift, filled)
    page.get_by_role("button", name="登记这 1 行").click()
    expect(page.get_by_text("已登记 1 条签到签退")).to_be_visible()
    _upload(page, shift, filled)
    expect(page.get_by_text("没有要登记的内容")).to_be_visible()
    expect(page.get_by_role("button", name="登记这")).to_have_count(0)


def _upload(page: Page, shift: str, filled: Path) -> None:
    page.goto(f"{shift}/offline")
    page.get_by_label("填好的表格").set_input_files(filled)
    page.get_by_role("button", name="上传并检查").click()
    expect(page.get_by_text("还没有写入任何内容")).to_be_visible()
    fits(page)


def _counts_and_report(page: Page, event: str) -> None:
    page.goto(event)
    fits(page)
    page.get_by_label("项目").select_option("influenced")
    page.get_by_label("数量").fill("780")
    page.get_by_label("统计人").fill("王科")
    page.get_by_label("统计办法").fill("入口计数")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_text("人数已登记")).to_be_visible()
    for path in ("unreached", "photos", "ratings", "printed-code"):
        page.goto(f"{event}/{path}")
        fits(page)
    page.goto(event)
    page.get_by_role("button", name="生成活动报告").click()
    expect(page.get_by_role("link", name="下载").first).to_be_visible(timeout=30_000)
    with page.expect_download() as found:
        page.get_by_role("link", name="下载").first.click()
    assert wait_for(lambda: Path(found.value.path()).stat().st_size > 10_000, 5, "the report")
