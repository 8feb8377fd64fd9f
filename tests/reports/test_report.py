"""The report of 2025: every figure of the bureau's table read back out of the made .docx and .xlsx, in its style."""

from __future__ import annotations

import html
import io
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from docx import Document
from flask import Flask
from sqlalchemy import func, select

from sorting_miniapp.accounts.access import Grant, StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.cli import demo_figures
from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict, NotFound
from sorting_miniapp.events import campaigns
from sorting_miniapp.figures import definitions, ledger, periods
from sorting_miniapp.figures.models import EntryHow, FigureEntry
from sorting_miniapp.jobs import running
from sorting_miniapp.jobs import service as jobs
from sorting_miniapp.jobs.models import Job, JobState
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import Node, NodeKind
from sorting_miniapp.reports import making, sentences, values
from sorting_miniapp.reports.models import FigureReport
from tests.console.helpers import post, sign_in
from tests.events.helpers import make_staff
from tests.figures.conftest import CONTENT, JANUARY, Bureau, make_bureau

# The bureau's table as its report prints it: (id, text, exact value).
PRINTED = (
    ("peixun-changci", "4场", 4),
    ("peixun-ren", "1523人", 1523),
    ("dang-huodong", "1350余场次", 1350),
    ("dang-dangyuan", "1.33万余人次", 13300),
    ("dang-chuandan", "8.03万余份", 80300),
    ("meiti-gaojian", "50余篇", 50),
    ("zhou-qidong-ren", "约780人", 780),
    ("xuanchuan-changci", "27场次", 27),
    ("xuanchuan-zhijie", "15000人次", 15000),
    ("xuanchuan-yingxiang", "约4万人", 40000),
    ("xuanchuan-baodao", "4篇", 4),
    ("sheyingjie-changci", "1场", 1),
    ("zhujian-renci", "约445人次", 445),
    ("zhujian-liangci", "约134辆次", 134),
    ("zhujian-zhenggai", "96份", 96),
    ("zhujian-anqi", "93份", 93),
    ("zhujian-lian", "3宗", 3),
    ("zhujian-fakuan", "280元", 280),
    ("shiguan-baozhuang-renci", "274人次", 274),
    ("shiguan-baozhuang-jia", "110家次", 110),
    ("shiguan-canyin-renci", "1030人次", 1030),
    ("shiguan-canyin-jia", "636家次", 636),
    ("shiguan-canchu-jia", "636家次", 636),
    ("shiguan-nongmao-renci", "148人次", 148),
    ("shiguan-nongmao-ge", "96个次", 96),
    ("gongxin-chaoshi", "21家", 21),
    ("gongxin-jiudian", "90家", 90),
    ("gongxin-huishou", "130个", 130),
    ("gongxin-kuaidi", "83个", 83),
    ("gongxin-jiancha", "648次", 648),
    ("zhiyuan-tuanti", "421个", 421),
    ("zhiyuan-ren", "60882人", 60882),
    ("zhiyuan-huodong", "395场次", 395),
    ("zhiyuan-renci", "14593人次", 14593),
    ("gonghui-huodong", "26场次", 26),
    ("gonghui-dangjian", "11场次", 11),
    ("gonghui-shehui", "6场次", 6),
    ("gonghui-ren", "100余人", 100),
    ("gonghui-fuwu", "1000余人", 1000),
    ("sheshi-gengxin", "230个", 230),
    ("sheshi-gengxin-yuan", "156万元", 156),
    ("sheshi-tingpeng", "26个", 26),
    ("sheshi-tingpeng-yuan", "约31万元", 31),
)


def make(bureau: Bureau, report_id: int) -> bytes:
    """Let the worker do the job; the zip it gave."""
    db.session.commit()
    (job_id,) = running.waiting()
    running.run(job_id)
    db.session.commit()
    job = db.session.get_one(Job, job_id, populate_existing=True)
    assert job.state is JobState.DONE, job.message
    _, pieces = jobs.fetch(bureau.analyst, job.public_id)
    return b"".join(pieces)


