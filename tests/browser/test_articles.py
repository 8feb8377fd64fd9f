"""The propaganda desk: an editor writes, three people review, a Word document comes in, two people write at once."""

from __future__ import annotations

import io
import re
from pathlib import Path

import docx as word
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Staff, fits
from tests.demo.processes import Instance

WIDTHS = [1366, 360]


def picture(folder: Path) -> Path:
    path = folder / "bin.png"
    Image.effect_noise((1300, 1000), 90).convert("RGB").save(path)
    return path


def write(page: Page, title: str) -> None:
    """Fill the form by typing and by the toolbar."""
    page.get_by_label("标题", exact=False).first.fill(title)
    page.get_by_label("作者").fill("市住建局")
    page.get_by_label("摘要").fill("沥干、破袋、分投。")
    page.get_by_label("来源", exact=True).fill("《清远市城市生活垃圾管理条例》")
    text = page.locator("#field-markdown")
    text.fill("先沥干水分：再分投。")
    text.press("Control+Home")
    for _ in "先沥干水分：":
        text.press("Shift+ArrowRight")
    text.press("Control+b")
    expect(text).to_have_value("**先沥干水分：**再分投。")
    text.press("Control+b")
    expect(text).to_have_value("先沥干水分：再分投。")
    page.get_by_role("button", name="加粗").click()
    text.press("Control+End")
    text.press_sequentially("\n\n")
    page.get_by_role("button", name="列表").click()
    page.get_by_role("button", name="表格").click()


@pytest.mark.parametrize("width", WIDTHS)
def test_an_editor_writes_and_three_people_review(
    chromium: Browser, service: Instance, tmp_path: Path, width: int
) -> None:
    title = f"厨余垃圾三步走 {width}"
    editor = Staff(chromium, service, "editor", width)
    page = editor.go("/console/articles/new")
    write(page, title)
    preview = page.locator("#preview")
    expect(preview.locator("strong", has_text="先沥干水分：")).to_be_visible()
    expect(preview.get_by_role("cell", name="沥干水分")).to_be_attached()
    expect(page.locator("#field-title-count")).to_have_text(f"{len(title)} / 32")
    page.locator("#field-digest").fill("长" * 121)
    expect(page.locator("#field-digest-count")).to_have_class(re.compile("count-over"))
    page.locator("#field-digest").fill("沥干、破袋、分投。")
    page.locator("[data-picture]").set_input_files(picture(tmp_path))
    expect(page.locator("#field-markdown")).to_have_value(re.compile(r"!\[图片说明\]\(/media/"))
    expect(preview.locator(".article-text img")).to_be_attached()
    fits(page)
    expect(page.get_by_text("已自动保存")).to_be_visible()

    page = editor.go("/console/articles/new")
    expect(page.get_by_text("已恢复您")).to_be_visible()
    expect(page.locator("#field-title")).to_have_value(title)
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_text("已保存草稿")).to_be_visible()
    expect(page.locator(".article-body img")).to_be_visible()
    page.get_by_role("button", name="提交审核").click()
    expect(page.get_by_text("第一次送审")).to_be_visible()
    fits(page)
    url = page.url

    page = Staff(chromium, service, "reviewer1", width).go(url)
    page.get_by_label("意见").fill("请写明投放时间")
    page.get_by_role("button", name="退回修改").click()
    expect(page.locator(".alert-success")).to_have_text("已退回")

    page = editor.go(url)
    page.get_by_role("link", name="修改").click()
    page.locator("#field-digest").fill("沥干、破袋、定时分投。")
    page.get_by_role("button", name="保存", exact=True).click()
    page.get_by_role("button", name="提交审核").click()
    expect(page.locator("ins", has_text="定时")).to_be_visible()
    for reviewer in ("reviewer1", "reviewer2", "reviewer3"):
        page = Staff(chromium, service, reviewer, width).go(url)
        expect(page.locator("ins", has_text="定时")).to_be_visible()
        fits(page)
        page.get_by_role("button", name="通过", exact=True).click()
        expect(page.locator(".alert-success")).to_have_text("已通过")

    page = editor.go(url)
    expect(page.get_by_text("审核通过").first).to_be_visible()
    page.get_by_role("button", name="生成预览链接").click()
    link = page.locator("#share input[readonly]").input_value()
    page.get_by_role("link", name="看各稿").click()
    page.get_by_role("link", name="与上一稿比较").first.click()
    expect(page.locator("ins", has_text="定时")).to_be_visible()
    fits(page)
    outside = chromium.new_context(viewport={"width": width, "height": 800}).new_page()
    outside.goto(service.web + link[link.index("/preview/") :])
    expect(outside.get_by_role("heading", name=title)).to_be_visible()
    expect(outside.get_by_label("水印：预览")).to_be_attached()
    fits(outside)
    assert editor.outside == []
    assert editor.errors == []


