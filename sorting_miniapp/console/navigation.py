"""The console's menu: which pages it lists, and for whom."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, request, url_for

from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role

ORGANISE, VERIFY, ANALYSE, ADMINISTER = Role.ORGANISER, Role.VERIFIER, Role.ANALYST, Role.ADMIN
EDITORIAL = (Role.EDITOR, Role.REVIEWER, Role.ANALYST, Role.ADMIN)
Page = tuple[str, str, tuple[Role, ...]]
# Heading, then (endpoint, label, roles that see it; none named: everybody signed in), in the menu's order.
NAVIGATION: list[tuple[str, list[Page]]] = [
    ("", [("console.home", "今日概况", ()), ("console.jobs", "我的任务", ())]),
    (
        "活动",
        [
            ("console.events", "活动", (ORGANISE, VERIFY, ANALYSE, ADMINISTER)),
            ("console.campaign_list", "主题活动", (ORGANISE, VERIFY, ANALYSE, ADMINISTER)),
            ("console.appeals", "缺席申诉", (ORGANISE,)),
            ("console.rating_queue", "活动评语", (ORGANISE,)),
        ],
    ),
    (
        "志愿服务",
        [
            ("console.hours", "服务时长", (VERIFY, ORGANISE, ADMINISTER)),
            ("console.volunteer_list", "志愿者", (VERIFY, ADMINISTER)),
            ("console.entry_list", "培训与表彰", (VERIFY, ADMINISTER)),
            ("console.group_list", "志愿团体", (ORGANISE, VERIFY, ADMINISTER)),
            ("console.ivolunteer_list", "i志愿录入", (VERIFY,)),
            ("console.certificate_list", "证明", (VERIFY, ADMINISTER)),
        ],
    ),
    (
        "文章推送",
        [
            ("console.articles", "文章", EDITORIAL),
            ("console.calendar", "推送日历", EDITORIAL),
            ("console.pushes", "推送", EDITORIAL),
            ("console.columns", "栏目", EDITORIAL),
            ("console.channels", "发布渠道", EDITORIAL),
            ("console.slogan_list", "版头版尾", EDITORIAL),
            ("console.results", "推送效果", EDITORIAL),
            ("console.media", "媒体登记", EDITORIAL),
        ],
    ),
    (
        "分类指南与投放点",
        [
            ("console.guide", "分类词条", EDITORIAL),
            ("console.guide_requests", "居民没查到的", EDITORIAL),
            ("console.places", "点位", (ORGANISE, ADMINISTER, Role.EDITOR, ANALYSE)),
            ("console.place_reports", "点位问题", (ORGANISE, ADMINISTER, ANALYSE)),
        ],
    ),
    (
        "答题",
        [
            ("console.quizzes", "答题活动", EDITORIAL),
            ("console.questions", "题库", EDITORIAL),
            ("console.question_sets", "组卷", EDITORIAL),
            ("console.question_stats_page", "题目统计", EDITORIAL),
            ("console.board_list", "排行榜", EDITORIAL),
            ("console.badge_list", "徽章", EDITORIAL),
            ("console.result_appeals", "成绩申诉", (Role.EDITOR,)),
            ("console.team_list", "班级和小队", (Role.EDITOR, ORGANISE, ANALYSE, ADMINISTER)),
        ],
    ),
    (
        "数据",
        [
            ("console.figures", "数据填报", (ANALYSE, ORGANISE, VERIFY, ADMINISTER)),
            ("console.activity_rollup", "活动汇总", (ANALYSE, ORGANISE, VERIFY, ADMINISTER)),
            ("console.reports", "数据报告", (ANALYSE, ADMINISTER)),
        ],
    ),
    (
        "管理",
        [
            ("console.orgs_tree", "组织机构", (ADMINISTER,)),
            ("console.staff_list", "工作人员", (ADMINISTER,)),
            ("console.settings", "规则设置", (ADMINISTER,)),
            ("console.notice_list", "通知模板", (ADMINISTER,)),
            ("console.audit_list", "操作记录", (ADMINISTER,)),
        ],
    ),
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


def links() -> list[tuple[str, list[Link]]]:
    """The menu of the person signed in by heading; the entry whose address this page lies under is current."""
    actor = person()
    if actor is None:
        return []
    held = {grant.role for grant in actor.grants}
    shown = [
        (heading, [(url_for(endpoint), label) for endpoint, label, roles in pages if not roles or held & set(roles)])
        for heading, pages in NAVIGATION
    ]
    under = [url for _, pages in shown for url, _ in pages if _lies_under(request.path, url)]
    current = max(under, key=len, default="")
    return [(heading, [Link(url, label, url == current) for url, label in pages]) for heading, pages in shown if pages]


def _lies_under(path: str, url: str) -> bool:
    if url == url_for("console.home"):
        return path == url
    return path == url or path.startswith(url.rstrip("/") + "/")
