"""Leaderboards, badges and classes as staff see them, on a telephone and on a wide screen, over the running worker."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from sorting_miniapp import clock
from tests.browser.conftest import Staff
from tests.demo.actors import Resident, simulate
from tests.demo.processes import Instance, wait_for

PAGES = ("boards", "boards/1", "boards/1?by=town&span=week", "boards/7", "badges", "badges/1", "teams", "teams/new")


def answer_the_daily_quiz(service: Instance, code: str = "") -> Resident:
    """A resident who does the day's five questions, in a class where there is a code."""
    person = Resident(service, str(simulate(service, "POST", "/_sim/users")["openid"])).log_in()
    if code:
        assert person.call("POST", "/team-members", {"code": code}).status == 201
    paper: dict[str, Any] = person.call("POST", "/quizzes/daily/attempts").body
    given = [
        {"question": one["id"]}
        | (
            {"sorted": {option["id"]: "food" for option in one["options"]}}
            if one["kind"] == "sort"
            else {"options": [one["options"][0]["id"]]}
        )
        for one in paper["questions"]
    ]
    assert person.call("POST", f"/attempts/{paper['id']}/submission", {"answers": given}).status == 200
    return person


@pytest.mark.parametrize("width", [360, 1366])
def test_the_pages_of_learning_fit_and_fetch_nothing_from_outside(
    chromium: Browser, service: Instance, width: int
) -> None:
    staff = Staff(chromium, service, "editor", width)
    for path in PAGES:
        page = staff.go(f"/console/{path}")
        expect(page.locator("h1")).to_be_visible()
        overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert overflow <= 0, f"{path} is {overflow} px too wide at {width} px"
    assert staff.outside == []
    assert staff.errors == []


@pytest.mark.parametrize("width", [360, 1366])
def test_a_class_is_made_joined_and_closed(chromium: Browser, service: Instance, width: int) -> None:
    page = Staff(chromium, service, "editor", width).go("/console/teams/new")
    page.get_by_label("名称").fill(f"三年级{width}班")
    page.get_by_label("单位").select_option(index=0)
    page.get_by_role("button", name="新建").click()
    expect(page.get_by_text("已新建，把班级码告诉成员")).to_be_visible()
    code = page.locator("strong").inner_text()
    assert re.fullmatch(r"[3-9A-Y]{7}", code)
    pupil = answer_the_daily_quiz(service, code)
    board = f"/console/boards/1?on={clock.today()}"
    assert pupil.call("GET", "/me/ranks/daily").body["rank"] >= 1
    wait_for(lambda: pupil.call("GET", "/quizzes/daily/leaderboard").body["items"], 10, "the worker counts")
    page.reload()
    expect(page.get_by_role("row", name=re.compile("1号同学 1 "))).to_be_visible()
    page.get_by_role("button", name="换一个班级码").click()
    page.get_by_role("dialog").get_by_role("button", name="换一个班级码").click()
    expect(page.get_by_text("已换新的班级码")).to_be_visible()
    page.get_by_role("button", name="解散").click()
    page.get_by_role("dialog").get_by_role("button", name="解散").click()
    expect(page.locator(".alert", has_text="已解散")).to_be_visible()
    page.goto(service.web + board)
    expect(page.get_by_role("cell", name="匿名用户").first).to_be_visible()


def test_a_contests_board_is_frozen_from_the_page(chromium: Browser, service: Instance) -> None:
    page = Staff(chromium, service, "editor", 360).go("/console/boards")
    page.get_by_role("link", name="2026年宣传周知识竞赛").click()
    page.get_by_label("封榜时间").fill("2020-01-01T10:00")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("封榜时间须晚于现在")).to_be_visible()
    later = clock.local(clock.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    page.get_by_label("封榜时间").fill(later)
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("已保存封榜时间")).to_be_visible()
    expect(page.get_by_text("未到封榜时间")).to_be_visible()
    page.get_by_label("封榜时间").fill("")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("已取消封榜")).to_be_visible()
