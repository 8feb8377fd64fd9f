"""The console's menu: which pages it lists, and for whom."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, request, url_for

from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role

# (endpoint, label, roles that see it; none named: everybody signed in). The order is the menu's order.
NAVIGATION: list[tuple[str, str, tuple[Role, ...]]] = [
    ("console.home", "今日概况", ()),
    ("console.events", "活动", (Role.ORGANISER, Role.VERIFIER, Role.ANALYST, Role.ADMIN)),
    ("console.campaign_list", "主题活动", (Role.ORGANISER, Role.VERIFIER, Role.ANALYST, Role.ADMIN)),
    ("console.appeals", "缺席申诉", (Role.ORGANISER,)),
    ("console.rating_queue", "活动评语", (Role.ORGANISER,)),
    ("console.hours", "服务时长", (Role.VERIFIER, Role.ORGANISER, Role.ADMIN)),
    ("console.volunteer_list", "志愿者", (Role.VERIFIER, Role.ADMIN)),
    ("console.entry_list", "培训与表彰", (Role.VERIFIER, Role.ADMIN)),
    ("console.group_list", "志愿团体", (Role.ORGANISER, Role.VERIFIER, Role.ADMIN)),
    ("console.ivolunteer_list", "i志愿录入", (Role.VERIFIER,)),
    ("console.certificate_list", "证明", (Role.VERIFIER, Role.ADMIN)),
    ("console.articles", "文章", (Role.EDITOR, Role.REVIEWER, Role.ANALYST, Role.ADMIN)),
    ("console.media", "媒体登记", (Role.EDITOR, Role.REVIEWER, Role.ANALYST, Role.ADMIN)),
    ("console.pushes", "推送", (Role.EDITOR, Role.REVIEWER, Role.ANALYST, Role.ADMIN)),
    ("console.guide", "分类词条", (Role.EDITOR, Role.REVIEWER, Role.ANALYST, Role.ADMIN)),
    ("console.quizzes", "答题", (Role.EDITOR, Role.REVIEWER, Role.ANALYST, Role.ADMIN)),
    ("console.questions", "题库", (Role.EDITOR, Role.REVIEWER, Role.ANALYST, Role.ADMIN)),
    ("console.figures", "数据填报", (Role.ANALYST, Role.ORGANISER, Role.VERIFIER, Role.ADMIN)),
    ("console.activity_rollup", "活动汇总", (Role.ANALYST, Role.ORGANISER, Role.VERIFIER, Role.ADMIN)),
    ("console.reports", "数据报告", (Role.ANALYST, Role.ADMIN)),
    ("console.jobs", "我的任务", ()),
    ("console.orgs_tree", "组织机构", (Role.ADMIN,)),
    ("console.staff_list", "工作人员", (Role.ADMIN,)),
    ("console.settings", "规则设置", (Role.ADMIN,)),
    ("console.audit_list", "操作记录", (Role.ADMIN,)),
]


@dataclass(frozen=True)
class Link:
    """One entry of the menu on the page being shown."""

    url: str
    label: str
    current: bool


def person() -> StaffActor | None:
    """Who is signed in on this page, if anybody."""
    actor: StaffActor | None = g.get("staff")
    return actor


def holds(role: str) -> bool:
    """Whether the person signed in holds the role somewhere."""
    actor = person()
    return actor is not None and any(grant.role.value == role for grant in actor.grants)


def links() -> list[Link]:
    """The menu of the person signed in; the entry whose address this page lies under is current."""
    actor = person()
    if actor is None:
        return []
    held = {grant.role for grant in actor.grants}
    shown = [(url_for(endpoint), label) for endpoint, label, roles in NAVIGATION if not roles or held & set(roles)]
    under = [url for url, _ in shown if _lies_under(request.path, url)]
    current = max(under, key=len, default="")
    return [Link(url, label, url == current) for url, label in shown]


def _lies_under(path: str, url: str) -> bool:
    if url == url_for("console.home"):
        return path == url
    return path == url or path.startswith(url.rstrip("/") + "/")