def opened(data: bytes) -> tuple[Any, Any]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        text, sheet = sorted(archive.namelist(), key=lambda name: name.endswith(".xlsx"))
        return Document(io.BytesIO(archive.read(text))), openpyxl.load_workbook(io.BytesIO(archive.read(sheet)))


def test_every_figure_of_2025_comes_back_out_of_the_documents(bureau: Bureau) -> None:
    with bureau.app.app_context():
        assert demo_figures.load() == {"填报": 38, "培训": 4, "宣传活动": 27}
        assert demo_figures.load() == {"填报": 0, "培训": 0, "宣传活动": 0}, "a second time changes nothing"
        report_id = making.ask_period(bureau.analyst, bureau.city, "2025")
        document, book = opened(make(bureau, report_id))
        report = db.session.get_one(FigureReport, report_id, populate_existing=True)
    prose = "\n".join(paragraph.text for paragraph in document.paragraphs)
    table = {row.cells[2].text: row.cells[3].text for row in document.tables[0].rows}
    stood = {figure["key"]: figure for figure in report.figures}
    listed = {row[2]: row for row in book["目录"].iter_rows(min_row=2, values_only=True)}
    for key, text, exact in PRINTED:
        name = stood[key]["name"]
        assert stood[key]["text"] == text
        assert text in prose, key
        assert table[name] == text
        assert listed[name][3] == text
        assert listed[name][4] == exact
        assert listed[name][9] in book.sheetnames, "a sheet of evidence for each"
        rows = [row for row in book[listed[name][9]].iter_rows(min_row=2, values_only=True) if row[0]]
        assert rows, f"no evidence for {key}"
        column = 2 if book[listed[name][9]]["A1"].value == "填报单位" else 3
        assert sum(row[column] for row in rows) == exact, key
    assert prose.index("党校专题培训") < prose.index("住建部门检查执法") < prose.index("设施建设")
    assert prose.count("27场次") == 2, "printed twice, one figure"
    signed = document.paragraphs[-3]
    assert signed.text == "连州市住房和城乡建设局", "the lead department signs the city's report"
    assert signed.paragraph_format.keep_with_next, "never on another page than the date"
    assert "{" not in prose
    assert "%" not in prose


def test_what_must_be_settled_stands_first(bureau: Bureau) -> None:
    with bureau.app.app_context():
        demo_figures.load()
        figure = bureau.figure("zhujian-lian")
        late = ledger.Values(500, document="执法台账", reason="补录两宗")
        entry = ledger.enter(bureau.lead_clerk, figure, bureau.housing, "2025", late, EntryHow.FORM)
        found = values.of(db.session.get_one(Node, bureau.city), periods.parse("2025"))
        said = {problem.kind: problem.text for problem in found.problems}
        assert "1 次" in said["待核对"]
        ledger.close(bureau.lead, "2025")
        ledger.sign(bureau.lead, entry, accept=True)
        second = ledger.Values(600, document="执法台账", reason="再核一宗")
        entry = ledger.enter(bureau.lead_clerk, figure, bureau.housing, "2025", second, EntryHow.FORM)
        ledger.sign(bureau.lead, entry, accept=True)
        bureau.hands.at(JANUARY + timedelta(days=366))
        bureau_node = db.session.get_one(Node, bureau.city)
        found = values.of(bureau_node, periods.parse("2025"))
        said = {problem.kind: problem.text for problem in found.problems}
        assert "按期整改93、立案6、发出整改通知书96" in said["勾稽不符"]
        assert "再核一宗" in said["关账后更正"]
        assert "系统统计0" in said["以填报数为准"]
        next_year = values.of(bureau_node, periods.parse("2026"))
        kinds = [problem.kind for problem in next_year.problems]
        assert kinds[0] == "尚缺"
        assert "同比变动大" in kinds
        report_id = making.ask_period(bureau.analyst, bureau.city, "2026")
        document, book = opened(make(bureau, report_id))
        texts = [paragraph.text for paragraph in document.paragraphs if paragraph.text.strip()]
        assert texts[1].startswith("编制说明"), "before the first section"
        assert "尚缺" in texts[2]
        assert book.sheetnames[:2] == ["目录", "需处理的问题"]


