"""The editor at the guide, on a PC and on a phone: words that residents asked for, items, photos, what is popular."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Staff, fits
from tests.demo.actors import Resident, residents
from tests.demo.processes import Instance, wait_for
from tests.places.helpers import photo


@pytest.fixture(params=[1366, 360])
def width(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def ask(person: Resident, term: str, remark: str = "") -> None:
    made = person.call("POST", "/guide/requests", {"term": term, "remark": remark})
    assert made.status == 201, made.body


def answer(person: Resident, term: str) -> tuple[str, str]:
    """What the resident reads about their request: its state and the answer."""
    found = next(one for one in person.call("GET", "/me/guide-requests").body["items"] if one["term"] == term)
    return found["state"], found["answer"]


def best(person: Resident, term: str) -> str:
    """The name of what a search finds first."""
    items = person.call("GET", "/guide/items", q=term).body["items"]
    return str(items[0]["name"]) if items else ""


def test_what_residents_asked_for_is_answered(chromium: Browser, service: Instance, width: int) -> None:
    people = residents(service, 2)
    alias, item, other = (f"{word}{width}" for word in ("咩咩纸巾", "荧光手环", "猜猜看"))
    for person in people:
        ask(person, alias, "擦手用的")
    ask(people[0], item)
    ask(people[0], other)
    editor = Staff(chromium, service, "editor", width)
    page = editor.go("/console/")
    page.get_by_role("link", name="个居民没查到的词").click()
    fits(page)
    asked = [text.strip() for text in page.locator("tbody tr td:first-child").all_inner_texts()]
    assert asked.index(alias) < min(asked.index(item), asked.index(other)), "the most wanted first"

    _answer_with_alias(page, alias)
    assert answer(people[1], alias)[0] == "added"
    wait_for(lambda: best(people[0], alias) == "餐巾纸", 10, "the alias is found")
    _answer_with_item(page, item)
    wait_for(lambda: best(people[0], item) == item, 10, "the new item is found")
    assert answer(people[0], item)[0] == "added"
    page.get_by_role("link", name=other).click()
    page.get_by_label("答复").fill("这是活动名称，不是物品")
    page.get_by_role("button", name="不收录并答复").click()
    expect(page.get_by_text("已答复，问过的居民都会收到")).to_be_visible()
    assert answer(people[0], other)[1] == "这是活动名称，不是物品"
    assert editor.outside == []
    assert [text for text in editor.errors if "422" not in text] == [], "but for the form that was refused"


def _answer_with_alias(page: Page, term: str) -> None:
    """By keyboard: into the field, the name, Enter."""
    page.get_by_role("link", name=term).click()
    expect(page.get_by_text("擦手用的").first).to_be_visible()
    expect(page.get_by_text("2 人问过")).to_be_visible()
    fits(page)
    page.get_by_label("词条名称").focus()
    page.keyboard.type("没有这个词条")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").first).to_be_visible()
    expect(page.get_by_label("词条名称")).to_have_value("没有这个词条")
    page.get_by_label("词条名称").fill("餐巾纸")
    page.keyboard.press("Enter")
    expect(page.get_by_text("已答复，问过的居民都会收到")).to_be_visible()


def _answer_with_item(page: Page, term: str) -> None:
    """The form of an item, first without why, then whole."""
    page.get_by_role("link", name=term).click()
    page.get_by_text("展开填写").click()
    expect(page.locator("#field-name")).to_have_value(term)
    page.locator("#field-waste_class").select_option("residual")
    page.locator("#field-why").fill("里面的荧光液不能回收。")
    page.locator("#field-how").fill("不要剪开，整只投放。")
    page.locator("#field-basis").select_option(index=1)
    fits(page)
    page.get_by_role("button", name="添加词条并答复").click()
    expect(page.get_by_text("已答复，问过的居民都会收到")).to_be_visible()


def test_an_item_is_changed_and_gets_a_photo(chromium: Browser, service: Instance, tmp_path: Path, width: int) -> None:
    editor = Staff(chromium, service, "editor", width)
    page = editor.go("/console/guide")
    page.get_by_label("名称或别名").fill("花生壳")
    page.get_by_role("button", name="筛选").click()
    fits(page)
    page.get_by_role("link", name="花生壳", exact=True).click()
    page.get_by_label("怎样投放").fill(f"倒进纸袋再投放，花生仁另分（{width}）。")
    fits(page)
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("已保存，居民两秒内就能看到")).to_be_visible()
    page.get_by_role("link", name="加照片").click()
    picture = tmp_path / "photo.jpg"
    picture.write_bytes(photo())
    page.get_by_label("照片").set_input_files(picture)
    page.get_by_role("button", name="上传").click()
    expect(page.get_by_alt_text("花生壳的照片")).to_be_visible()
    fits(page)
    (person,) = residents(service, 1)
    wait_for(lambda: person.call("GET", "/guide/items/huashengke").body["photo"] != "", 10, "residents see the photo")
    page.get_by_role("button", name="撤下照片").click()
    page.locator("dialog [data-answer=yes]").click()
    expect(page.get_by_text("还没有照片")).to_be_visible()
    assert editor.outside == []
    assert editor.errors == []


def test_what_is_popular_and_in_season(chromium: Browser, service: Instance, width: int) -> None:
    editor = Staff(chromium, service, "editor", width)
    page = editor.go("/console/guide/statistics")
    expect(page.get_by_role("heading", name="查得最多的")).to_be_visible()
    expect(page.get_by_role("heading", name="查了没有结果的")).to_be_visible()
    fits(page)
    page = editor.go("/console/guide")
    page.get_by_label("时令").select_option("春节")
    page.get_by_role("button", name="筛选").click()
    expect(page.get_by_role("link", name="花生壳", exact=True)).to_be_visible()
    fits(page)
    for path in ("guide/new", "guide/requests?state=added", "guide/requests?state=declined"):
        fits(editor.go(f"/console/{path}"))
    assert editor.errors == []
