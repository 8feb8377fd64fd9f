"""The subscribe messages' templates of the mini-program: read by the worker, and whether a notice may use one.

Which key words a template has, and under which keys, is WeChat's: `thing1` here may be `thing6` there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlalchemy import delete, select

from sorting_miniapp import audit
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries.models import AccountTemplate, NoticeTemplate, TemplateKind
from sorting_miniapp.wechat import mini
from sorting_miniapp.wechat.mini_program import Template
from sorting_miniapp.wechat.reading import Reading
from sorting_miniapp.wechat.template_values import kind_of

reading = Reading("account_templates")
KEY_WORD = re.compile(r"^(.*?)[:：]?\s*\{\{(\w{1,32})\.DATA\}\}", re.MULTILINE)
# Kinds of fields that take a text, besides the kind that content/messages.yaml names for it (template_values.py).
ALSO_FITS = {"{time}": ("time", "date"), "{deadline}": ("time", "date"), "{status}": ("phrase", "thing")}


def known() -> dict[str, AccountTemplate]:
    """The templates as they were read last, by id; {} before."""
    rows = db.session().scalars(select(AccountTemplate).order_by(AccountTemplate.title, AccountTemplate.id))
    return {row.id: row for row in rows}


def ask(actor: StaffActor) -> None:
    """Have the worker read them again."""
    with transaction():
        reading.ask()
        audit.record(actor.username, "notice.refresh", "notice", "all")


def refresh() -> None:
    """Read them from WeChat, or keep why that was refused."""
    found = reading.read(lambda: mini().templates())
    if found is None:
        return
    rows = [as_row(one) for one in found]
    with transaction() as session:
        session.execute(delete(AccountTemplate))
        session.add_all(rows)
        session.flush()
        reading.succeeded()


def as_row(one: Template) -> AccountTemplate:
    """The template with its key words taken out of its content."""
    fields = [[key, label.strip()[:20]] for label, key in KEY_WORD.findall(one.content)]
    return AccountTemplate(id=one.id, title=one.title[:40], fields=fields, long_term=one.long_term)


def fits(field: Mapping[str, str], key: str) -> bool:
    """Whether the text of a notice's field may be sent in the template's field of that key."""
    theirs = kind_of(key)
    return theirs == kind_of(field["key"]) or theirs in ALSO_FITS.get(field["value"], ())


def mismatch(notice: NoticeTemplate, template: AccountTemplate | None) -> str:
    """Why this notice cannot be sent with the template it names, in Chinese; '' when it can."""
    if template is None:
        return "这个模板编号在小程序里没有"
    sent, theirs = {field["key"] for field in notice.fields}, dict(template.fields)
    if missing := [field["key"] for field in notice.fields if field["key"] not in theirs]:
        return f"微信的模板没有字段 {'、'.join(missing)}"
    if more := [label or key for key, label in template.fields if key not in sent]:
        return f"微信的模板多出关键词“{'、'.join(more)}”，系统没有内容可填"
    if template.long_term is not (notice.kind is TemplateKind.LONG_TERM):
        return f"在微信是{'长期' if template.long_term else '一次性'}订阅，与这里的设置不同"
    return ""
