"""The report as a .docx: templates/report.docx, filled in. The template is edited in Word, without a programmer.

Fonts are those of official documents (方正小标宋简体 for the title, 黑体 for headings, 仿宋_GB2312 for the text), named
with what stands in for them where they are not installed.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from sqlalchemy import select

from sorting_miniapp import clock
from sorting_miniapp.db import db
from sorting_miniapp.figures.models import SOURCE_NAMES, FigureBlock
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.reports.sentences import Part, sections
from sorting_miniapp.reports.values import Figures

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TEMPLATE = Path(__file__).parent / "templates" / "report.docx"


def parts(figures: Figures) -> list[Part]:
    """The blocks in the order of the report, each with its own figures and those it prints again."""
    values = figures.by_key()
    found = []
    for block in db.session().scalars(select(FigureBlock).order_by(FigureBlock.position)):
        own = [value for value in figures.values if value.figure.block_id == block.id]
        if own:
            own += [values[key] for key in block.again if key in values]
        lines = tuple((value.figure.key, value.figure.name, value.text) for value in own)
        found.append(Part(block.name, block.says, lines, bool(own) and all(value.value == 0 for value in own)))
    return found


def context(title: str, figures: Figures) -> dict[str, Any]:
    """What the template's fields are filled with."""
    today, told = clock.today(), parts(figures)
    problems = [{"kind": problem.kind, "text": problem.text} for problem in figures.problems]
    problems += [{"kind": "正文未写", "text": f"{part.name}：各项都是0，见附表"} for part in told if part.idle]
    rows = [
        {
            "number": number,
            "block": value.block,
            "name": value.figure.name,
            "text": value.text,
            "source": SOURCE_NAMES[value.figure.source],
        }
        for number, value in enumerate(figures.values, start=1)
    ]
    return {
        "title": title,
        "period": figures.period.label,
        "unit": figures.node.name,
        "signed": _signed(figures.node),
        "problems": problems,
        "sections": sections(told),
        "rows": rows,
        "date": clock.day_text(today),
    }


def _signed(node: Node) -> str:
    """Who signs: a unit its own report, the lead department that of the whole city (市… becomes 连州市…)."""
    lead = db.session().scalars(select(Node).where(Node.lead, Node.parent_id == node.id)).first()
    return node.name if lead is None else node.name.removesuffix("市") + lead.name


def make(title: str, figures: Figures) -> bytes:
    """The document's bytes."""
    from docxtpl import DocxTemplate

    template = DocxTemplate(TEMPLATE)
    template.render(context(title, figures), autoescape=True)
    out = io.BytesIO()
    template.save(out)
    return out.getvalue()
