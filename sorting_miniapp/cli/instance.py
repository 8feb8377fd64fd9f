"""An instance folder for `make run`: its keys and its demo password, made once, readable by the owner only."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

GENERATED = "generated.env"


def _fresh() -> dict[str, str]:
    def letters() -> str:
        return base64.b64encode(secrets.token_bytes(48)).decode().replace("+", "a").replace("/", "b")[:43]

    return {
        "SECRET_KEY": secrets.token_urlsafe(40),
        "DATA_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
        "WECHAT_MINI_APPID": f"wx{secrets.token_hex(8)}",
        "WECHAT_MINI_SECRET": secrets.token_hex(16),
        "WECHAT_MINI_TOKEN": secrets.token_hex(8),
        "WECHAT_MINI_AES_KEY": letters(),
        "WECHAT_OFFICIAL_APPID": f"wx{secrets.token_hex(8)}",
        "WECHAT_OFFICIAL_SECRET": secrets.token_hex(16),
        "WECHAT_OFFICIAL_TOKEN": secrets.token_hex(8),
        "WECHAT_OFFICIAL_AES_KEY": letters(),
        "DEMO_PASSWORD": secrets.token_urlsafe(9),
    }


def environment(instance: Path, outside: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of a local run: what is set outside wins, the rest is generated once and kept in `instance`."""
    instance.mkdir(parents=True, exist_ok=True)
    kept = instance / GENERATED
    if not kept.exists():
        text = "".join(f"{key}={value}\n" for key, value in _fresh().items())
        with os.fdopen(os.open(kept, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as stream:
            stream.write(text)
    generated = {key: value for key, value in dotenv_values(kept).items() if value}
    defaults = {
        "APP_ENV": "development",
        "INSTANCE": str(instance),
        "PORT": "8000",
        "SIMULATOR_PORT": "8010",
        "WECHAT_MODE": "simulator",
    }
    given = {key: value for key, value in outside.items() if value}
    found = {**defaults, **generated, **given, "INSTANCE": str(instance)}
    found.setdefault("WECHAT_API_BASE", f"http://127.0.0.1:{found['SIMULATOR_PORT']}")
    found.setdefault("PROMETHEUS_MULTIPROC_DIR", str(instance / "metrics"))
    return found
