"""The app's two clients, pointed at whatever a test puts in WeChat's place."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import delete

from sorting_miniapp.db import transaction
from sorting_miniapp.wechat import Gateway, gateway
from sorting_miniapp.wechat.models import WeChatToken
from tests.wechat.odd_server import Answer, Asked, Script

TOKEN = "/cgi-bin/stable_token"


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
