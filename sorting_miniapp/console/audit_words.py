"""The audit trail's English codes in Chinese. A code without a word here is shown as it is."""

from __future__ import annotations

import orjson

from sorting_miniapp.audit import AuditEntry

OBJECTS = {
    "node": "单位",
    "staff": "账号",
    "setting": "规则",
    "article": "文章",
    "push": "推送",
    "item": "词条",
    "question": "题目",
    "quiz": "答题",
    "guide_request": "收录反馈",
    "event": "活动",
    "shift": "场次",
    "sign_up": "报名",
    "record": "服务记录",
    "certificate": "证明",
}
VERBS = {
    "add": "添加",
    "change": "修改",
    "create": "新建",
    "sign_in": "登录",
    "sign_in_failed": "登录失败",
    "password": "改密码",
    "active": "启用或停用",
    "grant": "加角色",
    "revoke": "收回",
    "rename": "改名",
    "write": "保存",
    "clear": "恢复沿用上级",
    "save": "保存",
    "settle": "处理",
    "submit": "提交审核",
    "recall": "撤回",
    "review": "审核",
    "publish": "发布",
    "withdraw": "撤下",
    "plan": "安排",
    "cancel": "取消",
    "pause": "暂停",
    "resume": "继续",
    "replan": "改时间",
    "close": "关闭",
    "confirm_sent": "登记网址",
}


def action(entry: AuditEntry) -> str:
    """`event.publish` as 活动 · 发布."""
    subject, _, verb = entry.action.partition(".")
    return f"{OBJECTS.get(subject, subject)} · {VERBS.get(verb, verb)}"


def change(values: dict[str, object] | None) -> str:
    """The recorded values on one line, `-` when nothing was recorded."""
    if not values:
        return "—"
    return "；".join(f"{key}：{_value(value)}" for key, value in values.items())


def _value(value: object) -> str:
    if value is None or value == "":
        return "空"
    if isinstance(value, bool):
        return "是" if value else "否"
    return value if isinstance(value, str) else orjson.dumps(value).decode()
