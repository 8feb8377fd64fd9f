"""The domain's settings: typed defaults, read at a node and inherited from the nodes above it.

Each process keeps the rows until their shared version moves, so that a hot path does not ask for them.

What rules.md marks [R], and every number an office may want to change, is a row here and not in the code.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from sorting_miniapp import audit, clock, state
from sorting_miniapp.db import after_commit, db, transaction
from sorting_miniapp.engines import ASIDE
from sorting_miniapp.errors import Invalid, NotFound
from sorting_miniapp.orgs.models import Node, Setting


@dataclass(frozen=True)
class Default:
    """A setting's default and its bounds. Numbers are whole; `unit` is for people."""

    value: Any
    label: str
    unit: str = ""
    low: int = 0
    high: int = 1_000_000
    choices: tuple[tuple[str, str], ...] = ()


DEFAULTS: dict[str, Default] = {
    "review_levels": Default(3, "文章审核级数", "级", 1, 3),
    # IReST (Trauzettel-Klosinski and Dietz, 2012): adults read 255 characters of Chinese a minute in silence.
    "reading_speed": Default(255, "文章阅读速度（估算阅读时间）", "字/分钟", 100, 1000),
    "preview_hours": Default(72, "文章预览链接有效期", "小时", 1, 720),
    "quiet_from": Default(22, "安静时段开始", "时", 0, 23),
    "quiet_to": Default(7, "安静时段结束", "时", 0, 23),
    "push_grace_minutes": Default(120, "推送宽限", "分钟", 0, 1440),
    "offer_minutes": Default(120, "候补确认时限", "分钟", 5, 1440),
    "minor_age": Default(18, "须监护人同意的年龄", "岁", 0, 18),
    "guardian_account_age": Default(14, "须用监护人账号报名的年龄", "岁", 0, 18),
    "accompanied_age": Default(10, "须成人陪同的年龄", "岁", 0, 18),
    "withdraw_hours": Default(2, "免说明退出截止（开始前）", "小时", 0, 720),
    "no_show_limit": Default(3, "缺席几次后不能提前报名", "次", 1, 100),
    "no_show_days": Default(90, "缺席记录保留", "天", 1, 730),
    "offline_upload_hours": Default(72, "离线名单和人工登记期限（场次结束后）", "小时", 1, 720),
    "printed_code_people": Default(100, "可用现场海报签到的活动规模", "人", 1, 100_000),
    "check_in_metres": Default(500, "现场海报签到的位置范围", "米", 50, 20_000),
    "appeal_days": Default(30, "缺席申诉期限", "天", 1, 365),
    "quiz_pass_percent": Default(60, "岗位要求的答题及格线", "%", 1, 100),
    "daily_quiz_points": Default(2, "每日一练每题得分", "分", 0, 100),
    "daily_points_cap": Default(50, "每人每日积分上限", "分", 0, 1000),
    "daily_attempts_cap": Default(30, "每人每日答题次数上限", "次", 1, 1000),
    "mistake_clear_times": Default(2, "错题连续答对几次后移出错题本", "次", 1, 10),
    "streak_repair_days": Default(7, "连续答题可补签最近几天", "天", 1, 30),
    "board_min_people": Default(5, "单位上榜的最少参加人数", "人", 1, 1000),
    "team_board_min_people": Default(2, "班级、小队上榜的最少参加人数", "人", 1, 1000),
    "team_members": Default(200, "每个班级或小队的人数上限", "人", 1, 2000),
    "teams_of_one": Default(10, "每位居民可建的班级和小队", "个", 1, 100),
    "attempt_grace_seconds": Default(5, "交卷宽限（截止之后）", "秒", 0, 60),
    "untimed_hours": Default(24, "不限时答题保留", "小时", 1, 168),
    "multiple_partial": Default(
        "half", "多选题计分", choices=(("none", "全对才得分"), ("half", "少选得一半"), ("share", "少选按比例得分"))
    ),
    "sort_partial": Default("share", "分拣题计分", choices=(("none", "全对才得分"), ("share", "按放对的件数得分"))),
    "too_fast_ms": Default(1500, "答得过快（平均每题少于）", "毫秒", 0, 60_000),
    "same_device_people": Default(3, "同一网络同型号手机几人参赛时提示", "人", 2, 1000),
    "same_address_people": Default(30, "同一网络几人参赛时提示", "人", 2, 10_000),
    "contest_appeal_days": Default(7, "竞赛成绩申诉期限", "天", 1, 365),
    "contest_trace_days": Default(30, "竞赛网络和手机标记保留（结束后）", "天", 1, 365),
    "contest_contact": Default("", "竞赛咨询方式"),
    "hours_without_approval": Default(8, "当日无需审批的服务时长", "小时", 1, 24),
    "hours_with_parent": Default(12, "当日由上级审批的服务时长上限", "小时", 1, 24),
    "official_kind": Default(
        "subscription",
        "公众号类型",
        choices=(("subscription", "订阅号：按天计群发次数"), ("service", "服务号：按月计群发次数")),
    ),
    "official_rights": Default(
        "all", "公众号的接口权限", choices=(("all", "可以发布和群发"), ("draft", "只能建草稿，由人手工发布"))
    ),
    "mass_quota_daily": Default(1, "公众号每日群发次数", "次", 0, 100),
    "mass_quota_monthly": Default(4, "服务号每位关注者每月群发次数", "次", 0, 100),
    "repeat_days": Default(3, "同样的人几天内再收到推送时提醒（0 为不提醒）", "天", 0, 365),
    "column_warn_days": Default(3, "栏目没有文章时提前提醒", "天", 1, 30),
    "send_rate": Default(0, "订阅消息每秒上限（0 为不限）", "条", 0, 100_000),
    "send_in_flight": Default(256, "订阅消息同时在途", "条", 1, 512),
    "stop_after_errors": Default(200, "连续出错后停止", "条", 1, 100_000),
    "subscription_credit_cap": Default(20, "每个模板可累计的订阅次数", "次", 1, 1000),
    "delivery_days": Default(180, "每条消息的发送记录保留（合计永久保留）", "天", 30, 3650),
    "wechat_event_days": Default(30, "微信推送的事件保留", "天", 1, 3650),
    "figures_due_days": Default(10, "数据填报期限（期间结束后）", "天", 1, 366),
    "figures_jump_percent": Default(50, "数据同比变动提醒", "%", 1, 10_000),
    "job_file_days": Default(30, "导出文件和报告保留", "天", 1, 3650),
    "place_area_km": Default(60, "点位坐标离市区最远", "公里", 5, 2000),
    "place_reports_daily": Default(5, "每人每日上报点位问题", "次", 1, 100),
    "place_report_days": Default(3, "点位问题处理期限", "天", 1, 90),
    "place_picture_days": Default(180, "点位问题照片保留（办结后）", "天", 1, 3650),
    "bulky_phone": Default("", "大件垃圾预约电话"),
    "bulky_hours": Default("", "大件垃圾收运时间"),
    "renovation_phone": Default("", "装修垃圾咨询电话"),
    "renovation_hours": Default("", "装修垃圾收运时间"),
    "certificate_contact": Default("", "证明上的联系方式"),
    "certificate_head": Default("", "证明上的负责人"),
    "certificate_rounding": Default(
        "half_hour",
        "证书时长取整办法",
        choices=(
            ("half_hour", "不超过15分钟不计，15至45分钟计半小时，45分钟以上计1小时"),
            ("half_hour_down", "以半小时为单位，不足的不计"),
            ("hour_down", "以小时为单位，不足的不计"),
        ),
    ),
}


