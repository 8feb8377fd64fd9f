"""The one table of WeChat's error codes: what a caller may do about each, and what it tells staff.

Sources: the "错误码" parts of the pages that the client's methods name, and Tencent's 全局返回码 page. A code that is
not here is a refusal that will not be different next time: an errcode always means that nothing happened.
"""

from __future__ import annotations

from typing import NamedTuple

from sorting_miniapp.wechat.errors import ALREADY_SENT, KINDS, Outcome, WeChatError


class Code(NamedTuple):
    """One errcode. `words` are Chinese, for staff."""

    outcome: Outcome
    words: str


_R, _P, _Q, _H = Outcome.RETRY, Outcome.REFUSED, Outcome.QUOTA, Outcome.PERSON

CODES: dict[int, Code] = {
    # anywhere
    -1: Code(_R, "微信系统繁忙，稍后会再试"),
    40001: Code(
        _R, "访问凭证失效或 AppSecret 不对；如一直出现，请核对 AppSecret，并确认没有别的程序在取这个账号的凭证"
    ),
    40014: Code(_R, "访问凭证不合法，稍后会再试"),
    42001: Code(_R, "访问凭证过期，稍后会再试"),
    40013: Code(_H, "AppID 不对，请核对配置"),
    40125: Code(_H, "AppSecret 不对，请核对配置"),
    40164: Code(_H, "服务器的 IP 不在白名单里，请在微信后台的“IP 白名单”中加上"),
    61004: Code(_H, "服务器的 IP 不在白名单里，请在微信后台的“IP 白名单”中加上"),
    40243: Code(_H, "AppSecret 已被冻结，请管理员在微信后台解冻"),
    41001: Code(_P, "请求缺少访问凭证"),
    41002: Code(_P, "请求缺少 AppID"),
    41004: Code(_P, "请求缺少 AppSecret"),
    43002: Code(_P, "请求方式不对"),
    44002: Code(_P, "请求内容为空"),
    45009: Code(_Q, "接口今天的调用次数已经用完，明天零点后恢复"),
    45011: Code(_R, "调用太频繁，稍后会再试"),
    47001: Code(_P, "请求的格式不对"),
    48001: Code(_H, "账号没有这个接口的权限：请确认账号类型、认证状态和接口权限"),
    48004: Code(_H, "接口被微信封禁，请登录微信后台查看通知"),
    50002: Code(_H, "账号被微信限制，请登录微信后台查看通知"),
    89503: Code(_H, "这个 IP 的调用需要管理员确认，请管理员在手机上确认"),
    89506: Code(_H, "管理员拒绝了这个 IP 的调用，24 小时内不能再试"),
    89507: Code(_H, "管理员拒绝了这个 IP 的调用，1 小时内不能再试"),
    40002: Code(_P, "凭证类型不对"),
    40097: Code(_P, "请求的参数不对"),
    # login, phone number
    41008: Code(_P, "请求缺少登录凭证"),
    40029: Code(_P, "凭证无效或已经用过"),
    40163: Code(_P, "凭证已经用过"),
    40226: Code(_P, "微信判定该用户为高风险，拒绝登录"),
    87009: Code(_P, "登录态已失效"),
    1400001: Code(_H, "获取手机号的额度已用完，请在微信后台购买，或按政务民生类目申请免费"),
    # subscribe messages
    40003: Code(_P, "没有这个用户，或用户不属于这个账号"),
    40037: Code(_P, "消息模板编号不对，或模板已删除"),
    41030: Code(_P, "页面不在已发布的小程序版本里"),
    43101: Code(_P, "用户没有订阅，或已经退订"),
    43107: Code(_H, "消息模板或订阅消息能力被封禁，请登录微信后台查看"),
    43108: Code(_R, "同一用户正有消息在发，稍后会再试"),
    45168: Code(_P, "内容含有敏感词"),
    47003: Code(_P, "消息内容不合模板字段的规则"),
    200014: Code(_P, "没有这个模板"),
    # texts and pictures
    40129: Code(_P, "内容检查的场景值不对"),
    43104: Code(_P, "用户不属于这个小程序"),
    61010: Code(_P, "用户两小时内没有打开过小程序，不能检查内容"),
    87014: Code(_P, "内容含有违规信息"),
    40005: Code(_P, "图片格式不对，只能是 JPG 或 PNG"),
    40007: Code(_P, "没有这个素材，或草稿已被用掉"),
    40009: Code(_P, "图片太大"),
    40004: Code(_P, "素材类型不对"),
    40008: Code(_P, "消息类型不对"),
    45001: Code(_P, "素材太大"),
    44001: Code(_P, "图片内容为空"),
    44003: Code(_P, "图文内容为空"),
    45003: Code(_P, "标题太长"),
    45004: Code(_P, "摘要太长"),
    45110: Code(_P, "作者太长"),
    45166: Code(_P, "正文不合规则"),
    41039: Code(_P, "原文链接不对"),
    40114: Code(_P, "文章序号不对"),
    40165: Code(_P, "页面路径不对"),
    40212: Code(_P, "页面参数不对"),
    85401: Code(_P, "链接的有效期不对"),
    53600: Code(_P, "没有这篇已发布的文章"),
    40169: Code(_P, "小程序码的参数不合规则"),
    # publishing and mass sends
    53501: Code(_R, "发布太频繁，稍后会再试"),
    53503: Code(_H, "草稿没有通过微信的检查，请到公众号后台查看"),
    53504: Code(_H, "这篇草稿需要到公众号后台发布"),
    53505: Code(_H, "请先到公众号后台手动保存这篇草稿"),
    40059: Code(_P, "没有这次群发"),
    40130: Code(_P, "接收人太少"),
    40152: Code(_P, "没有这个标签"),
    41040: Code(_H, "原创校验没有通过，请到公众号后台处理"),
    45028: Code(_Q, "群发次数已经用完"),
    45062: Code(_P, "文章带有广告，不能群发"),
    ALREADY_SENT: Code(_P, "这次群发已经提交过"),
    45066: Code(_R, "重复提交太快，一分钟后再试"),
    45067: Code(_P, "群发编号太长"),
    45113: Code(_P, "文章里的卡片已失效"),
    48008: Code(_H, "账号没有这种群发的权限"),
    48021: Code(_P, "自动保存的草稿不能群发，请先手动保存"),
    89504: Code(_H, "等待公众号管理员在手机上确认"),
    89505: Code(_H, "已请公众号管理员在手机上确认"),
    # followers
    40032: Code(_P, "用户列表不对，一次最多 100 人"),
    # administration
    48006: Code(_H, "清零次数本月已经用完"),
    76001: Code(_P, "没有这个请求编号"),
    76004: Code(_P, "这个请求编号不属于这个账号"),
    76021: Code(_P, "没有这个接口路径"),
    76022: Code(_P, "这个接口不能查询额度"),
}


def outcome_of(errcode: int) -> Outcome:
    """What an errcode other than 0 means for the caller."""
    found = CODES.get(errcode)
    return found.outcome if found else Outcome.REFUSED


def error_of(errcode: int, reason: str = "", rid: str = "", extra: dict[str, object] | None = None) -> WeChatError:
    """The exception for an errcode."""
    return KINDS[outcome_of(errcode)](errcode, reason, rid, extra)
