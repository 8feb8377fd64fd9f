"""A running service with content and demo staff, and Debian's Chromium to look at it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import unreachable
from tests.demo.processes import Instance


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    instance = Instance(tmp_path_factory.mktemp("browser"))
    try:
        instance.prepare()
        instance.start("simulator", "web", "scheduler", "worker")
        instance.wait_until_ready()
        yield instance
    finally:
        instance.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        unreachable("Chromium", "no such command")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


class Staff:
    """A page on which somebody is signed in, and what went wrong on it."""

    def __init__(self, browser: Browser, service: Instance, username: str, width: int = 1366) -> None:
        self.service = service
        self.context = browser.new_context(viewport={"width": width, "height": 800}, locale="zh-CN")
        self.page: Page = self.context.new_page()
        self.outside: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self._look(request.url))
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.go("/console/login")
        self.page.get_by_label("账号").fill(username)
        self.page.get_by_label("密码").fill(service.password)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/console/")

    def _look(self, url: str) -> None:
        if not url.startswith((self.service.web, "data:", "blob:")):
            self.outside.append(url)

    def go(self, path: str) -> Page:
        self.page.goto(path if path.startswith("http") else self.service.web + path)
        return self.page


def fits(page: Page) -> None:
    """The page, once it stands with its style sheets, is no wider than the window, and every field has a label."""
    page.wait_for_load_state()
    page.wait_for_function("document.documentElement && document.body")
    overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert overflow <= 0, f"{page.url} is {overflow} px too wide"
    unnamed = page.evaluate(
        "[...document.querySelectorAll('input:not([type=hidden]),select,textarea')]"
        ".filter(e => !e.labels?.length && !e.getAttribute('aria-label')).map(e => e.name)"
    )
    assert unnamed == [], f"{page.url}: fields without a label: {unnamed}"