VERSION = "settings_version"
_reading = threading.Lock()
_kept: tuple[int, dict[str, list[tuple[str, Any]]]] = (-1, {})


def forget() -> None:
    """Read the rows afresh at the next look."""
    global _kept
    _kept = (-1, {})


def _rows() -> dict[str, list[tuple[str, Any]]]:
    """{key: [(path, value)]} as of the shared version."""
    global _kept
    version = state.get(VERSION)
    if _kept[0] == version:
        return _kept[1]
    query = select(Setting.key, Node.path, Setting.value).join(Node, Node.id == Setting.node_id)
    with _reading:
        if _kept[0] == version:
            return _kept[1]
        found: dict[str, list[tuple[str, Any]]] = {}
        # A connection of its own: the request's may stand at a moment before the change (SQLite's snapshots).
        with db.engines[ASIDE].connect() as connection:
            for key, path, value in connection.execute(query):
                found.setdefault(key, []).append((path, value))
        _kept = (version, found)
        return found


def _changed() -> None:
    state.bump(VERSION)
    after_commit(forget)
    after_commit(state.forget)


def read(key: str, node_path: str = "") -> Any:
    """The value in force at a node (the city where no path is given). Raises KeyError for an unknown key."""
    default = DEFAULTS[key].value
    best = ""
    for path, value in _rows().get(key, ()):
        if (node_path.startswith(path) or path.count("/") == 1) and len(path) > len(best):
            best, default = path, value
    return default


