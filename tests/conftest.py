"""Fixtures for the whole suite."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A complete environment for a test process."""
    return {
        "APP_ENV": "test",
        "INSTANCE": str(tmp_path),
        "SECRET_KEY": "0123456789abcdef0123456789abcdef",
        "DATA_KEYS": base64.b64encode(b"k" * 32).decode(),
        "WECHAT_MODE": "simulator",
        "WECHAT_MINI_APPID": "wxmini",
        "WECHAT_MINI_SECRET": "mini-secret",
        "WECHAT_OFFICIAL_APPID": "wxofficial",
        "WECHAT_OFFICIAL_SECRET": "official-secret",
    }