def test_a_kept_report_stays_as_it_was(sqlite_bureau: Bureau) -> None:
    bureau = sqlite_bureau
    with bureau.app.app_context():
        demo_figures.load()
        report_id = making.ask_period(bureau.analyst, bureau.city, "2025")
        make(bureau, report_id)
        figure = bureau.figure("sheshi-gengxin")
        changed = ledger.Values(24_000, document="设施台账", reason="核实")
        entry = ledger.enter(bureau.lead_clerk, figure, bureau.housing, "2025", changed, EntryHow.FORM)
        ledger.sign(bureau.lead, entry, accept=True)
        second = making.ask_period(bureau.analyst, bureau.city, "2025")
        assert second != report_id
        make(bureau, second)
        texts = [
            {figure["key"]: figure["text"] for figure in making.get(bureau.analyst, one)[0].figures}["sheshi-gengxin"]
            for one in (report_id, second)
        ]
        assert texts == ["230个", "240个"]
    client = sign_in(bureau, "analyst")  # type: ignore[arg-type]
    page = client.get(f"/console/reports/{report_id}").text
    assert "230个" in page
    with bureau.app.app_context():
        behind = f"/console/figures/{bureau.figure('peixun-changci')}/rows?node={bureau.city}&amp;period=2025"
    assert f'href="{behind}"' in page, "a counted number opens its rows"
    assert "4 场" in client.get(html.unescape(behind)).text
    assert f"/console/figures/{figure}/rows" not in page, "an entered one has none"
    for part, kind in (("docx", "wordprocessingml"), ("xlsx", "spreadsheetml")):
        answer = client.get(f"/console/reports/{report_id}/{part}")
        assert kind in answer.mimetype
        assert answer.data[:2] == b"PK"
    assert "2025年生活垃圾分类工作情况" in client.get("/console/reports").text


def test_a_week_and_a_campaign_have_reports_of_their_own(sqlite_bureau: Bureau) -> None:
    bureau = sqlite_bureau
    assert [day.isoformat() for day in making.week_of(2026)] == ["2026-05-25", "2026-05-31"]
    client = sign_in(bureau, "analyst")  # type: ignore[arg-type]
    with bureau.app.app_context():
        demo_figures.load()
        week = making.ask_period(bureau.analyst, bureau.city, "20250519-20250525")
        document, _ = opened(make(bureau, week))
        prose = "\n".join(paragraph.text for paragraph in document.paragraphs)
        assert "宣传稿件0篇" not in prose, "a part without anything in it is not written about"
        assert "正文未写：媒体宣传：各项都是0，见附表" in prose
        stood = {figure["key"]: figure["text"] for figure in making.get(bureau.analyst, week)[0].figures}
        assert stood["zhou-qidong-ren"] == "约780人"
        assert stood["peixun-changci"] == "1场"
        assert "zhujian-lian" not in stood, "nobody enters inspections for a week"
        day = periods.parse("2025-05").first
        plan = campaigns.Plan("宣传周", day, day, "分类齐参与 低碳新时尚")
        organiser = StaffActor(bureau.clerk.id, "clerk", "clerk", (Grant(Role.ORGANISER, 0, "1/"),))
        campaign = campaigns.create(organiser, bureau.union, plan)
        made = making.ask_campaign(bureau.analyst, bureau.city, campaign)
        make(bureau, made)
        assert making.get(bureau.analyst, made)[0].title == "连州市“宣传周”主题活动情况"
        for actor in (bureau.foreigner, bureau.clerk):
            with pytest.raises(NotFound):
                making.ask_period(actor, bureau.city, "2025")
    post(client, "/console/reports", kind="period", node=str(bureau.city), period="2025-Q2")
    post(client, "/console/reports", 422, kind="week", node=str(bureau.city), first="", last="")
    post(client, "/console/reports", 422, kind="campaign", node=str(bureau.city))
    post(client, "/console/reports", 404, kind="period", node="99999", period="2025")
    assert "正在生成" in client.get("/console/reports/3").text


