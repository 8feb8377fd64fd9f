"""The only part of the service that talks to WeChat; wechatpy is imported nowhere else."""

from __future__ import annotations

from typing import Any

from flask import current_app


def mini() -> Any:
    """The mini-program's client."""
    return current_app.extensions["wechat"].mini


def official() -> Any:
    """The official account's client."""
    return current_app.extensions["wechat"].official