def write(node_id: int, key: str, value: Any, actor: str) -> None:
    """Set a value at a node, audited. Raises NotFound, Invalid."""
    known = DEFAULTS.get(key)
    if known is None:
        raise NotFound("setting_unknown", "没有这个设置项")
    if isinstance(known.value, int):
        if not isinstance(value, int) or isinstance(value, bool) or not known.low <= value <= known.high:
            raise Invalid("setting_out_of_range", f"{known.label}须为 {known.low} 到 {known.high} 的整数")
    elif not isinstance(value, str) or len(value) > 40 or value not in dict(known.choices or ((value, ""),)):
        raise Invalid("setting_invalid", f"{known.label}填写有误")
    with transaction() as session:
        node = session.get(Node, node_id)
        if node is None:
            raise NotFound()
        row = session.scalar(select(Setting).where(Setting.node_id == node_id, Setting.key == key))
        before = None if row is None else row.value
        if row is None:
            row = Setting(node_id=node_id, key=key)
            session.add(row)
        row.value, row.changed_by, row.changed_at = value, actor, clock.now()
        _changed()
        audit.record(
            actor, "setting.write", "setting", key, node_path=node.path, before={key: before}, after={key: value}
        )


@dataclass(frozen=True)
class InForce:
    """A setting as it stands at one node: `origin` is the path of the node that set it, '' for the default."""

    key: str
    rule: Default
    value: Any
    origin: str
    changed_by: str = ""


def in_force(node_path: str) -> list[InForce]:
    """Every setting as it stands at this node, in the order of DEFAULTS; one statement."""
    chain = [node_path[: i + 1] for i, letter in enumerate(node_path) if letter == "/"]
    rows = db.session().execute(
        select(Node.path, Setting.key, Setting.value, Setting.changed_by)
        .join(Node, Node.id == Setting.node_id)
        .where(Node.path.in_(chain))
        .order_by(Node.path)
    )
    nearest = {row.key: row for row in rows}
    return [
        InForce(key, rule, nearest[key].value, nearest[key].path, nearest[key].changed_by)
        if key in nearest
        else InForce(key, rule, rule.value, "")
        for key, rule in DEFAULTS.items()
    ]


def clear(node_id: int, key: str, actor: str) -> None:
    """Take a node's own value away, so that it inherits again; audited. Raises NotFound."""
    with transaction() as session:
        row = session.scalar(select(Setting).where(Setting.node_id == node_id, Setting.key == key))
        if row is None:
            raise NotFound("setting_not_own", "本单位没有单独设置这一项")
        path = session.get_one(Node, node_id).path
        audit.record(actor, "setting.clear", "setting", key, node_path=path, before={key: row.value})
        session.delete(row)
        _changed()
