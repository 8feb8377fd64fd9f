"""The audit trail's English codes in Chinese. A code without a word here is shown as it is."""

from __future__ import annotations

import orjson

from sorting_miniapp.accounts.models import ROLE_NAMES
from sorting_miniapp.accounts.models_binding import BINDING_NAMES
from sorting_miniapp.articles.models import ARTICLE_STATE_NAMES, CHANNEL_NAMES, PUSH_STATE_NAMES
from sorting_miniapp.articles.models_media import ORIGIN_NAMES
from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.guide.models import CLASS_NAMES
from sorting_miniapp.orgs.settings import DEFAULTS
from sorting_miniapp.places.models import PLACE_KIND_NAMES, PLACE_STATE_NAMES

OBJECTS = {
    "node": "单位",
    "staff": "账号",
    "setting": "规则",
    "article": "文章",
    "push": "推送",
    "item": "词条",
    "question": "题目",
    "question_set": "试卷",
    "quiz": "答题",
    "team": "班级或小队",
    "guide_request": "收录反馈",
    "event": "活动",
    "campaign": "主题活动",
    "shift": "场次",
    "appeal": "缺席申诉",
    "sign_up": "报名",
    "photo": "活动照片",
    "rating": "活动评价",
    "resident": "居民",
    "record": "服务记录",
    "place": "点位",
    "place_issue": "点位问题",
    "group": "志愿团体",
    "volunteer": "志愿者",
    "entry": "培训与表彰",
    "hours": "服务时长",
    "certificate": "证明",
    "job": "任务",
    "figure": "数据",
    "media": "媒体登记",
    "report": "报告",
    "figure_period": "数据期间",
    "column": "栏目",
    "account": "公众号",
    "tags": "公众号标签",
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
    "propose": "提交复核",
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
    "describe": "改团体信息",
    "bind_wechat": "绑定微信",
    "unbind_wechat": "解除微信绑定",
    "reveal": "查看完整信息",
    "import": "从表格导入",
    "issue": "出具",
    "entered": "标记已录入i志愿",
    "not_entered": "取消i志愿标记",
    "export": "导出",
    "confirm": "核定",
    "void": "作废",
    "number": "登记i志愿编号",
    "appoint": "设负责人",
    "accept": "批准加入",
    "take_up": "受理",
    "end": "办结",
    "decline": "不批准加入",
    "remove": "移出成员",
    "ask": "提出",
    "report": "补报",
    "enter": "填报",
    "accepted": "核对通过",
    "returned": "退回",
    "download": "下载",
    "retry": "重试",
    "add_shift": "添加场次",
    "change_shift": "修改场次",
    "cancel_shift": "取消场次",
    "delete_shift": "删除场次",
    "remove_sign_up": "取消报名",
    "tick": "勾选检查清单",
    "check_in": "登记签到",
    "check_out": "登记签退",
    "walk_in": "现场登记",
    "offline_list": "登记离线名单",
    "printed_code": "启用现场海报",
    "close_printed_code": "停用现场海报",
    "add_photo": "加照片",
    "remove_photo": "删除照片",
    "decide_words": "处理评语",
    "reveal_phone": "查看手机号码",
    "phone_call": "记录电话通知",
    "appoint_leader": "指定带队人",
    "dismiss_leader": "取消带队人",
    "head_count": "登记人数",
    "freeze": "设封榜时间",
    "reveal_board": "公布排行榜",
    "renew_code": "换班级码",
    "delete": "删除",
    "decide": "处理",
    "rule": "设置推送规则",
    "queue": "排进文章",
    "unqueue": "移出文章",
    "order": "调整顺序",
    "read_note": "看过提醒",
    "hand_over": "交稿",
    "resend": "补发",
    "lay_out": "铺排系列推送",
}


FIELDS = {
    "address": "地址",
    "lat_e5": "纬度（十万分之一度）",
    "lng_e5": "经度（十万分之一度）",
    "hours": "开放时间",
    "classes": "收运类别",
    "contact": "联系方式",
    "remarks": "备注",
    "state_note": "状态说明",
    "source": "信息来源",
    "checked_on": "核实日期",
    "node_id": "单位编号",
    "answer": "答复",
    "name": "名称",
    "title": "标题",
    "text": "文字",
    "kind": "类别",
    "active": "启用",
    "state": "状态",
    "version": "版本",
    "level": "级别",
    "verdict": "结论",
    "article": "文章编号",
    "channel": "渠道",
    "due_at": "时间",
    "digest": "摘要",
    "role": "角色",
    "minutes": "分钟",
    "reason": "理由",
    "capacity": "名额",
    "value": "数值",
    "outlet": "媒体",
    "url": "网址",
    "origin": "来源",
    "part": "文件",
    "day": "日期",
    "document": "来源文件",
    "period": "期间",
    "node": "单位",
    "starts_at": "开始",
    "ends_at": "结束",
    "opens_at": "开始",
    "closes_at": "结束",
    "count": "题数",
    "freezes_at": "封榜时间",
    "revealed_at": "公布时间",
    "intro": "说明",
    "waste_class": "类别",
    "subclass": "小类",
    "why": "为什么",
    "how": "怎样投放",
    "basis": "依据",
    "note": "地区差异",
    "leader": "负责人",
    "rule": "规则",
    "order": "顺序",
    "number": "编号",
    "bound": "绑定",
}
VALUES: dict[str, str] = {
    **{kind.value: name for kind, name in PLACE_KIND_NAMES.items()},
    **{state.value: name for state, name in PLACE_STATE_NAMES.items()},
    **{kind.value: name for kind, name in ROLE_NAMES.items()},
    **{kind.value: name for kind, name in ARTICLE_STATE_NAMES.items()},
    **{kind.value: name for kind, name in PUSH_STATE_NAMES.items()},
    **{kind.value: name for kind, name in CHANNEL_NAMES.items()},
    **{kind.value: name for kind, name in CLASS_NAMES.items()},
    **{key: rule.label for key, rule in DEFAULTS.items()},
    **{kind.value: name for kind, name in ORIGIN_NAMES.items()},
    **{kind.value: name for kind, name in BINDING_NAMES.items()},
    "passed": "通过",
    "returned": "退回",
    "declined": "不收录",
    "added": "已收录",
}


def action(entry: AuditEntry) -> str:
    """`event.publish` as 活动 · 发布."""
    subject, _, verb = entry.action.partition(".")
    return f"{OBJECTS.get(subject, subject)} · {VERBS.get(verb, verb)}"


def change(values: dict[str, object] | None) -> str:
    """The recorded values on one line, `-` when nothing was recorded."""
    if not values:
        return "—"
    return "；".join(f"{FIELDS.get(key) or VALUES.get(key, key)}：{_value(value)}" for key, value in values.items())


def _value(value: object) -> str:
    if value is None or value == "":
        return "空"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, str):
        return VALUES.get(value, value)
    return orjson.dumps(value).decode()
