"""The only part of the service that talks to WeChat; wechatpy is imported nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from flask import Flask, current_app

if TYPE_CHECKING:
    from sorting_miniapp.config import Settings
    from sorting_miniapp.wechat.mini_program import MiniProgram
    from sorting_miniapp.wechat.official_account import OfficialAccount


@dataclass(frozen=True)
class Gateway:
    """Both accounts, as create_app puts them together."""

    mini: MiniProgram
    official: OfficialAccount


def mini() -> MiniProgram:
    """The mini-program's client."""
    return gateway().mini


def official() -> OfficialAccount:
    """The official account's client."""
    return gateway().official


def gateway() -> Gateway:
    found: Gateway = current_app.extensions["wechat"]
    return found


def init_app(app: Flask, settings: Settings) -> None:
    """Make both clients. Nothing is asked of WeChat before the first call."""
    from sorting_miniapp.wechat.mini_program import MiniProgram
    from sorting_miniapp.wechat.official_account import OfficialAccount
    from sorting_miniapp.wechat.transport import Client

    if settings.cloudrun:
        structlog.get_logger(__name__).warning(
            "cloudrun_mode", say="X-WX-OPENID is trusted at log-in: public access to this service must be off"
        )

    def client(account: str, appid: str, secret: str) -> Client:
        return Client(
            account,
            appid,
            secret,
            base=settings.wechat_api_base,
            timeouts=settings.timeouts,
            lease_seconds=settings.lease_seconds,
        )

    app.extensions["wechat"] = Gateway(
        MiniProgram(
            client("mini", settings.mini_appid, settings.mini_secret), "formal" if settings.production else "developer"
        ),
        OfficialAccount(client("official", settings.official_appid, settings.official_secret)),
    )
