"""`flask wechat check`: what works with the configured accounts and what does not, in one screen, for an administrator.

It only asks: nothing is sent to anybody, no draft or material is made, no quota is cleared, no token is forced.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import requests
from flask import current_app
from sqlalchemy import func, select

from sorting_miniapp import clock
from sorting_miniapp.callbacks import channel
from sorting_miniapp.config import Settings
from sorting_miniapp.db import db
from sorting_miniapp.deliveries import account_templates
from sorting_miniapp.deliveries.models import NoticeTemplate
from sorting_miniapp.wechat import callback, gateway
from sorting_miniapp.wechat.account import Account
from sorting_miniapp.wechat.errors import WeChatError
from sorting_miniapp.wechat.mini_program import Scene
from sorting_miniapp.wechat.models import WeChatEvent

NOT_LISTED = (40164, 61004)
NAMES = {"mini": "小程序", "official": "公众号"}
NOBODY = "o" + "0" * 27  # an openid that belongs to nobody: enough to see whether an interface answers us
NOBODY_CODES = frozenset({40029, 40003, 61010, 43104})
SECONDS = 5
QUOTAS = {
    "mini": (("订阅消息", "/cgi-bin/message/subscribe/send"), ("文本检查", "/wxa/msg_sec_check")),
    "official": (
        ("群发", "/cgi-bin/message/mass/sendall"),
        ("草稿", "/cgi-bin/draft/add"),
        ("永久素材", "/cgi-bin/material/add_material"),
    ),
}


class Level(StrEnum):
    GOOD = "正常"
    NOTE = "提醒"
    BAD = "有问题"


@dataclass(frozen=True)
class Finding:
    """One line of the screen."""

    level: Level
    topic: str
    words: str


def report() -> tuple[list[str], bool]:
    """(the lines of the screen, whether nothing is wrong)."""
    settings: Settings = current_app.extensions["settings"]
    lines = [f"微信接入检查　模式 {settings.wechat_mode}　{clock.local(clock.wall_now()):%Y-%m-%d %H:%M}"]
    good = True
    for name, account in (("mini", gateway().mini), ("official", gateway().official)):
        found = list(_account(name, account))
        good = good and all(one.level is not Level.BAD for one in found)
        lines += ["", f"{NAMES[name]}　{account.client.appid}"]
        lines += [f"  [{one.level.value}] {one.topic}：{one.words}" for one in found]
    lines += ["", "全部可用" if good else "有问题的项目请按提示处理，然后再检查一次"]
    return lines, good


def _account(name: str, account: Account) -> Iterator[Finding]:
    token = _token(account)
    yield from token
    yield _callback(name)
    yield _last_event(name)
    if token[0].level is Level.BAD:
        yield Finding(Level.NOTE, "其他项目", "取得访问凭证后才能检查")
        return
    account.client.tokens.try_again()
    yield from (_mini if name == "mini" else _official)()
    yield from (_quota(account, topic, path) for topic, path in QUOTAS[name])


def _said(error: WeChatError) -> str:
    reference = " ".join(part for part in (str(error.errcode or ""), error.rid) if part)
    return f"{error.explanation}{f'（{reference}）' if reference else ''}"


def _token(account: Account) -> tuple[Finding, Finding]:
    topic, listed = "访问凭证", "IP 白名单"
    try:
        seconds = account.client.token_life()
    except WeChatError as error:
        if error.errcode in NOT_LISTED:
            address = re.search(r"\d{1,3}(?:\.\d{1,3}){3}", error.reason)
            words = f"请在微信后台加上本机的出口地址 {address.group() if address else ''}".strip()
            return Finding(Level.BAD, topic, _said(error)), Finding(Level.BAD, listed, words)
        if not error.errcode:
            words = "连不上微信的服务器，请检查本机的网络、DNS 和代理"
            return Finding(Level.BAD, topic, words), Finding(Level.NOTE, listed, "还不能判断")
        return Finding(Level.BAD, topic, _said(error)), Finding(Level.NOTE, listed, "还不能判断")
    minutes = f"可以取得，还有 {seconds // 60} 分钟有效"
    return Finding(Level.GOOD, topic, minutes), Finding(Level.GOOD, listed, "微信接受本机的地址")


def _callback(name: str) -> Finding:
    """Our own address, asked the way WeChat asks it."""
    topic, own = "消息推送", channel(name)
    settings: Settings = current_app.extensions["settings"]
    if not own.token or not own.aes_key:
        return Finding(Level.BAD, topic, f"没有配置 WECHAT_{name.upper()}_TOKEN 和 WECHAT_{name.upper()}_AES_KEY")
    if not settings.public_url and not settings.simulated:
        return Finding(Level.BAD, topic, "没有设置 PUBLIC_URL，微信找不到本服务")
    url = f"{settings.base_url}/wechat/callback/{name}"
    moment, nonce, echo = str(int(clock.wall_now().timestamp())), secrets.token_hex(4), secrets.token_hex(8)
    query = {"timestamp": moment, "nonce": nonce, "echostr": echo}
    query["signature"] = callback.signature(own.token, moment, nonce)
    try:
        answer = requests.get(url, params=query, timeout=SECONDS, allow_redirects=False)
    except requests.RequestException:
        return Finding(Level.BAD, topic, f"打不开 {url}，请检查 PUBLIC_URL 和网站服务")
    if answer.status_code != 200 or answer.text != echo:
        return Finding(Level.BAD, topic, f"{url} 没有正确回答（HTTP {answer.status_code}）")
    return Finding(Level.GOOD, topic, f"请在微信后台填写 {url}，加密方式选“安全模式”")


def _last_event(name: str) -> Finding:
    last = db.session().scalar(select(func.max(WeChatEvent.received_at)).where(WeChatEvent.account == name))
    db.session().commit()
    if last is None:
        return Finding(Level.NOTE, "收到的推送", "还没有收到过，刚配置时属正常")
    return Finding(Level.GOOD, "收到的推送", f"最近一次 {clock.local(last):%Y-%m-%d %H:%M}")


def _mini() -> Iterator[Finding]:
    mini = gateway().mini
    yield from _templates()
    yield _right("手机号", lambda: mini.phone_number("0", NOBODY))
    yield _right("文本检查", lambda: mini.check_text(NOBODY, "检查", Scene.COMMENT))


def _official() -> Iterator[Finding]:
    official = gateway().official
    try:
        official.published(0, 1)
        yield Finding(Level.GOOD, "发布权限", "有，文章可以由系统发布")
    except WeChatError as error:
        if error.errcode == 48001:
            words = "没有（个人、未认证账号自 2025 年 7 月起没有）：文章只做成草稿，请到公众号后台手动发布"
            yield Finding(Level.NOTE, "发布权限", words)
        else:
            yield Finding(Level.BAD, "发布权限", _said(error))
    try:
        yield Finding(Level.GOOD, "关注者", f"{official.followers().total} 人")
    except WeChatError as error:
        yield Finding(Level.NOTE, "关注者", _said(error))


def _right(topic: str, call: Callable[[], object]) -> Finding:
    """Whether an interface is open to us, asked about nobody."""
    try:
        call()
    except WeChatError as error:
        if error.errcode not in NOBODY_CODES:
            return Finding(Level.BAD, topic, _said(error))
    return Finding(Level.GOOD, topic, "接口可用")


def _templates() -> Iterator[Finding]:
    try:
        known = {one.id: account_templates.as_row(one) for one in gateway().mini.templates()}
    except WeChatError as error:
        yield Finding(Level.BAD, "消息模板", _said(error))
        return
    notices = list(db.session().scalars(select(NoticeTemplate).order_by(NoticeTemplate.key)))
    db.session().commit()
    if not notices:
        yield Finding(Level.BAD, "消息模板", "还没有载入通知文案，请运行 flask content load")
        return
    empty = [notice.title for notice in notices if not notice.template_id]
    wrong = [
        f"“{notice.title}”：{words}"
        for notice in notices
        if notice.template_id and (words := account_templates.mismatch(notice, known.get(notice.template_id)))
    ]
    for words in wrong:
        yield Finding(Level.BAD, "消息模板", words)
    if empty:
        yield Finding(Level.NOTE, "消息模板", f"没有选用模板，发不出去，请在控制台的“通知模板”里选：{'、'.join(empty)}")
    if not wrong and not empty:
        yield Finding(Level.GOOD, "消息模板", f"{len(notices)} 个通知的模板都在")


def _quota(account: Account, topic: str, path: str) -> Finding:
    try:
        found = account.quota(path)
    except WeChatError as error:
        return Finding(Level.NOTE, f"{topic}额度", _said(error))
    if not found.limit:
        return Finding(Level.GOOD, f"{topic}额度", f"今天用了 {found.used} 次，没有每日上限")
    level = Level.GOOD if found.left else Level.BAD
    return Finding(level, f"{topic}额度", f"今天还剩 {found.left} 次，共 {found.limit} 次")
