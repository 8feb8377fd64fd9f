"""The app's two clients, pointed at whatever a test puts in WeChat's place."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import delete

from sorting_miniapp.db import transaction
from sorting_miniapp.media.cover import default_cover
from sorting_miniapp.wechat import Gateway, gateway
from sorting_miniapp.wechat.models import WeChatToken
from tests.simulator_process import Simulator
from tests.wechat.odd_server import Answer, Asked, Script

TOKEN = "/cgi-bin/stable_token"
TEMPLATE = "sim_new_article"
VALUES = {"thing1": "厨余垃圾怎么分", "time2": "2026-05-20 09:00", "thing3": "点击阅读"}
ARTICLE = {"article_type": "news", "title": "题", "author": "局", "digest": "摘要", "content": "<p>正文</p>"}


def pointed(app: Flask, monkeypatch: pytest.MonkeyPatch, url: str) -> Gateway:
    """Both clients talk to `url` and have no token yet. Needs the app's context."""
    with transaction() as session:
        session.execute(delete(WeChatToken))
    both = gateway()
    for account in (both.mini, both.official):
        monkeypatch.setattr(account.client, "base", url)
        monkeypatch.setattr(account.client.tokens, "_cached", None)
    return both


def with_tokens(script: Script) -> Script:
    """The script, with tokens given out in front of it: t1, t2 …"""
    given: list[str] = []

    def answer(asked: Asked) -> Answer | dict[str, object] | None:
        if asked.path in (TOKEN, "/cgi-bin/token"):
            given.append(f"t{len(given) + 1}")
            return {"access_token": given[-1], "expires_in": 7200}
        return script(asked)

    return answer


@dataclass(frozen=True)
class Line:
    """Both clients and the simulator behind them, with one person who has just logged in."""

    both: Gateway
    simulator: Simulator
    person: dict[str, str]

    @property
    def openid(self) -> str:
        return self.person["openid"]

    def phone_code(self) -> str:
        return str(self.simulator.call("POST", f"/_sim/users/{self.openid}/phone-codes", {})["code"])

    def draft(self) -> str:
        official = self.both.official
        return official.add_draft({**ARTICLE, "thumb_media_id": official.upload_cover(default_cover(), "c.jpg")})
