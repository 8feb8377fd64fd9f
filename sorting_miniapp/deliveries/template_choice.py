"""Which of the mini-program's templates each notice is sent with: chosen by an administrator, once per office."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries import account_templates
from sorting_miniapp.deliveries.models import AccountTemplate, NoticeTemplate, Subscription, TemplateKind
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.wechat.template_values import LONGEST, kind_of

ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
KEY = re.compile(r"[a-z_]{2,20}\d{1,3}", re.ASCII)
KINDS = (*LONGEST, "time", "date", "amount")


@dataclass(frozen=True)
class Standing:
    """One notice and whether it can go out: ready, missing, wrong or unchecked. `words` say what is wrong."""

    notice: NoticeTemplate
    state: str
    words: str = ""


def standings() -> list[Standing]:
    """Every notice by its title, as far as WeChat's list of templates says."""
    templates = account_templates.known()
    read = listed(templates)
    notices = db.session().scalars(select(NoticeTemplate).order_by(NoticeTemplate.title, NoticeTemplate.key))
    return [_standing(one, templates, read) for one in notices]


def missing_count() -> int:
    """How many notices have no template and cannot be sent."""
    found = select(func.count()).where(NoticeTemplate.template_id == "")
    return int(db.session().scalar(found) or 0)


def get(key: str) -> NoticeTemplate:
    """Raises NotFound."""
    return _get(db.session(), key)


def _get(session: Session, key: str, lock: bool = False) -> NoticeTemplate:
    found = session.get(NoticeTemplate, key, with_for_update=lock or None)
    if found is None:
        raise NotFound("notice_unknown", "没有这种通知")
    return found


def listed(templates: Mapping[str, AccountTemplate]) -> bool:
    """Whether WeChat's list of templates (as kept) is known, though perhaps empty or old."""
    return bool(templates) or (
        account_templates.reading.tried_at() is not None and not account_templates.reading.failed()
    )


def _standing(notice: NoticeTemplate, templates: Mapping[str, AccountTemplate], read: bool) -> Standing:
    if not notice.template_id:
        return Standing(notice, "missing", "没有选用微信模板，发不出去")
    if not read:
        return Standing(notice, "unchecked", "还没有跟微信核对")
    wrong = account_templates.mismatch(notice, templates.get(notice.template_id))
    return Standing(notice, "wrong" if wrong else "ready", wrong)


def suggested(notice: NoticeTemplate, template: AccountTemplate) -> dict[str, str]:
    """For each of the notice's fields by its label, the template's key that it most likely belongs to, or ''.

    The same key word first, then the same key, then the first free one that takes such a value.
    """
    free, found = dict(template.fields), {}
    rules = (
        lambda field, key: free[key] == field["label"],
        lambda field, key: key == field["key"],
        lambda field, key: True,
    )
    for rule in rules:
        for field in notice.fields:
            if field["label"] in found:
                continue
            match = next((k for k in free if account_templates.fits(field, k) and rule(field, k)), "")
            if match:
                found[field["label"]] = match
                del free[match]
    return {field["label"]: found.get(field["label"], "") for field in notice.fields}


def choose(actor: StaffActor, key: str, template_id: str, keys: Mapping[str, str]) -> None:
    """Send this notice with that template, each field (by label) under the template's key.

    What residents accepted was the old template, so it is gone with it. Raises Invalid, Conflict, NotFound.
    """
    with transaction() as session:
        notice, templates = _get(session, key, lock=True), account_templates.known()
        _check_id(notice, template_id, templates)
        template = templates.get(template_id)
        fields = [{**field, "key": keys.get(field["label"], "").strip()} for field in notice.fields]
        _check_fields(notice, fields)
        before = _shown(notice)
        changed = notice.template_id != template_id
        notice.template_id, notice.fields = template_id, fields
        if template is not None:
            notice.kind = TemplateKind.LONG_TERM if template.long_term else TemplateKind.ONE_TIME
            if wrong := account_templates.mismatch(notice, template):
                raise Invalid("fields", wrong)
        if changed:
            _forget_accepts(key)
        audit.record(actor.username, "notice.choose", "notice", key, before=before, after=_shown(notice))


def give_up(actor: StaffActor, key: str) -> None:
    """Send this notice no more, until a template is chosen again. Raises NotFound."""
    with transaction() as session:
        notice = _get(session, key, lock=True)
        before = _shown(notice)
        notice.template_id = ""
        _forget_accepts(key)
        audit.record(actor.username, "notice.stop", "notice", key, before=before, after=_shown(notice))


def _forget_accepts(key: str) -> None:
    gone = {"credits": 0, "long_term": False, "changed_at": clock.now()}
    db.session().execute(update(Subscription).where(Subscription.notice_key == key).values(**gone))


def _shown(notice: NoticeTemplate) -> dict[str, object]:
    fields = "、".join(f"{field['label']} {field['key']}" for field in notice.fields)
    return {"template_id": notice.template_id, "kind": notice.kind.value, "fields": fields}


def _check_id(notice: NoticeTemplate, template_id: str, templates: Mapping[str, AccountTemplate]) -> None:
    if not ID.fullmatch(template_id):
        raise Invalid("template_id", "请填写微信后台里的模板编号（字母、数字、“-”和“_”）")
    if listed(templates) and template_id not in templates:
        raise Invalid("template_id", "小程序里没有这个模板。刚在微信后台添加的，请先点“向微信核对”")
    other = select(NoticeTemplate.title).where(
        NoticeTemplate.template_id == template_id, NoticeTemplate.key != notice.key
    )
    if (title := db.session().scalar(other.limit(1))) is not None:
        raise Conflict("template_id", f"这个模板已用于“{title}”，每种通知须用各自的模板")


def _check_fields(notice: NoticeTemplate, fields: list[dict[str, str]]) -> None:
    """Every field has a key of its own that takes its kind of value."""
    for ours, field in zip(notice.fields, fields, strict=True):
        label, key = field["label"], field["key"]
        if not KEY.fullmatch(key) or kind_of(key) not in KINDS:
            raise Invalid("fields", f"请给“{label}”选择模板里的关键词")
        if not account_templates.fits(ours, key):
            raise Invalid("fields", f"“{label}”的内容不能填进 {key} 这种字段")
    if len({field["key"] for field in fields}) != len(fields):
        raise Invalid("fields", "同一个关键词只能对应一项内容")
