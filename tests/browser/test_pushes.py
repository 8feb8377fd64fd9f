"""The editor's planning in a browser: the calendar by mouse and keyboard, quotas, a pause, columns, a phone's width."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta

import pytest
from playwright.sync_api import Browser, FloatRect, Locator, Page, expect

from sorting_miniapp import clock
from tests.browser.conftest import Staff, fits
from tests.demo.actors import Browser as Actor
from tests.demo.processes import Instance

NUMBERS = itertools.count(1)


def approved(service: Instance, title: str, column: str = "fenlei-zhishi") -> str:
    """The address of a new article that three people have passed."""
    editor = Actor(service, "editor")
    url = editor.post(
        "/console/articles/new",
        node_id=service.one("SELECT id FROM node WHERE parent_id IS NULL"),
        column_id=service.one("SELECT id FROM article_column WHERE slug = :slug", slug=column),
        title=title, author="市住建局", digest="一句话", source="市住建局", markdown=f"第 {next(NUMBERS)} 篇",
    )  # fmt: skip
    editor.post(f"{url}/submit")
    for level in (1, 2, 3):
        Actor(service, f"reviewer{level}").post(f"{url}/review", verdict="passed", version="1", remark="")
    return url


def monday(ahead: int) -> date:
    day = clock.local(datetime.now(clock.LOCAL)).date() + timedelta(days=ahead)
    return day - timedelta(days=day.weekday())


def day_of(page: Page, day: date) -> str:
    return f'td[data-day="{day.isoformat()}"]'


def plan(page: Page, day: date, title: str, channel: str) -> None:
    """From the calendar's + over the article and the check to the push's page."""
    page.locator(day_of(page, day)).get_by_role("link", name="安排").click()
    page.get_by_role("link", name=title, exact=True).click()
    page.get_by_label(channel).check()
    expect(page.get_by_label("推送时间")).to_have_value(f"{day.isoformat()}T09:00")
    fits(page)
    page.get_by_role("button", name="下一步：核对").click()
    expect(page.locator("#audience-count")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="确认安排").click()
    expect(page.get_by_text("已安排推送")).to_be_visible()


def test_planned_by_mouse_and_keyboard_paused_resumed_and_sent(chromium: Browser, service: Instance) -> None:
    for title in ("日历上的第一篇", "日历上的第二篇"):
        approved(service, title)
    staff = Staff(chromium, service, "editor")
    start = monday(40)
    tuesday, wednesday, thursday = (start + timedelta(days=n) for n in (1, 2, 3))
    week = f"/console/calendar?view=week&at={start.isoformat()}"
    page = staff.go(week)
    expect(page.locator(day_of(page, tuesday))).to_contain_text("群发余 1")
    plan(page, tuesday, "日历上的第一篇", "公众号群发")
    plan(staff.go(week), wednesday, "日历上的第二篇", "公众号群发")

    page = staff.go(week)
    expect(page.locator(day_of(page, tuesday))).to_contain_text("群发余 0")
    second = page.locator(".calendar-entry", has_text="日历上的第二篇")
    second.drag_to(page.locator(day_of(page, tuesday)))
    expect(page.get_by_text("没有移动“日历上的第二篇”")).to_contain_text("已经排满")
    page.locator(".calendar-entry", has_text="日历上的第二篇").drag_to(page.locator(day_of(page, thursday)))
    expect(page.get_by_text("已改时间：日历上的第二篇")).to_be_visible()
    expect(page.locator(day_of(page, thursday))).to_contain_text("日历上的第二篇")

    page.get_by_role("link", name="改时间：日历上的第二篇").focus()
    page.keyboard.press("Enter")
    field = page.get_by_label("新的推送时间")
    field.fill(f"{tuesday.isoformat()}T10:00")
    page.get_by_role("button", name="改时间").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("已经排满，请换一天")).to_be_visible()
    expect(field).to_have_value(f"{tuesday.isoformat()}T10:00")
    field.fill(f"{wednesday.isoformat()}T10:00")
    page.keyboard.press("Enter")
    expect(page.locator(day_of(page, wednesday))).to_contain_text("10:00 日历上的第二篇")
    assert [error for error in staff.errors if "409" not in error] == [], "but for the refused move"
    assert staff.outside == []


def fits_both(page: Page) -> None:
    """On a PC and, where it stays, on a phone."""
    for width in (1366, 360):
        page.set_viewport_size({"width": width, "height": 800})
        fits(page)


def test_paused_resumed_sent_from_the_pushs_page(chromium: Browser, service: Instance) -> None:
    url = approved(service, "要暂停的一篇")
    staff = Staff(chromium, service, "editor", 360)
    page = staff.go(f"{url}/pushes/new?due_at={monday(40).isoformat()}T09:00")
    page.get_by_label("公众号发布（不通知）").check()
    page.get_by_role("button", name="下一步：核对").click()
    page.get_by_role("button", name="返回修改").click()
    expect(page.get_by_label("公众号发布（不通知）")).to_be_checked()
    page.get_by_role("button", name="下一步：核对").click()
    page.get_by_role("button", name="确认安排").click()
    page.get_by_role("button", name="暂停").click()
    expect(page.locator("#progress .badge")).to_have_text("已暂停")
    staff.go("/console/")
    fits_both(page)
    waiting = page.get_by_role("row", name="要暂停的一篇")
    waiting.get_by_role("button", name="继续", exact=True).click()
    expect(page.locator("#progress .badge")).to_have_text("待发")
    fits_both(page)
    page.get_by_role("button", name="马上发送").click()
    page.get_by_role("dialog").get_by_role("button", name="马上发送").click()
    expect(page.locator("#progress .badge")).to_have_text("已发", timeout=30_000)
    expect(page.get_by_role("button", name="暂停")).to_have_count(0)
    fits_both(page)
    assert staff.errors == []


def drag_by_finger(staff: Staff, entry: Locator, to: Locator) -> None:
    """Hold the entry until it lifts and `to` shows, move there, let go in the lower half of `to`."""
    finger = staff.context.new_cdp_session(staff.page)
    middle = "one => one.scrollIntoView({block: 'center', behavior: 'instant'})"
    entry.evaluate(middle)

    def touch(kind: str, box: FloatRect | None) -> None:
        at = [{"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] * 0.7}] if box else []
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    touch("touchStart", entry.bounding_box())
    expect(staff.page.locator(".drag-ghost")).to_be_visible()
    expect(to).to_be_visible()
    to.evaluate(middle)
    for _ in range(3):
        touch("touchMove", to.bounding_box())
    touch("touchEnd", None)


@pytest.mark.parametrize("width", [1366, 360])
def test_a_column_its_queue_and_the_publicity_week(chromium: Browser, service: Instance, width: int) -> None:
    staff = Staff(chromium, service, "editor", width)
    name = f"一课 {width}"
    page = staff.go("/console/columns/new")
    page.get_by_label("名称").fill(name)
    page.get_by_role("button", name="保存").click()
    slug = service.one("SELECT slug FROM article_column WHERE name = :name", name=name)
    titles = [f"{name}：{number}" for number in "甲乙"]
    for title in titles:
        approved(service, title, slug)
    page.get_by_role("link", name="设置推送规则").first.click()
    page.get_by_label("小程序文章列表").check()
    page.get_by_label("周三").check()
    fits(page)
    page.get_by_role("button", name="保存规则").click()
    expect(page.get_by_text("每周一、三 09:00")).to_be_visible()
    for title in titles:
        page.get_by_label("排进一篇").select_option(label=title)
        page.get_by_role("button", name="排进队列").click()
    fits(page)
    first, last = page.locator("#queue > li").first, page.locator("#queue > li").last
    if width > 1000:
        last.drag_to(first, target_position={"x": 20, "y": 2})
    else:
        drag_by_finger(staff, first, last)
    expect(page.get_by_text("已调整顺序")).to_be_visible()
    expect(first).to_contain_text(titles[1])
    last.get_by_role("button", name="上移").click()
    expect(first).to_contain_text(titles[0])
    expect(page.get_by_text("已调整顺序")).to_be_visible()
    page.get_by_role("button", name="暂停栏目").click()
    expect(page.get_by_text("栏目已暂停")).to_be_visible()

    page = staff.go("/console/series/xuanchuanzhou")
    launch = page.locator(".series > li", has_text="启动日群发")
    expect(launch).to_contain_text("照这样排好，这一天群发余 0")
    fits(page)
    for article in page.get_by_label("文章").all()[1:]:
        article.select_option("")
    first = page.locator("#line-1")
    first.get_by_label("渠道").select_option(label="小程序文章列表")
    first.get_by_label("文章").select_option(label=f"{titles[0]}（{name}）")
    page.get_by_role("button", name="确认安排").click()
    expect(page.get_by_role("alert")).to_contain_text("您改过安排")
    expect(first).to_contain_text("打开小程序的居民")
    page.get_by_role("button", name="确认安排").click()
    expect(page.get_by_text("已安排 1 次推送")).to_be_visible()
    assert [error for error in staff.errors if "422" not in error] == [], "but for what has to be seen first"


def test_on_a_phone_the_calendar_is_a_list_of_days(chromium: Browser, service: Instance) -> None:
    approved(service, "手机上排的一篇")
    staff = Staff(chromium, service, "editor", 360)
    start = monday(80)
    page = staff.go("/console/calendar")
    fits(page)
    page.get_by_role("link", name="安排推送").click()
    page.get_by_label("标题含有").fill("手机上排")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name="手机上排的一篇").click()
    page.get_by_label("小程序文章列表").check()
    page.get_by_label("推送时间").fill(f"{start.isoformat()}T09:00")
    fits(page)
    page.get_by_role("button", name="下一步：核对").click()
    page.get_by_role("button", name="确认安排").click()
    fits(page)
    page = staff.go(f"/console/calendar?at={start.isoformat()}")
    fits(page)
    entry = page.locator(day_of(page, start))
    expect(entry).to_contain_text("手机上排的一篇")
    expect(entry.locator(".calendar-long")).to_be_visible()
    expect(page.locator("td.calendar-empty").last).to_be_hidden()
    page = staff.go(f"/console/calendar?view=week&at={start.isoformat()}")
    planned = page.locator(".calendar-entry[data-move]", has_text="手机上排的一篇")
    drag_by_finger(staff, planned, page.locator(day_of(page, start + timedelta(days=2))))
    expect(page.get_by_text("已改时间：手机上排的一篇")).to_be_visible()
    expect(page.locator(day_of(page, start + timedelta(days=2)))).to_contain_text("09:00 手机上排的一篇")
    page.get_by_role("link", name="改时间：手机上排的一篇").click()
    fits(page)
    page.get_by_label("新的推送时间").fill(f"{(start + timedelta(days=1)).isoformat()}T11:30")
    page.get_by_role("button", name="改时间").click()
    expect(page.locator(day_of(page, start + timedelta(days=1)))).to_contain_text("11:30 手机上排的一篇")
    for path in ("/console/results", "/console/channels", "/console/columns"):
        fits(staff.go(path))
    assert staff.errors == []
