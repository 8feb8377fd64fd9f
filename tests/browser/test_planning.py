"""The organiser plans: a campaign, an event from a template with its posts, copies, changes, a cancellation."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Staff, fits
from tests.demo.processes import Instance

YEAR = 2028  # of the days in this file; each width has a month of its own


def _campaign(page: Page, title: str, month: int) -> None:
    page.get_by_label("名称").fill(title)
    page.get_by_label("主题", exact=True).fill("分类齐参与 低碳新时尚")
    page.get_by_label("开始日期").fill(f"{YEAR}-{month:02d}-22")
    page.get_by_label("结束日期").fill(f"{YEAR}-{month:02d}-20")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("结束日期不能早于开始日期")).to_be_visible()
    expect(page.get_by_label("名称")).to_have_value(title)
    page.get_by_label("结束日期").fill(f"{YEAR}-{month:02d}-28")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("还没有活动属于这个主题")).to_be_visible()


@pytest.mark.parametrize(("width", "month"), [(1366, 5), (360, 6)])
def test_the_organisers_planning(chromium: Browser, service: Instance, width: int, month: int) -> None:
    staff = Staff(chromium, service, "organiser", width)
    title = f"宣传周 {width}"
    page = staff.go("/console/campaigns/new")
    fits(page)
    _campaign(page, title, month)
    fits(page)

    page = staff.go("/console/events/new?template=qingjie-xingdong")
    page.get_by_label("首场开始时间").fill(f"{YEAR}-{month:02d}-23T08:30")
    page.get_by_label("地点", exact=True).fill("文化广场")
    page.get_by_label("地点坐标").fill("北纬")
    page.get_by_label("联系人与电话").fill("李主任 0763-6600000")
    page.get_by_label("主题活动").select_option(label=title)
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("坐标有误")).to_be_visible()
    page.get_by_label("地点坐标").fill("24.7790,112.3770")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("已保存草稿")).to_be_visible()
    expect(page.get_by_role("link", name=title)).to_be_visible()
    expect(page.get_by_text(re.compile(r"年满 \d+ 周岁")).first).to_be_visible()
    fits(page)
    event = page.url

    page.locator("#check-1").check()
    page.get_by_role("button", name="保存勾选").click()
    expect(page.get_by_text("检查清单已保存")).to_be_visible()
    expect(page.locator("#check-1")).to_be_checked()
    expect(page.locator("#check-2")).not_to_be_checked()

    page.get_by_role("link", name="添加场次").click()
    page.get_by_label("开始时间").fill(f"{YEAR}-{month:02d}-23T14:00")
    page.get_by_label("结束时间").fill(f"{YEAR}-{month:02d}-23T16:00")
    page.get_by_label("名额").fill("12")
    page.get_by_label("岗位或场次名称").fill("下午场")
    page.get_by_label("年龄下限").fill("50")
    page.get_by_label("年龄上限").fill("40")
    fits(page)
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("alert").get_by_text("下限不大于上限")).to_be_visible()
    expect(page.get_by_label("岗位或场次名称")).to_have_value("下午场")
    page.get_by_label("年龄下限").fill("16")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("下午场")).to_be_visible()
    page.get_by_role("button", name="发布", exact=True).click()
    expect(page.get_by_text("居民现在可以报名")).to_be_visible()

    page.get_by_role("link", name="名单").first.click()
    expect(page.get_by_text("还没有人报名")).to_be_visible()
    fits(page)

    page.goto(event)
    page.get_by_role("link", name="每周重复").click()
    page.get_by_label("再重复几周").fill("2")
    page.get_by_label("新建后马上发布").check()
    fits(page)
    page.get_by_role("button", name="新建这些活动").click()
    expect(page.get_by_text("已新建 2 个活动")).to_be_visible()

    page.goto(event)
    page.get_by_role("link", name="复制", exact=True).click()
    page.get_by_label("首场开始时间").fill(f"{YEAR}-{month + 3:02d}-01T09:00")
    fits(page)
    page.get_by_role("button", name="复制为草稿").click()
    expect(page.get_by_text("已复制为草稿")).to_be_visible()
    expect(page.get_by_text(f"{YEAR}-{month + 3:02d}-01 09:00")).to_have_count(2)

    page.goto(event)
    page.get_by_role("link", name="取消活动").click()
    page.get_by_label("原因").fill("暴雨")
    page.get_by_role("button", name="取消活动").click()
    expect(page.get_by_text(re.compile("通知已发给 0 个报名"))).to_be_visible()
    expect(page.get_by_text("已取消").first).to_be_visible()

    page = staff.go("/console/appeals")
    expect(page.get_by_text("没有需要处理的申诉")).to_be_visible()
    fits(page)
    assert staff.outside == []
    assert [one for one in staff.errors if "422" not in one] == [], "a form sent back says 422 to the browser"
