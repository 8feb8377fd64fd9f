"""The year's figures as people see them: entry, sign-off, report, on a wide screen and on a telephone."""

from __future__ import annotations

import io
import subprocess
import zipfile

import pytest
from docx import Document
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Staff
from tests.demo.processes import BIN, ROOT, Instance

PAGES = {
    "analyst": ("figures?period=2025", "figures?period=2025-Q3", "reports", "rollup?period=2025", "rollup?by=tag",
                "coverage?period=2025-Q2", "media", "jobs"),
    "organiser": ("activities/new", "figures/import"),
    "editor": ("media/new", "media/import"),
}  # fmt: skip


@pytest.fixture(scope="module")
def year(service: Instance) -> Instance:
    """The service with the figures of 2025."""
    command = [str(BIN / "flask"), "--app", "wsgi:app", "demo", "figures-2025"]
    done = subprocess.run(command, env=service._env(), cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return service


@pytest.mark.parametrize("width", [360, 1366])
def test_the_pages_of_the_figures_fit_and_fetch_nothing_from_outside(
    chromium: Browser, year: Instance, width: int
) -> None:
    for username, paths in PAGES.items():
        staff = Staff(chromium, year, username, width)
        for path in paths:
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


@pytest.mark.parametrize(("width", "name", "text"), [(1366, "更新投放点", "61 个"), (360, "建设分类亭", "7 个")])
def test_a_figure_is_entered_and_signed_off_by_another_person(
    chromium: Browser, year: Instance, width: int, name: str, text: str
) -> None:
    clerk = Staff(chromium, year, "organiser", width).go("/console/figures?period=2026-Q1")
    clerk.get_by_role("link", name=name, exact=True).click()
    clerk.get_by_label("数值").fill("x")
    clerk.get_by_label("来源文件").fill("设施台账")
    clerk.get_by_role("button", name="填报", exact=True).click()
    expect(clerk.get_by_role("alert")).to_contain_text("数值须为")
    expect(clerk.get_by_label("来源文件")).to_have_value("设施台账")
    clerk.get_by_label("数值").fill(text.split()[0])
    clerk.get_by_role("button", name="填报", exact=True).click()
    expect(clerk.get_by_text("您填报的数正在等另一人核对")).to_be_visible()
    colleague = Staff(chromium, year, "verifier", width).page
    colleague.get_by_role("link", name=f"{name}（市住房和城乡建设局）").click()
    colleague.get_by_role("button", name="核对通过").click()
    expect(colleague.get_by_text("已核对通过")).to_be_visible()
    clerk.goto(f"{year.web}/console/figures?period=2026-Q1")
    row = clerk.get_by_role("row").filter(has=clerk.get_by_role("link", name=name, exact=True))
    expect(row).to_contain_text(text)
    expect(row).to_contain_text("已核对")


@pytest.mark.parametrize("width", [1366, 360])
def test_a_report_is_asked_for_made_and_saved(chromium: Browser, year: Instance, width: int) -> None:
    page = Staff(chromium, year, "analyst", width).go("/console/reports")
    page.get_by_label("单位").select_option(label="连州市")
    page.get_by_label("期间", exact=True).select_option(label="2025年")
    page.get_by_role("button", name="生成报告").click()
    # htmx looks every two seconds; the scheduler and the worker do the rest.
    expect(page.get_by_role("link", name="下载报告（Word）")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("1.33万余人次").first).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("link", name="下载报告（Word）").click()
    assert saved.value.suggested_filename == "连州市2025年生活垃圾分类工作情况.docx"
    document = Document(saved.value.path())
    assert "约780人" in "\n".join(paragraph.text for paragraph in document.paragraphs)
    page.goto(f"{year.web}/console/jobs")
    with page.expect_download() as packed:
        page.get_by_role("link", name="下载").first.click()
    with open(packed.value.path(), "rb") as file, zipfile.ZipFile(io.BytesIO(file.read())) as archive:
        assert sorted(name.rsplit(".", 1)[1] for name in archive.namelist()) == ["docx", "xlsx"]
