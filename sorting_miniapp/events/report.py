"""The one-page report of an event as a Word document: figures with who counted and how, photos, ratings.

Made in the worker; python-docx and Pillow are imported only there.
"""

from __future__ import annotations

import io
from typing import Any

from sqlalchemy import func, select

from sorting_miniapp import clock
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import db
from sorting_miniapp.errors import NotFound
from sorting_miniapp.events import counts, photos, planning, ratings
from sorting_miniapp.events import kinds as event_kinds
from sorting_miniapp.events.models import EVENT_STATE_NAMES, CheckIn, Event, Shift, ShiftState, SignUp
from sorting_miniapp.events.models_counts import COUNT_NAMES
from sorting_miniapp.events.models_day import WalkIn
from sorting_miniapp.jobs import kinds
from sorting_miniapp.orgs.models import Node

KIND = "event_report"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PICTURES, WORDS = 4, 3
BODY, HEADING = "仿宋", "黑体"


def figures(event_id: int) -> dict[str, int]:
    """What the records say: places, sign-ups, persons who came (companions too), comings, walk-ins, minutes."""
    session = db.session()
    shifts = (Shift.event_id == event_id, Shift.state != ShiftState.CANCELLED)
    came = select(CheckIn.sign_up_id).where(CheckIn.event_id == event_id)
    own = select(SignUp.id).join(Shift, Shift.id == SignUp.shift_id).where(Shift.event_id == event_id)

    def number(query: Any) -> int:
        return int(session.scalar(query) or 0)

    return {
        "shifts": number(select(func.count(Shift.id)).where(*shifts)),
        "places": number(select(func.sum(Shift.capacity)).where(*shifts)),
        "signed": number(select(func.sum(SignUp.places)).where(SignUp.id.in_(own), SignUp.live == 1)),
        "came": number(select(func.sum(SignUp.places)).where(SignUp.id.in_(came))),
        "comings": number(select(func.count(CheckIn.id)).where(CheckIn.event_id == event_id)),
        "walk_ins": number(select(func.count(WalkIn.sign_up_id)).where(WalkIn.sign_up_id.in_(own))),
        "minutes": number(select(func.sum(CheckIn.minutes)).where(CheckIn.event_id == event_id)),
    }


def make(asked: kinds.Asked, progress: kinds.Progress) -> kinds.File:
    """The report of the event named in the parameters. Raises NotFound."""
    event = db.session().get(Event, int(asked.parameters["event"]))
    node = db.session().get(Node, event.node_id) if event else None
    if event is None or node is None:
        raise NotFound("event_not_found", "没有找到这个活动")
    progress(0, 3, "正在汇总数字")
    sheet = _Sheet(f"{event.title}活动情况")
    sheet.table(_facts(event, node), widths=(3.2, 12.8))
    sheet.heading("一、参加情况")
    sheet.table(_numbers(event.id), header=("项目", "数量", "来源或统计人", "统计办法"), widths=(3.4, 2.6, 3.6, 6.4))
    progress(1, 3, "正在放照片")
    _photos(sheet, event.id)
    progress(2, 3, "正在写评价")
    _ratings(sheet, event.id)
    day = clock.local(event.starts_at or event.created_at)
    return kinds.File(f"活动报告-{event.title}-{day:%Y%m%d}.docx", DOCX, [sheet.bytes()])


def _facts(event: Event, node: Node) -> list[tuple[str, ...]]:
    others = [one.name for one in planning.cohosts_of(event.id)]
    tags = "、".join(tag.name for tag in planning.tags_of(event.id))
    span = "未定"
    if event.starts_at and event.ends_at:
        span = f"{clock.local(event.starts_at):%Y-%m-%d %H:%M} 至 {clock.local(event.ends_at):%Y-%m-%d %H:%M}"
    rows: list[tuple[str, ...]] = [
        ("主办单位", node.name + (f"（协办：{'、'.join(others)}）" if others else "")),
        ("时间", span),
        ("地点", event.place),
        ("类型与标签", event_kinds.names().get(event.kind, event.kind) + (f"；{tags}" if tags else "")),
        ("状态", EVENT_STATE_NAMES[event.state] + (f"：{event.cancel_reason}" if event.cancel_reason else "")),
        ("内容", event.summary or event.title),
    ]
    return [row for row in rows if row[1]]


