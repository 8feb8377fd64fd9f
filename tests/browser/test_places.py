"""The organiser's work with places on a PC and on a phone: a sheet with a fault, then right; a report to its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Browser, expect

from sorting_miniapp import clock
from sorting_miniapp.places import sheet
from tests.browser.conftest import Staff, fits
from tests.demo.actors import Resident, residents
from tests.demo.processes import Instance, wait_for
from tests.places.helpers import photo
from tests.places.test_sheet import GOOD


@pytest.fixture(params=[1366, 360])
def width(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def book(folder: Path, width: int, **values: str) -> Path:
    """A sheet of one place in the town of the content, named for this run."""
    mine = {"code": f"TF{width}", "name": f"投放点{width}", "town": "星子镇", "community": "", "lat": f"24.9{width}"}
    found = openpyxl.Workbook()
    found.active.append(sheet.COLUMNS)
    found.active.append(tuple((GOOD | mine | {"checked": clock.today().isoformat()} | values).values()))
    path = folder / "places.xlsx"
    found.save(path)
    return path


def upload(person: Resident) -> Any:
    url = f"{person.instance.web}/api/v1/me/place-reports/pictures"
    return person.http.post(url, files={"file": ("photo.jpg", photo())}, timeout=30).json()["id"]


def shown(person: Resident, place: str) -> tuple[str, str]:
    """What residents read of a place's state; each web process looks for changes twice a second."""
    found = person.call("GET", f"/places/{place}").body
    return found["state_name"], found["state_note"]


def test_places_come_in_from_a_sheet_and_a_report_is_handled(
    chromium: Browser, service: Instance, tmp_path: Path, width: int
) -> None:
    organiser = Staff(chromium, service, "organiser", width)
    page = organiser.go("/console/places")
    expect(page.get_by_text("一号投放点（演示）")).to_be_visible()
    fits(page)
    page.get_by_role("link", name="从表格导入").click()
    page.get_by_label("表格文件").set_input_files(book(tmp_path, width, lat="112.377", lng="24.9"))
    page.get_by_role("button", name="上传并检查").click()
    expect(page.get_by_text("纬度和经度填反了")).to_be_visible()
    expect(page.get_by_role("button", name="导入这 1 行")).to_have_count(0)
    fits(page)
    page.get_by_label("表格文件").set_input_files(book(tmp_path, width))
    page.get_by_role("button", name="上传并检查").click()
    page.get_by_role("button", name="导入这 1 行").click()
    expect(page.get_by_text("已导入：新增 1 行")).to_be_visible()

    (person,) = residents(service, 1)
    (place,) = person.call("GET", "/places", q=f"TF{width}").body["items"]
    body = {"kind": "broken", "place": place["id"], "text": "顶棚掉了一块", "pictures": [upload(person)]}
    made = person.call("POST", "/me/place-reports", body)
    assert made.status == 201, made.body
    page = organiser.go("/console/")
    page.get_by_role("link", name="个问题没有办结").click()
    page.get_by_role("link", name=f"设施损坏：投放点{width}").click()
    expect(page.get_by_alt_text("上报照片 1")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="受理", exact=True).click()
    page.get_by_role("link", name="暂停使用这个点位").click()
    page.get_by_label("原因").fill("顶棚维修，请到附近的点位投放")
    page.get_by_role("button", name="暂停使用").click()
    expect(page.get_by_text("已暂停使用，居民可以看到原因")).to_be_visible()
    wait_for(
        lambda: shown(person, place["id"]) == ("暂停使用", "顶棚维修，请到附近的点位投放"), 5, "the place is paused"
    )
    # The rest by keyboard: the result, the words, the button.
    page.get_by_label("已处理").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.type("顶棚已修好，谢谢您的反映")
    page.get_by_role("button", name="办结").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("已办结，答复会通知 1 位上报人")).to_be_visible()
    fits(page)
    ended = person.call("GET", f"/me/place-reports/{made.body['id']}").body
    assert (ended["state_name"], ended["answer"]) == ("已处理", "顶棚已修好，谢谢您的反映")
    wait_for(lambda: shown(person, place["id"]) == ("使用中", ""), 5, "the place is in use again")
    assert organiser.outside == []
    assert organiser.errors == []


PAGES = (
    "places?near=24.781,112.377", "places?q=没有这个", "places/1", "places/new", "places/import", "places/1/pause",
    "place-reports?state=done", "place-reports?late=1", "place-reports/figures", "place-reports/export", "events/new",
)  # fmt: skip


def test_every_page_of_places_fits(chromium: Browser, service: Instance, width: int) -> None:
    organiser = Staff(chromium, service, "organiser", width)
    for path in PAGES:
        page = organiser.go(f"/console/{path}")
        expect(page.locator("h1")).to_be_visible()
        fits(page)
    assert organiser.errors == []


def test_an_event_is_filled_from_a_known_place(chromium: Browser, service: Instance) -> None:
    organiser = Staff(chromium, service, "organiser")
    page = organiser.go("/console/events/new")
    page.get_by_label("选用已登记的点位").fill("YS003 三号分类亭（演示）")
    expect(page.locator("#field-place")).to_have_value("三号分类亭（演示）（演示地址）")
    expect(page.locator("#field-place_at")).to_have_value("24.77680,112.37390")
    assert organiser.errors == []
