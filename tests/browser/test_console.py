"""The console as people see it: narrow and wide, by keyboard, with a question before what cannot be undone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Staff
from tests.demo.processes import Instance

PAGES = {
    "admin": ("", "events", "hours", "certificates", "articles", "pushes", "guide", "guide/requests", "quizzes",
              "questions", "orgs", "orgs/import", "staff", "staff/new", "settings", "audit", "password"),
    "editor": ("articles/new", "articles/1", "articles/1/edit", "guide/new", "questions/new", "questions/1",
               "quizzes/new", "quizzes/1"),
    "organiser": ("events/new", "events/new?template=tongbian-dudao"),
}  # fmt: skip


@pytest.mark.parametrize("width", [360, 1366])
@pytest.mark.parametrize("username", list(PAGES))
def test_every_page_fits_and_fetches_nothing_from_outside(
    chromium: Browser, service: Instance, username: str, width: int
) -> None:
    staff = Staff(chromium, service, username, width)
    for path in PAGES[username]:
        page = staff.go(f"/console/{path}")
        expect(page.locator("h1")).to_be_visible()
        overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert overflow <= 0, f"{path} is {overflow} px too wide at {width} px"
        unnamed = page.evaluate(
            "[...document.querySelectorAll('input:not([type=hidden]),select,textarea')]"
            ".filter(e => !e.labels?.length && !e.getAttribute('aria-label')).map(e => e.name)"
        )
        assert unnamed == [], f"{path}: fields without a label: {unnamed}"
    assert staff.outside == []
    assert staff.errors == []


def test_the_menu_works_by_keyboard_and_on_a_phone(chromium: Browser, service: Instance) -> None:
    staff = Staff(chromium, service, "admin")
    page = staff.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "跳到正文"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    phone = Staff(chromium, service, "admin", 360).page
    expect(phone.get_by_role("link", name="规则设置")).not_to_be_visible()
    phone.get_by_text("菜单", exact=True).click()
    phone.get_by_role("link", name="规则设置").click()
    phone.wait_for_url("**/console/settings")


def test_an_event_from_a_template_to_its_check_in_code(chromium: Browser, service: Instance) -> None:
    page = Staff(chromium, service, "organiser").go("/console/events/new?template=tongbian-dudao")
    page.get_by_label("地点", exact=True).fill("东门投放点")
    page.get_by_label("联系人与电话").fill("李主任 0763-6600000")
    page.get_by_role("button", name="保存").click()
    page.get_by_role("link", name="添加场次").click()
    page.get_by_label("开始时间").fill("2027-06-10T09:00")
    page.get_by_label("结束时间").fill("2027-06-10T11:00")
    page.get_by_label("名额").fill("20")
    page.get_by_role("button", name="保存").click()
    page.get_by_role("button", name="发布", exact=True).click()
    expect(page.get_by_text("已发布，居民现在可以报名")).to_be_visible()
    page.get_by_role("link", name="签到码").click()
    expect(page.locator("svg.qr")).to_be_visible()
    expect(page.locator("output")).to_have_text(re.compile(r"^\d{6}$"))
    page.go_back()
    page.get_by_role("button", name="撤回发布").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_role("button", name="取消", exact=True).click()
    expect(page.get_by_text("已发布").first).to_be_visible()
    page.get_by_role("button", name="撤回发布").click()
    page.get_by_role("dialog").get_by_role("button", name="撤回发布").click()
    expect(page.get_by_text("已撤回发布")).to_be_visible()


def test_the_documentation_of_the_api_opens_without_outside_help(chromium: Browser, service: Instance) -> None:
    staff = Staff(chromium, service, "admin")
    page = staff.go("/api/docs")
    expect(page.get_by_text("连州市生活垃圾分类小程序接口")).to_be_visible()
    expect(page.locator(".opblock").first).to_be_visible()
    assert staff.outside == []
