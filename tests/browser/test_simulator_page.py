"""The simulator's page: what staff rehearse with, by mouse and by keyboard, narrow and wide."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import base_environ
from tests.simulator_process import Simulator, running
from tests.wechat.contract_official import ARTICLE
from tests.wechat.simulator_world import World

SENDALL = "/cgi-bin/message/mass/sendall"


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with running(base_environ(tmp_path_factory.mktemp("simulator"))) as found:
        yield found


class Look:
    """The page of one simulator, and what went wrong on it."""

    def __init__(self, browser: Browser, simulator: Simulator, width: int) -> None:
        self.wrong: list[str] = []
        self.page: Page = browser.new_page(viewport={"width": width, "height": 800}, locale="zh-CN")
        self.page.on("console", lambda message: self.wrong.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda request: self._outside(request.url, simulator.url))
        self.page.goto(f"{simulator.url}/")

    def _outside(self, url: str, ours: str) -> None:
        if not url.startswith((ours, "data:")):
            self.wrong.append(url)


def mass(world: World, key: str) -> object:
    media_id = world.done("/cgi-bin/draft/add", {"articles": [world.filled(ARTICLE, "official")]})["media_id"]
    body = {"filter": {"is_to_all": True}, "msgtype": "mpnews", "mpnews": {"media_id": media_id}, "clientmsgid": key}
    return world.ask(SENDALL, body)["errcode"]


@pytest.mark.parametrize("width", [360, 1366])
def test_a_rehearsal(chromium: Browser, simulator: Simulator, width: int) -> None:
    """A new resident accepts a template; the administrator says no, then yes; the article is read on the phone."""
    simulator.reset()
    world = World(simulator)
    simulator.settings(mass_daily_quota=5)
    look = Look(chromium, simulator, width)
    page = look.page
    page.get_by_role("button", name="新增一位居民").click()
    expect(page.get_by_role("button", name="居民 2")).to_have_attribute("aria-pressed", "true")
    page.get_by_label("消息模板").select_option("sim_new_article")
    page.get_by_role("button", name="同意接收一次").click()
    expect(page.get_by_role("status")).to_have_text("已同意接收一次")
    page.get_by_label("发给公众号").fill("dx2a-h3t5")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("已发给公众号")
    page.get_by_label("群发给全部用户要管理员在手机上确认").check()
    expect(page.get_by_role("status")).to_have_text("已更改")
    assert mass(world, "no") == 89505
    page.get_by_role("button", name="不同意").click()
    expect(page.get_by_text("管理员没有同意")).to_be_visible()
    assert mass(world, "yes") == 89505
    page.get_by_role("button", name="同意群发").click()
    page.locator("#phone").get_by_role("button", name="阅读全文").click()
    expect(page.frame_locator("#article").get_by_text("纸箱压扁，瓶子倒空。")).to_be_visible()
    page.get_by_role("button", name="关闭", exact=True).click()
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert look.wrong == []


def test_faults_by_keyboard_and_a_question_before_everything_is_gone(chromium: Browser, simulator: Simulator) -> None:
    simulator.reset()
    simulator.new_user()
    look = Look(chromium, simulator, 1366)
    page = look.page
    expect(page.get_by_text("没有，一切正常。")).to_be_visible()
    page.get_by_role("button", name="群发当日次数用完").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#faults")).to_contain_text("当日次数用完")
    page.get_by_role("button", name="全部恢复正常").press("Enter")
    expect(page.get_by_text("没有，一切正常。")).to_be_visible()
    page.get_by_role("button", name="清空模拟器").press("Enter")
    page.keyboard.press("Enter")  # 取消 has the focus
    assert simulator.call("GET", "/_sim/overview")["total"] == 1
    page.get_by_role("button", name="清空模拟器").press("Enter")
    page.get_by_role("button", name="确定").click()
    expect(page.get_by_text("还没有居民。")).to_be_visible()
    assert look.wrong == []