def _numbers(event_id: int) -> list[tuple[str, ...]]:
    found = figures(event_id)
    hours = f"{found['minutes'] // 60} 小时 {found['minutes'] % 60} 分钟"
    rows: list[tuple[str, ...]] = [
        ("场次与名额", f"{found['shifts']} 场，{found['places']} 人", "系统", "场次设置"),
        ("报名", f"{found['signed']} 人", "系统", "含同行人"),
        ("到场", f"{found['came']} 人", "系统", f"签到记录，含同行人；其中现场登记 {found['walk_ins']} 人"),
        ("签到", f"{found['comings']} 人次", "系统", "签到签退记录"),
        ("服务时长", hours, "系统", "签到签退记录，不含路途"),
    ]
    counted = counts.of(event_id)
    for kind, (name, unit) in COUNT_NAMES.items():
        row = counted.get(kind)
        rows.append(
            (name, f"{row.value} {unit}" if row else "未统计", row.counted_by if row else "", row.how if row else "")
        )
    return rows


def _photos(sheet: _Sheet, event_id: int) -> None:
    shown = photos.of(event_id)[:PICTURES]
    if shown:
        sheet.heading("二、现场照片")
        sheet.pictures([(photos.bytes_of(one.id), f"{one.caption}（{one.taken_by}摄）") for one in shown])


def _ratings(sheet: _Sheet, event_id: int) -> None:
    found = ratings.summary(event_id)
    if found.average_tenths is None:
        return
    sheet.heading("三、参加者评价" if photos.of(event_id) else "二、参加者评价")
    sheet.line(f"共 {found.count} 人评价，平均 {found.average_tenths / 10:.1f} 星（满分 5 星）。")
    for one in ratings.passed_words(event_id, WORDS):
        sheet.line(f"“{one.words}”（{one.stars} 星）")


class _Sheet:
    """A Word document of one A4 page in the fonts of a Chinese office."""

    def __init__(self, title: str) -> None:
        from docx import Document
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.shared import Cm, Pt

        self._cm, self._pt = Cm, Pt
        self._document: Any = Document()
        page = self._document.sections[0]
        page.page_width, page.page_height = Cm(21), Cm(29.7)
        page.left_margin = page.right_margin = Cm(2.5)
        page.top_margin = page.bottom_margin = Cm(2)
        self._font(self._document.styles["Normal"], BODY, 11)
        paragraph = self._document.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        self._run(paragraph, title, HEADING, 18)

    def _font(self, owner: Any, name: str, size: float) -> None:
        from docx.oxml.ns import qn

        owner.font.name, owner.font.size = name, self._pt(size)
        owner.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), name)

    def _run(self, paragraph: Any, text: str, font: str = BODY, size: float = 11) -> None:
        self._font(paragraph.add_run(text), font, size)
        paragraph.paragraph_format.space_after = self._pt(3)
        paragraph.paragraph_format.space_before = self._pt(0)

    def heading(self, text: str) -> None:
        self._run(self._document.add_paragraph(), text, HEADING, 13)

    def line(self, text: str) -> None:
        self._run(self._document.add_paragraph(), text)

    def table(self, rows: list[tuple[str, ...]], widths: tuple[float, ...], header: tuple[str, ...] = ()) -> None:
        lines = [header, *rows] if header else rows
        table = self._document.add_table(len(lines), len(widths), style="Table Grid")
        for number, line in enumerate(lines):
            for place, text in enumerate(line):
                cell = table.cell(number, place)
                cell.width = self._cm(widths[place])
                bold = (header and not number) or (not header and not place)
                self._run(cell.paragraphs[0], text, HEADING if bold else BODY, 10.5)
        self._document.add_paragraph().paragraph_format.space_after = self._pt(0)

    def pictures(self, shown: list[tuple[bytes, str]]) -> None:
        """Two beside each other, each no more than 5 cm high, with its caption below."""
        from PIL import Image

        table = self._document.add_table((len(shown) + 1) // 2, 2)
        for number, (data, caption) in enumerate(shown):
            with Image.open(io.BytesIO(data)) as picture:
                wide = picture.width / picture.height >= 7.5 / 5
            cell = table.cell(number // 2, number % 2)
            size = {"width": self._cm(7.5)} if wide else {"height": self._cm(5)}
            cell.paragraphs[0].add_run().add_picture(io.BytesIO(data), **size)
            self._run(cell.add_paragraph(), caption, BODY, 9)

    def bytes(self) -> bytes:
        out = io.BytesIO()
        self._document.save(out)
        return out.getvalue()


def register() -> None:
    kinds.register(kinds.Kind(KIND, "活动报告", (Role.ORGANISER, Role.VERIFIER, Role.ANALYST, Role.ADMIN), make))