def test_what_towns_enter_adds_up_and_who_did_not_is_named(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bureau = make_bureau(sqlite_app, monkeypatch)
    for name in ("orgs.yaml", "tags.yaml", definitions.FILE):
        text = (CONTENT / name).read_text("utf-8")
        (tmp_path / name).write_text(
            text.replace(
                "更新投放点, unit: 个, source: typed, owner: zhujianju",
                "更新投放点, unit: 个, source: typed, owner: towns",
            ),
            "utf-8",
        )
    with bureau.app.app_context():
        assert definitions.check(tmp_path) == []
        assert definitions.load(tmp_path)["added"] == 0
        towns = [node for node in orgs.visible(["1/"]) if node.kind is NodeKind.TOWN]
        figure = bureau.figure("sheshi-gengxin")
        for number, town in enumerate(towns[:3], start=1):
            one, two = (make_staff(f"{name}{number}", Role.ORGANISER, town.id) for name in ("enters", "signs"))
            for code in ("2025-Q1", "2025-Q2"):
                entry = ledger.enter(
                    one, figure, town.id, code, ledger.Values(number * 100, document="台账"), EntryHow.FORM
                )
                ledger.sign(two, entry, accept=True)
        city = values.of(db.session.get_one(Node, bureau.city), periods.parse("2025")).by_key()["sheshi-gengxin"]
        assert city.text == "12个", "(1 + 2 + 3) in each of two quarters"
        assert f"{towns[3].name}2025年第一季度" in city.lacking
        assert len(city.lacking) == len(towns) * 4 - 6
        own = values.of(towns[1], periods.parse("2025-Q2")).by_key()["sheshi-gengxin"]
        assert (own.text, own.lacking) == ("2个", ())


def test_the_demonstration_is_refused_in_production(sqlite_bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = sqlite_bureau.app.extensions["settings"]
    monkeypatch.setattr(type(settings), "production", property(lambda _self: True))
    with sqlite_bureau.app.app_context():
        with pytest.raises(Conflict):
            demo_figures.load()
        assert db.session.scalar(select(func.count()).select_from(FigureEntry)) == 0
    done = sqlite_bureau.app.test_cli_runner().invoke(args=["demo", "figures-2025"])
    assert done.exit_code == 1
    assert "生产环境" in done.output


def test_a_sentence_falls_back_to_its_figures() -> None:
    part = sentences.Part("五进", "进机关{a}、进学校{b}。", (("a", "进机关", "4场"), ("b", "进学校", "3场")))
    assert sentences.sentence(part) == "进机关4场、进学校3场。"
    assert sentences.sentence(sentences.Part("五进", part.says, part.figures[:1])) == "进机关4场。"
    assert [sentences.chinese(number) for number in (1, 10, 11, 20, 35)] == ["一", "十", "十一", "二十", "三十五"]
    idle = sentences.Part("无", "", (("a", "进机关", "0场"),), idle=True)
    assert [section.name for section in sentences.sections([sentences.Part("空", "", ()), idle, part])] == ["五进"]


def test_a_department_reads_only_its_own_figures(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    bureau = make_bureau(sqlite_app, monkeypatch)
    with bureau.app.app_context():
        demo_figures.load()
        found = values.of(db.session.get_one(Node, bureau.union), periods.parse("2025")).by_key()
        assert found["gonghui-huodong"].text == "26场次"
        assert "zhujian-lian" not in found
        assert "zhiyuan-ren" not in found
        assert found["pt-huodong"].value == 0, "counted from records, in its own branch"
