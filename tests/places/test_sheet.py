"""Places from a sheet: each row's fault in Chinese, all rows or none, update by code; out and in again is no change."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import openpyxl
import pytest
from sqlalchemy import event, func, select

from sorting_miniapp.accounts.access import Grant
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict, Invalid
from sorting_miniapp.imports.sheet import Action
from sorting_miniapp.imports.workbook import Row
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.places import service, sheet
from sorting_miniapp.places.models import Place
from tests.events.helpers import World
from tests.places.helpers import make_community, make_place

GOOD = {
    "code": "tf001", "kind": "投放点", "name": "东门投放点", "town": "星子镇", "community": "东门社区",
    "address": "东门路 1 号旁", "lat": "24.779", "lng": "112.377", "hours": "每天 06:00-22:00",
    "classes": "可回收物、厨余垃圾", "contact": "", "remarks": "", "state": "", "note": "", "source": "星子镇台账",
    "checked": "2026/6/1",
}  # fmt: skip


def row(number: int = 2, **values: str) -> Row:
    return Row(number, tuple((GOOD | values).values()))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"lat": "112.377", "lng": "24.779"}, "纬度和经度填反了"),
        ({"lat": "23.13", "lng": "113.26"}, "不在本市范围内（离市区 2"),
        ({"lat": "东经"}, "请填写纬度和经度"),
        ({"community": "不存在社区"}, "星子镇没有“不存在社区”"),
        ({"town": "东陂镇", "community": ""}, "您管理的范围内没有“东陂镇”"),
        ({"town": ""}, "没有填写镇（乡）"),
        ({"kind": "垃圾站"}, "类别须为：投放点、分类亭"),
        ({"classes": "干垃圾"}, "收运类别不认识“干垃圾”"),
        ({"hours": "早上"}, "开放时间看不懂"),
        ({"code": "一号"}, "编号须为"),
        ({"source": ""}, "请填写信息来源"),
        ({"checked": "2026-13-01"}, "核实日期须写成"),
        ({"checked": "2027-01-01"}, "核实日期须写成"),
        ({"state": "坏了"}, "状态须为：使用中、暂停使用、已撤销"),
        ({"state": "暂停使用"}, "请在状态说明里写明原因"),
        ({"name": "长" * 61}, "名称不能超过 60 个字"),
    ],
)
def test_each_fault_of_a_row_is_told_in_chinese(sqlite_world: World, values: dict[str, str], words: str) -> None:
    make_community(sqlite_world)
    with sqlite_world.app.app_context():
        (outcome,) = sheet.plan([row(**values)], sqlite_world.organiser)
    assert outcome.action is Action.WRONG
    assert words in outcome.note


def test_all_faults_of_a_row_are_told_at_once(sqlite_world: World) -> None:
    with sqlite_world.app.app_context():
        (outcome,) = sheet.plan([row(kind="x", lat="1", source="", checked="")], sqlite_world.organiser)
    for words in ("没有“东门社区”", "类别须为", "不在本市范围内", "请填写信息来源", "核实日期"):
        assert words in outcome.note


def test_rows_that_repeat_another_or_a_place_are_refused(world: World) -> None:
    make_community(world)
    make_place(world, code="OLD1", name="旧点", lat=24.8, lng=112.4)
    rows = [
        row(2),
        row(3, code="TF001", name="甲", lat="24.1"),
        row(4, code="TF001", name="乙", lat="24.70"),
        row(5, code="TF003"),
        row(6, code="TF004", name="丙"),
        row(7, code="TF005", name="旧点", community="", lat="24.71"),
        row(8, code="TF006", name="丁", lat="24.8", lng="112.4"),
        row(9, code="TF007", name="戊", lat="24.779", lng="112.377", kind="回收网点"),
    ]
    with world.app.app_context():
        notes = {one.number: one.note for one in sheet.plan(rows, world.organiser)}
    assert notes[2] == "", "the first of two that repeat one another is good"
    assert "编号与第 2 行重复" in notes[4]
    assert "名称与第 2 行重复" in notes[5]
    assert "坐标与第 2 行完全相同" in notes[6]
    assert "名称与编号 OLD1重复" in notes[7]
    assert "坐标与编号 OLD1完全相同" in notes[8]
    assert notes[9] == "", "another kind may stand beside it"


def test_rows_come_in_all_or_none_and_update_by_code(world: World) -> None:
    community = make_community(world)
    with world.app.app_context():
        with pytest.raises(Invalid, match="rows_wrong"):
            sheet.run([row(), row(3, code="TF002", name="西门", lat="1")], world.organiser)
        assert db.session.scalar(select(func.count(Place.id))) == 0
        said = sheet.run([row(), row(3, code="TF002", name="西门", lat="24.78", community="")], world.organiser)
        assert said == "已导入：新增 2 行，更新 0 行，没有变化 0 行"
        first = db.session.scalars(select(Place).where(Place.code == "TF001")).one()
        assert (first.node_id, first.lat_e5, first.classes) == (community, 2_477_900, ["recyclable", "food"])
        assert sheet.plan([row()], world.organiser)[0].action is Action.SAME
        assert sheet.plan([row(hours="全天")], world.organiser)[0].action is Action.CHANGE
        said = sheet.run([row(hours="全天"), row(3, code="TF003", name="南门", lat="24.77")], world.organiser)
        assert said == "已导入：新增 1 行，更新 1 行，没有变化 0 行"
        swapped = [row(name="南门"), row(3, code="TF003", name="东门投放点", lat="24.77")]
        with pytest.raises(Conflict, match="place_exists"):
            sheet.run(swapped, world.organiser)


def test_a_code_of_another_unit_is_not_taken_over(world: World) -> None:
    make_community(world)
    make_place(world, node_id=world.other_town)
    with world.app.app_context():
        (outcome,) = sheet.plan([row()], world.organiser)
    assert (outcome.action, outcome.note) == (Action.WRONG, "这个编号已被其他单位使用")


def test_who_has_one_community_names_its_town_and_reaches_no_other(world: World) -> None:
    make_community(world, "西门社区")
    key = make_community(world)
    with world.app.app_context():
        path = db.session.get_one(Node, key).path
        only = replace(world.organiser, grants=(Grant(Role.ORGANISER, 0, path),))
        outcomes = sheet.plan([row(), row(3, code="A", community=""), row(4, code="B", community="西门社区")], only)
    assert [one.action for one in outcomes] == [Action.ADD, Action.WRONG, Action.WRONG]


def test_what_went_out_comes_in_again_as_no_change(world: World) -> None:
    make_community(world)
    make_place(world, code="FL", name="=1+1", hours="", classes=(), remarks="-备注", lat=24.71234, lng=112.30001)
    with world.app.app_context():
        sheet.run(
            [row(), row(3, code="TF002", name="西门", lat="24.5", state="暂停使用", note="维修")], world.organiser
        )
        data = sheet.export(world.organiser, service.Filter())
        rows = sheet.SHEET.rows_of(data)
        assert [one.cells[0] for one in rows] == ["FL", "TF001", "TF002"]
        outcomes = sheet.plan(rows, world.organiser)
        assert [one.action for one in outcomes] == [Action.SAME] * 3, [one.note for one in outcomes]
        assert sheet.export(world.foreigner, service.Filter()) != data
        assert openpyxl.load_workbook(io.BytesIO(data)).active["C2"].data_type == "s"


def test_hundreds_of_rows_cost_few_statements_each(sqlite_world: World) -> None:
    """230 points are checked with a handful of statements in all."""
    make_community(sqlite_world)
    rows = [row(n, code=f"TF{n}", name=f"点{n}", lat=f"24.7{n:03d}") for n in range(230)]
    with sqlite_world.app.app_context():
        seen: list[Any] = []

        def note(*args: Any) -> None:
            seen.append(args[2])

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            outcomes = sheet.plan(rows, sqlite_world.organiser)
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
    assert {one.action for one in outcomes} == {Action.ADD}
    assert len(seen) < 10, seen
