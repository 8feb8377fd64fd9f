"""The certificate's sheet: one A4 page with an embedded Chinese font and a QR to the open verification page.

fpdf2, fontTools and the font cost memory, so they are imported where a sheet is made and nowhere else.
"""

from __future__ import annotations

import io
from typing import Any

from sorting_miniapp import clock
from sorting_miniapp.certificates.models import CertificateKind
from sorting_miniapp.certificates.service import Issued, day_text

SEAL = "加盖出具单位公章后生效；可扫描二维码核验真伪。出具证明不收取任何费用。"
SEAL_NOTES = {
    CertificateKind.SERVICE: f"本证明由系统依据服务记录生成，{SEAL}",
    CertificateKind.LEARNING: f"本证明由系统依据答题成绩生成，不是志愿服务时长证明；{SEAL}",
}
BLANK = "（由出具单位填写）"
MARGIN = 22
ROW, LINE = 8, 6
FOOT = 241  # millimetres from the top, where the QR begins


def build(certificate: Issued, verify_url: str) -> bytes:
    """The PDF's bytes. A revoked certificate is marked 已撤销 across the sheet."""
    import pylopdf_fonts_zh_cn
    from fpdf import FPDF

    sheet = FPDF(format="A4")
    sheet.set_auto_page_break(False)
    sheet.set_margin(MARGIN)
    sheet.add_font("zh", fname=str(pylopdf_fonts_zh_cn.serif_path()))
    sheet.set_title(f"{certificate.title} {certificate.number}")
    sheet.set_lang("zh-CN")
    sheet.set_creation_date(certificate.issued_at)
    sheet.add_page()
    _frame(sheet, certificate)
    _body(sheet, certificate)
    _foot(sheet, certificate, verify_url)
    if certificate.revoked_at is not None:
        _stamp_revoked(sheet)
    return bytes(sheet.output())


def _frame(sheet: Any, certificate: Issued) -> None:
    sheet.set_draw_color(46, 125, 50)
    sheet.set_line_width(0.8)
    sheet.rect(12, 12, 186, 273)
    sheet.set_line_width(0.25)
    sheet.rect(14, 14, 182, 269)
    sheet.set_text_color(27, 94, 32)
    sheet.set_font("zh", size=28)
    sheet.set_y(26)
    sheet.cell(0, 14, certificate.title, align="C", new_x="LMARGIN", new_y="NEXT")
    sheet.set_text_color(70, 70, 70)
    sheet.set_font("zh", size=11)
    sheet.cell(0, 9, f"编号：{certificate.number}", align="C", new_x="LMARGIN", new_y="NEXT")
    sheet.set_text_color(0, 0, 0)


def _rows(certificate: Issued) -> list[tuple[str, str]]:
    text = certificate.text
    rows = [("姓名", text.name)]
    if certificate.kind is CertificateKind.SERVICE:
        rows += [
            (text.document_kind, text.document),
            ("志愿者编号", text.volunteer_number),
            ("服务期间", f"{day_text(text.first_day)} 至 {day_text(text.last_day)}"),
            ("服务次数", f"{text.times} 次"),
            ("服务时长", f"{text.hours} 小时（记录 {text.minutes} 分钟）"),
            ("取整办法", text.policy),
        ]
    else:
        rows += [
            ("学习内容", text.subject),
            ("成绩", f"{text.score} 分（满分 100 分，{text.pass_mark} 分及格）"),
            ("通过日期", day_text(text.last_day)),
        ]
    rows += [
        ("出具单位", text.issuer),
        ("联系方式", text.contact or BLANK),
        ("负责人", text.person_in_charge or BLANK),
        ("经办人", text.handler or BLANK),
        ("出具日期", clock.day_text(clock.local(certificate.issued_at))),
    ]
    return [*rows, ("备注", text.remarks)] if text.remarks else rows


def _body(sheet: Any, certificate: Issued) -> None:
    sheet.set_y(60)
    for label, value in _rows(certificate):
        sheet.set_font("zh", size=11)
        sheet.set_text_color(90, 90, 90)
        sheet.cell(32, ROW, label)
        sheet.set_text_color(0, 0, 0)
        sheet.set_font("zh", size=12)
        sheet.multi_cell(0, ROW, value, new_x="LMARGIN", new_y="NEXT", align="L", wrapmode="CHAR")
    if certificate.text.content:
        _content(sheet, certificate.text.content)


def _content(sheet: Any, content: tuple[str, ...]) -> None:
    """As many lines as there is room for above the foot; the last of them says how many are left out."""
    sheet.set_font("zh", size=11)
    sheet.set_text_color(90, 90, 90)
    sheet.cell(0, ROW, "服务内容", new_x="LMARGIN", new_y="NEXT")
    sheet.set_text_color(0, 0, 0)
    sheet.set_font("zh", size=10)
    room = max(int((FOOT - sheet.get_y()) // LINE), 1)
    shown = content if len(content) <= room else content[: room - 1]
    for line in shown:
        sheet.cell(0, LINE, _fit(sheet, line), new_x="LMARGIN", new_y="NEXT")
    if len(shown) < len(content):
        sheet.cell(0, LINE, f"……另有 {len(content) - len(shown)} 条记录", new_x="LMARGIN", new_y="NEXT")


def _fit(sheet: Any, line: str) -> str:
    """The line, cut to the width of the sheet."""
    while line and sheet.get_string_width(line) > sheet.epw:
        line = line[:-2] + "…" if len(line) > 2 else ""
    return line


def _foot(sheet: Any, certificate: Issued, verify_url: str) -> None:
    import segno

    picture = io.BytesIO()
    segno.make(verify_url, error="m").save(picture, kind="png", scale=4, border=1)
    sheet.image(picture, x=MARGIN, y=FOOT + 2, w=34)
    sheet.set_font("zh", size=9)
    sheet.set_text_color(70, 70, 70)
    sheet.set_xy(62, FOOT + 5)
    sheet.multi_cell(76, 5.5, f"验证码：{certificate.code}\n{SEAL_NOTES[certificate.kind]}", align="L")
    sheet.set_xy(140, FOOT + 18)
    sheet.set_font("zh", size=11)
    sheet.cell(46, 8, "（单位公章）", align="C")


def _stamp_revoked(sheet: Any) -> None:
    sheet.set_text_color(198, 40, 40)
    sheet.set_font("zh", size=72)
    with sheet.rotation(32, x=105, y=150):
        sheet.set_xy(40, 135)
        sheet.cell(130, 30, "已撤销", align="C")
