"""A notice's fields filled in and cut to WeChat's value rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from sorting_miniapp.db import db
from sorting_miniapp.deliveries.models import NoticeTemplate
from sorting_miniapp.wechat.template_values import first_problem, shorten

NAMES = ("title", "time", "place", "remark", "status", "deadline")


@dataclass(frozen=True)
class Text:
    """One notice's template: WeChat's id, the page, and (field key, value with {names}) pairs."""

    template_id: str
    page: str
    fields: tuple[tuple[str, str], ...]

    def page_for(self, page_id: str) -> str:
        return self.page.format(id=page_id)

    def fill(self, values: Mapping[str, str]) -> tuple[dict[str, str], str]:
        """({field: value}, what is wrong or ''). Too long values are shortened where the rule allows it."""
        known = {name: values.get(name, "") for name in NAMES}
        filled = {key: shorten(key, pattern.format(**known)) for key, pattern in self.fields}
        return filled, first_problem(filled)


def load_all() -> dict[str, Text]:
    """Every notice's text by its key."""
    rows = db.session().execute(
        select(NoticeTemplate.key, NoticeTemplate.template_id, NoticeTemplate.page, NoticeTemplate.fields)
    )
    return {row.key: Text(row.template_id, row.page, tuple((f["key"], f["value"]) for f in row.fields)) for row in rows}
