"""A contest in a browser, on a PC and on a phone: planned, watched, a result taken away and given back, a wrong
question corrected, a prize handed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from sorting_miniapp import clock
from tests.browser.conftest import Staff, fits
from tests.browser.test_event_day import Phone
from tests.demo.processes import Instance

CONTACT = "0763-6600000"


@pytest.fixture
def later(service: Instance) -> Iterator[Any]:
    """Moves the domain's clock; the other tests of the session find it as it was."""
    yield lambda ahead: service.shift_clock(ahead.total_seconds())
    service.shift_clock(0)


def plan(page: Page, title: str) -> str:
    """Through the form: a contest of three questions that is open now. Returns its slug's page."""
    now = clock.local(clock.now())
    page.get_by_role("link", name="新建竞赛").click()
    page.get_by_label("名称").fill(title)
    page.get_by_label("题数").fill("3")
    page.get_by_label("奖励说明").fill("第一名奖厨余桶")
    page.get_by_label("开放给居民").check()
    fits(page)
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("alert").first).to_contain_text("须填写开始和结束时间")
    expect(page.get_by_label("奖励说明")).to_have_value("第一名奖厨余桶")
    page.get_by_label("开始时间").fill(f"{now - timedelta(minutes=1):%Y-%m-%dT%H:%M}")
    page.get_by_label("结束时间").fill(f"{now + timedelta(hours=2):%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("已新建")).to_be_visible()
    return page.url


def play(phone: Phone, slug: str) -> str:
    """Answers with the first option each time; returns the attempt."""
    paper = phone.call("POST", f"/quizzes/{slug}/attempts")
    given = []
    for question in paper["questions"]:
        first = question["options"][0]["id"]
        sorting = question["kind"] == "sort"
        given.append({"question": question["id"], **({"sorted": {first: "food"}} if sorting else {"options": [first]})})
    phone.call("POST", f"/attempts/{paper['id']}/submission", {"answers": given})
    return str(paper["id"])


@pytest.mark.parametrize("width", [1366, 360])
def test_a_contest_from_the_plan_to_the_prize(chromium: Browser, service: Instance, later: Any, width: int) -> None:
    title = f"社区竞赛{width}"
    admin = Staff(chromium, service, "admin", width)
    page = admin.go("/console/settings")
    page.get_by_label("竞赛咨询方式").fill(CONTACT)
    page.locator("#rule-contest_contact").get_by_role("button", name="保存").click()
    first, second = (Staff(chromium, service, name, width) for name in ("editor", "editor2"))
    plan(first.go("/console/quizzes"), title)
    slug = str(service.one("SELECT slug FROM quiz WHERE title = :title", title=title))
    phones = [Phone(service) for _ in range(2)]
    assert phones[0].call("GET", f"/quizzes/{slug}")["contact"] == CONTACT
    attempts = [play(phone, slug) for phone in phones]
    _watch_and_take_away(first.page)
    taken = next(
        phone_and_attempt
        for phone_and_attempt in zip(phones, attempts, strict=True)
        if phone_and_attempt[0].call("GET", f"/attempts/{phone_and_attempt[1]}")["disqualification"]
    )
    taken[0].call("POST", f"/attempts/{taken[1]}/appeal", {"reason": "我每天都练"})
    _answer(second.go("/console/result-appeals"))
    assert taken[0].call("GET", f"/attempts/{taken[1]}")["disqualification"] is None
    _correct(first, second, service, slug)
    later(timedelta(hours=3))
    _hand_over(first.go("/console/quizzes"), title)
    for staff in (admin, first, second):
        assert staff.outside == []
        assert [text for text in staff.errors if "422" not in text] == [], "but for the form that was refused"


def _watch_and_take_away(page: Page) -> None:
    page.get_by_role("link", name="竞赛监控").click()
    expect(page.locator("#monitor")).to_contain_text("答得过快")
    expect(page.locator(".figure-box").filter(has_text="已交卷")).to_contain_text("2")
    fits(page)
    page.locator("#monitor").get_by_role("link", name="居民").first.click()
    expect(page.get_by_text("平均每题")).to_be_visible()
    fits(page)
    page.get_by_role("link", name="取消成绩").click()
    page.get_by_label("原因").fill("三道题一共不到一秒")
    fits(page)
    page.get_by_role("button", name="取消成绩").click()
    expect(page.get_by_text("取消原因：三道题一共不到一秒")).to_be_visible()


def _answer(page: Page) -> None:
    row = page.get_by_role("row").filter(has_text="我每天都练")
    fits(page)
    row.get_by_role("link", name="复核").click()
    page.get_by_label("恢复成绩").check()
    page.get_by_label("复核意见").fill("核对过，是本人练熟了")
    fits(page)
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_text("已复核，结果会通知本人")).to_be_visible()


def _correct(staff: Staff, other: Staff, service: Instance, slug: str) -> None:
    """A question that both were asked or one of them; the worker tries it out, another confirms, it is marked anew."""
    asked = str(service.one("SELECT versions FROM attempt a JOIN quiz q ON q.id = a.quiz_id WHERE q.slug = :s", s=slug))
    version = int(asked.strip("[]").split(",")[0])
    question = int(service.one("SELECT question_id FROM question_version WHERE id = :id", id=version))
    page = staff.go(f"/console/questions/{question}")
    page.get_by_role("link", name="题目有错，更正成绩").click()
    page.get_by_label("这道题作废，不计入总分").check()
    page.get_by_label("原因").fill("题干有歧义")
    fits(page)
    page.get_by_role("button", name="提出更正并试算影响").click()
    expect(page.get_by_text("如果确认，会有这些变化")).to_be_visible(timeout=60_000)
    fits(page)
    page = other.go(page.url)
    fits(page)
    page.get_by_role("button", name="确认更正并重新计分").click()
    page.locator("dialog [data-answer=yes]").click()
    expect(page.locator("#correction")).to_contain_text("已完成", timeout=60_000)
    fits(page)


def _hand_over(page: Page, title: str) -> None:
    page.get_by_role("link", name=title, exact=True).click()
    page.get_by_role("link", name="获奖登记").click()
    expect(page.get_by_text("奖励说明：第一名奖厨余桶")).to_be_visible()
    page.get_by_label("奖品").fill("厨余桶一个")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_text("已登记，获奖人会收到通知")).to_be_visible()
    page.get_by_label("领取人姓名").fill("陈小明")
    fits(page)
    page.get_by_role("button", name="登记领取").click()
    expect(page.get_by_text("陈小明 于")).to_be_visible()
    fits(page)
