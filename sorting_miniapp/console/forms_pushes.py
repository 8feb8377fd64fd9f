"""What the forms for planning a push send, and what they offer; a column's rule is asked in the same words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from werkzeug.datastructures import MultiDict

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import account_tags, accounts, writing
from sorting_miniapp.articles.audience import Target
from sorting_miniapp.articles.columns import Rule
from sorting_miniapp.articles.models import Audience, Channel
from sorting_miniapp.articles.models_planning import ColumnPlan
from sorting_miniapp.console import forms, forms_events
from sorting_miniapp.errors import Invalid
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs import settings

Wish = tuple[Channel, datetime, Target, int | None]


def first_values() -> dict[str, str]:
    """The form before anybody typed."""
    grace = str(settings.read("push_grace_minutes"))
    return {
        "channel": "mass", "due_at": "", "node_id": "", "audience": "residents", "followed_id": "", "tag_id": "",
        "account_id": "", "grace_minutes": grace,
    }  # fmt: skip


def wish(form: Mapping[str, str]) -> Wish:
    """The arguments of pushes.plan and pushes.look after the article. Raises Invalid, NotFound."""
    channel = forms.choice(form.get("channel", ""), Channel, "channel", "渠道")
    due_at = clock.now() if form.get("now") else forms_events.moment(form.get("due_at", ""), "推送时间")
    return channel, due_at, target(form), grace(form)


def grace(form: Mapping[str, str]) -> int | None:
    """Minutes; None for an empty field."""
    text = form.get("grace_minutes", "").strip()
    return forms.number(text, "grace_minutes", "宽限") if text else None


def target(form: Mapping[str, str]) -> Target:
    """Raises Invalid, NotFound."""

    def key(name: str, label: str) -> int | None:
        return forms.whole(form[name], label) if form.get(name) else None

    kind = forms.choice(form.get("audience") or "residents", Audience, "audience", "发给谁")
    return Target(
        key("node_id", "这个单位"), kind, key("followed_id", "这个栏目"), key("tag_id", "这个标签"),
        key("account_id", "这个公众号"),
    )  # fmt: skip


def rule_values(plan: ColumnPlan | None) -> dict[str, str]:
    """The form of a column's rule as it stands."""
    if plan is None:
        return first_values() | {"channel": "subscribe", "weekdays": "0", "time": "09:00", "owner_id": ""}
    branch = orgs.by_path(plan.branch) if plan.branch else None
    return {
        "channel": plan.channel.value, "audience": plan.audience.value, "weekdays": plan.weekdays,
        "time": f"{plan.minute // 60:02d}:{plan.minute % 60:02d}", "grace_minutes": str(plan.grace_minutes),
        "owner_id": str(plan.node_id), "followed_id": str(plan.followed_id or ""), "tag_id": str(plan.tag_id or ""),
        "account_id": str(plan.account_id or ""),
        "node_id": str(branch.id) if branch is not None and branch.parent_id is not None else "",
    }  # fmt: skip


def rule(form: MultiDict[str, str]) -> tuple[int, Rule]:
    """The unit a column belongs to, and its rule. Raises Invalid, NotFound."""
    text = form.get("time", "")
    try:
        at = time.fromisoformat(text)
    except ValueError as error:
        raise Invalid("time", "请填写推送时间，写作 09:00") from error
    channel = forms.choice(form.get("channel", ""), Channel, "channel", "渠道")
    chosen = Rule("".join(form.getlist("weekdays")), at.hour * 60 + at.minute, channel, target(form), grace(form))
    return forms.whole(form.get("owner_id", ""), "这个单位"), chosen


def choices(actor: StaffActor) -> dict[str, Any]:
    """What the selects offer."""
    units = orgs.visible(actor.branches(Role.EDITOR))
    tags = account_tags.known()
    return {
        "units": [("", "全市居民")] + [(str(u.id), u.name) for u in units if u.active and u.parent_id is not None],
        "columns": [("", "请选择栏目")] + [(str(one.id), one.name) for one in writing.columns()],
        "tags": [("", "全部关注者")] + [(str(one.id), f"{one.name}（{one.followers} 人）") for one in tags if one.id],
        "accounts": [("", "请选择公众号")] + [(str(one.id), one.name) for one in accounts.active()],
    }