def test_a_word_document_becomes_a_draft(chromium: Browser, service: Instance, tmp_path: Path) -> None:
    made = word.Document()
    made.add_heading("撤桶并点以后怎么投", 0)
    made.add_heading("一、时间", 1)
    made.add_paragraph("早上七点到九点。")
    image = io.BytesIO()
    Image.new("RGB", (80, 40), "#2e7d32").save(image, "PNG")
    image.seek(0)
    made.add_picture(image)
    path = tmp_path / "撤桶.docx"
    made.save(str(path))
    editor = Staff(chromium, service, "editor", 360)
    page = editor.go("/console/articles/docx")
    fits(page)
    page.get_by_label("Word 文档").set_input_files(path)
    page.get_by_role("button", name="上传并转成草稿").click()
    expect(page.get_by_text("已转成草稿")).to_be_visible()
    expect(page.locator("#field-title")).to_have_value("撤桶并点以后怎么投")
    expect(page.locator("#preview").get_by_role("heading", name="一、时间")).to_be_attached()
    expect(page.locator("#preview .article-text img")).to_be_attached()
    fits(page)

    made.add_paragraph("晚上六点到八点。")
    made.save(str(path))
    page.get_by_role("link", name="用 Word 文档换掉正文").click()
    page.get_by_label("Word 文档").set_input_files(path)
    fits(page)
    page.get_by_role("button", name="上传并比对").click()
    expect(page.locator(".diff").get_by_text("晚上六点到八点。")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator(".article-body")).to_contain_text("晚上六点到八点。")
    expect(page.get_by_role("link", name="第 2 稿，看各稿")).to_be_visible()
    assert editor.errors == []


@pytest.mark.parametrize("width", WIDTHS)
def test_two_people_at_the_same_article(chromium: Browser, service: Instance, width: int) -> None:
    first = Staff(chromium, service, "editor", width)
    page = first.go("/console/articles/new")
    page.locator("#field-title").fill(f"两个人写 {width}")
    page.locator("#field-markdown").fill("第一段。\n\n第二段。\n\n第三段。")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_text("已保存草稿")).to_be_visible()
    edit = page.url + "/edit"
    page = first.go(edit)
    other = Staff(chromium, service, "editor", width).go(edit)
    other.locator("#field-author").fill("乙科室")
    other.locator("#field-digest").fill("乙的摘要")
    other.locator("#field-markdown").fill("第一段。\n\n第二段。\n\n第三段由乙改过。")
    other.get_by_role("button", name="保存", exact=True).click()
    expect(other.get_by_text("已保存", exact=True)).to_be_visible()

    page.locator("#field-digest").fill("甲的摘要")
    page.locator("#field-markdown").fill("第一段由甲改过。\n\n第二段。\n\n第三段。")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("没有保存"))).to_be_visible()
    expect(page.locator("#field-markdown")).to_have_value("第一段由甲改过。\n\n第二段。\n\n第三段由乙改过。")
    fits(page)
    expect(page.locator("#field-author")).to_have_value("乙科室")  # the first had left it alone
    expect(page.locator("#field-digest")).to_have_value("甲的摘要")
    page.get_by_role("button", name=re.compile("^摘要用")).click()
    expect(page.locator("#field-digest")).to_have_value("乙的摘要")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_text("已保存", exact=True)).to_be_visible()
    expect(page.locator(".article-body")).to_contain_text("第一段由甲改过")
    expect(page.locator(".article-body")).to_contain_text("第三段由乙改过")


def test_a_slogan_is_added_and_ended(chromium: Browser, service: Instance) -> None:
    staff = Staff(chromium, service, "editor", 360)
    page = staff.go("/console/slogans/new")
    page.get_by_label("用语", exact=False).first.fill("分好一袋厨余，养肥一畦好菜")
    page.get_by_label("版尾").check()
    page.get_by_role("button", name="保存").click()
    row = page.get_by_role("row", name=re.compile("分好一袋厨余"))
    expect(row).to_contain_text("在用")
    fits(page)
    row.get_by_role("button", name="停用").click()
    page.locator("#ask").get_by_role("button", name="停用").click()
    expect(page.get_by_role("row", name=re.compile("分好一袋厨余"))).to_contain_text("已停用")
    assert staff.errors == []
