"""The question desk: one writes, another reads; a paper is put together, looked at and used."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Staff, fits
from tests.demo.processes import Instance


def _write(page: Page, text: str) -> None:
    page.get_by_label("题型").select_option(label="分拣")
    expect(page.get_by_label("选项 1 的类别")).to_be_visible()
    page.get_by_label("题型").select_option(label="单选")
    expect(page.get_by_label("选项 1 的类别")).to_be_hidden()
    page.get_by_label("题库").select_option(label="竞赛")
    page.get_by_label("主题").fill("分类标准")
    page.get_by_label("题目", exact=False).first.fill(text)
    for place, option in enumerate(("有害垃圾", "其他垃圾", "可回收物")):
        page.get_by_label(f"选项 {place + 1}", exact=True).fill(option)
    page.get_by_label("解析").fill("灯管含汞，属于有害垃圾。")
    page.get_by_label("依据").select_option(index=1)
    page.get_by_role("button", name="提交复核").click()
    expect(page.get_by_text("正确答案的数量与题型不符")).to_be_visible()
    expect(page.get_by_label("选项 2", exact=True)).to_have_value("其他垃圾")
    page.get_by_label("正确").first.check()
    page.get_by_role("button", name="提交复核").click()
    expect(page.get_by_text("另一位同事复核后才会使用").first).to_be_visible()


@pytest.mark.parametrize("width", [1366, 360])
def test_one_writes_and_another_reads(chromium: Browser, service: Instance, width: int) -> None:
    text = f"换下来的旧灯管应该投放到哪里？（{width}）"
    writer = Staff(chromium, service, "editor", width)
    page = writer.go("/console/questions/new")
    _write(page, text)
    fits(page)
    card = page.locator("section.card", has_text=text)
    expect(card.get_by_role("button", name="撤回")).to_be_visible()
    expect(card.get_by_role("checkbox")).to_have_count(0)

    reader = Staff(chromium, service, "reviewer1", width)
    page = reader.go("/console/")
    page.get_by_role("link", name=re.compile("道题")).first.click()
    fits(page)
    card = page.locator("section.card", has_text=text)
    expect(card.get_by_text("A 有害垃圾（正确）")).to_be_visible()
    card.get_by_label("通过").check()
    page.get_by_role("button", name="通过勾选的题目").click()
    expect(page.get_by_text("已通过 1 道题")).to_be_visible()
    page = reader.go("/console/questions?q=" + text[:10])
    expect(page.get_by_role("link", name=text)).to_be_visible()
    assert reader.errors == []


@pytest.mark.parametrize("width", [1366, 360])
def test_a_paper_is_put_together_and_looked_at(chromium: Browser, service: Instance, width: int) -> None:
    staff = Staff(chromium, service, "editor", width)
    page = staff.go("/console/question-sets")
    page.get_by_label("名称").fill(f"初赛试卷 {width}")
    page.get_by_label("题库").select_option(label="竞赛")
    page.get_by_role("button", name="新建").click()
    page.get_by_label("容易（道）").fill("2")
    page.get_by_role("button", name="抽题").click()
    expect(page.get_by_text("已抽取 2 道题")).to_be_visible()
    first = page.locator("tbody").first.locator("tr").first.locator("td").nth(1).inner_text()
    page.get_by_role("button", name="把第 1 题下移").click()
    expect(page.get_by_text("已移动")).to_be_visible()
    expect(page.locator("tbody").first.locator("tr").nth(1)).to_contain_text(first)
    page.locator("input[name=question]").first.check()
    page.get_by_role("button", name="加入勾选的题目").click()
    expect(page.get_by_text("已加入 1 道题")).to_be_visible()
    fits(page)
    page.get_by_role("link", name="预览和打印").click()
    expect(page.locator(".paper-question")).to_have_count(3)
    expect(page.get_by_text("（正确）")).to_have_count(0)
    page.get_by_role("link", name="看答案").click()
    expect(page.get_by_text("解析：").first).to_be_visible()
    fits(page)
    page = staff.go("/console/quizzes/new")
    page.get_by_label("试卷").select_option(label=f"初赛试卷 {width}（3 道题）")
    assert staff.errors == []
    assert staff.outside == []
