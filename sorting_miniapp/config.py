"""Deployment settings: one frozen `Settings`, read once from the environment and `.env`.

Rules of the domain (quiet hours, review levels, minors' ages) are not here: they are rows edited in the console,
see `orgs/settings.py`.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from dotenv import dotenv_values

SIMULATOR = "simulator"
LIVE = "live"
CLOUDRUN = "cloudrun"


class ConfigError(Exception):
    """The environment cannot be run with; the text says which variable and why."""


def _env(name: str, default: str, help_text: str, secret: bool = False) -> Any:
    return field(default=default, metadata={"env": name, "help": help_text, "secret": secret})


@dataclass(frozen=True)
class Settings:
    """Everything a process needs to know of its deployment. Durations are in seconds."""

    environment: str = _env("APP_ENV", "production", "`production`, `development` or `test`")
    instance: str = _env("INSTANCE", "instance", "folder of the database, the queue, uploads and generated keys")
    port: str = _env("PORT", "8000", "port of the web process")
    simulator_port: str = _env("SIMULATOR_PORT", "8010", "port of the WeChat simulator")
    public_url: str = _env("PUBLIC_URL", "", "address people reach the service at, used in QR codes and messages")
    database_url: str = _env("DATABASE_URL", "", "SQLite, PostgreSQL or MySQL/MariaDB; empty: SQLite in INSTANCE", True)
    redis_url: str = _env("REDIS_URL", "", "queue and rate limits on Redis; empty: files and tables", True)
    secret_key: str = _env("SECRET_KEY", "", "signs cookies and tokens, 32 characters or more", True)
    data_keys: str = _env(
        "DATA_KEYS", "", "comma-separated base64 keys of 32 bytes; the first encrypts, all decrypt", True
    )
    wechat_mode: str = _env("WECHAT_MODE", LIVE, "`live`, `simulator` or `cloudrun` (WeChat CloudRun)")
    wechat_api_base: str = _env(
        "WECHAT_API_BASE", "https://api.weixin.qq.com", "WeChat's API, or the simulator's address"
    )
    cloudrun_env: str = _env("CBR_ENV_ID", "", "set by CloudRun; `cloudrun` does not start without it")
    mysql_address: str = _env("MYSQL_ADDRESS", "", "set by CloudRun: its MySQL, host:port, where DATABASE_URL is empty")
    mysql_username: str = _env("MYSQL_USERNAME", "", "set by CloudRun")
    mysql_password: str = _env("MYSQL_PASSWORD", "", "set by CloudRun", True)
    mysql_database: str = _env("MYSQL_DATABASE", "sorting", "database on CloudRun's MySQL")
    mini_appid: str = _env("WECHAT_MINI_APPID", "", "mini-program: appid")
    mini_secret: str = _env("WECHAT_MINI_SECRET", "", "mini-program: secret", True)
    mini_token: str = _env("WECHAT_MINI_TOKEN", "", "mini-program: callback token", True)
    mini_aes_key: str = _env("WECHAT_MINI_AES_KEY", "", "mini-program: callback EncodingAESKey", True)
    official_appid: str = _env("WECHAT_OFFICIAL_APPID", "", "official account: appid")
    official_secret: str = _env("WECHAT_OFFICIAL_SECRET", "", "official account: secret", True)
    official_token: str = _env("WECHAT_OFFICIAL_TOKEN", "", "official account: callback token", True)
    official_aes_key: str = _env("WECHAT_OFFICIAL_AES_KEY", "", "official account: callback EncodingAESKey", True)
    connect_timeout: str = _env("WECHAT_CONNECT_TIMEOUT", "3", "seconds to connect to WeChat")
    read_timeout: str = _env("WECHAT_READ_TIMEOUT", "10", "seconds to wait for WeChat's answer")
    lease: str = _env(
        "LEASE_SECONDS", "40", "seconds a claimed piece of work stays claimed; at least 3 x the read timeout"
    )
    web_workers: str = _env("WEB_WORKERS", "2", "gunicorn worker processes")
    web_threads: str = _env("WEB_THREADS", "8", "threads in each gunicorn worker")
    worker_threads: str = _env("WORKER_THREADS", "4", "threads of the worker process")
    pool_size: str = _env("DB_POOL_SIZE", "12", "database connections in each process")
    trusted_proxies: str = _env("TRUSTED_PROXIES", "0", "reverse proxies in front, for the client's address")
    simulator_callback_base: str = _env(
        "SIMULATOR_CALLBACK_BASE", "", "where the simulator posts its events; empty: the web process on loopback"
    )
    simulator_state: str = _env("SIMULATOR_STATE", "", "file the simulator keeps its state in; empty: memory only")
    demo_password: str = _env(
        "DEMO_PASSWORD", "", "password of the demo staff; empty: generated, kept in INSTANCE", True
    )
    log_level: str = _env("LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR")
    crash_at: str = _env("CRASH_AT", "", "fault tests only: the named point at which the process dies")

    @property
    def production(self) -> bool:
        return self.environment == "production"

    @property
    def simulated(self) -> bool:
        return self.wechat_mode == SIMULATOR

    @property
    def cloudrun(self) -> bool:
        return self.wechat_mode == CLOUDRUN

    @cached_property
    def instance_path(self) -> Path:
        return Path(self.instance).resolve()

    @property
    def keys(self) -> tuple[bytes, ...]:
        return tuple(_decode_key(part.strip()) for part in self.data_keys.split(",") if part.strip())

    @property
    def timeouts(self) -> tuple[float, float]:
        """(connect, read) in seconds for calls made by the worker."""
        return float(self.connect_timeout), float(self.read_timeout)

    @property
    def lease_seconds(self) -> float:
        return float(self.lease)

    @property
    def base_url(self) -> str:
        return (self.public_url or f"http://127.0.0.1:{self.port}").rstrip("/")


def _decode_key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ConfigError("DATA_KEYS: 不是有效的 base64") from error
    if len(key) != 32:
        raise ConfigError(f"DATA_KEYS: 每把密钥须为 32 字节，读到 {len(key)} 字节")
    return key


def normalise_database_url(url: str, instance: Path) -> str:
    if not url:
        return f"sqlite:///{instance / 'app.db'}"
    for prefix, driver in (
        ("postgres://", "postgresql+psycopg://"),
        ("postgresql://", "postgresql+psycopg://"),
        ("mysql://", "mysql+pymysql://"),
        ("mariadb://", "mysql+pymysql://"),
    ):
        if url.startswith(prefix):
            return driver + url[len(prefix) :]
    return url


def _cloudrun_database(settings: Settings) -> str:
    """The MySQL that CloudRun describes in its own variables; '' elsewhere."""
    if not settings.cloudrun or not settings.mysql_address:
        return ""
    user, password = quote_plus(settings.mysql_username), quote_plus(settings.mysql_password)
    return f"mysql://{user}:{password}@{settings.mysql_address}/{settings.mysql_database}"


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check the settings. Raises ConfigError naming the first bad variable."""
    source: dict[str, str] = {}
    if environ is None:
        source.update({k: v for k, v in dotenv_values(".env").items() if v is not None})
        source.update(os.environ)
    else:
        source.update(environ)
    values = {f.name: source[f.metadata["env"]] for f in fields(Settings) if source.get(f.metadata["env"])}
    settings = Settings(**values)
    instance = settings.instance_path
    values["database_url"] = normalise_database_url(settings.database_url or _cloudrun_database(settings), instance)
    settings = Settings(**values)
    _check(settings)
    return settings


_NUMBERS = (
    ("PORT", "port", 0, 65535),
    ("SIMULATOR_PORT", "simulator_port", 0, 65535),
    ("WECHAT_CONNECT_TIMEOUT", "connect_timeout", 0.05, 60),
    ("WECHAT_READ_TIMEOUT", "read_timeout", 0.05, 60),
    ("LEASE_SECONDS", "lease", 0.1, 3600),
    ("WEB_WORKERS", "web_workers", 1, 64),
    ("WEB_THREADS", "web_threads", 1, 64),
    ("WORKER_THREADS", "worker_threads", 1, 64),
    ("DB_POOL_SIZE", "pool_size", 1, 64),
    ("TRUSTED_PROXIES", "trusted_proxies", 0, 8),
)


def _check(settings: Settings) -> None:
    for env, name, low, high in _NUMBERS:
        try:
            number = float(getattr(settings, name))
        except ValueError as error:
            raise ConfigError(f"{env}: 须为数字") from error
        if not low <= number <= high:
            raise ConfigError(f"{env}: 须在 {low} 与 {high} 之间")
    if settings.environment not in ("production", "development", "test"):
        raise ConfigError("APP_ENV: 只能是 production、development 或 test")
    if settings.wechat_mode not in (SIMULATOR, LIVE, CLOUDRUN):
        raise ConfigError("WECHAT_MODE: 只能是 live、simulator 或 cloudrun")
    if settings.cloudrun and not settings.cloudrun_env:
        raise ConfigError("CBR_ENV_ID: 没有这个变量，说明不在微信云托管里运行，不能使用 WECHAT_MODE=cloudrun")
    if settings.lease_seconds < 3 * settings.timeouts[1]:
        raise ConfigError("LEASE_SECONDS: 须不小于 WECHAT_READ_TIMEOUT 的三倍，否则同一件事可能有两个进程在做")
    if not settings.database_url.startswith(("sqlite:///", "postgresql+psycopg://", "mysql+pymysql://")):
        raise ConfigError("DATABASE_URL: 只支持 sqlite、postgresql 与 mysql/mariadb")
    if len(settings.secret_key) < 32:
        raise ConfigError("SECRET_KEY: 未设置或不足 32 个字符")
    if len(set(settings.secret_key)) < 8:
        raise ConfigError("SECRET_KEY: 太简单，请用随机串")
    if not settings.keys:
        raise ConfigError("DATA_KEYS: 未设置")
    if settings.crash_at and not settings.simulated:
        raise ConfigError("CRASH_AT: 只能在模拟器模式下使用")
    _check_wechat(settings)
    if settings.production:
        _check_production(settings)


def _check_wechat(settings: Settings) -> None:
    if not settings.wechat_api_base.startswith(("http://", "https://")):
        raise ConfigError("WECHAT_API_BASE: 须为 http 或 https 地址")
    for name in ("mini_appid", "mini_secret", "official_appid", "official_secret"):
        if not getattr(settings, name):
            raise ConfigError(f"WECHAT_{name.upper()}: 未设置")
    for name in ("mini_aes_key", "official_aes_key"):
        value = getattr(settings, name)
        if value and len(value) != 43:
            raise ConfigError(f"WECHAT_{name.upper()}: 须为 43 个字符")


def _check_production(settings: Settings) -> None:
    if settings.simulated:
        raise ConfigError("WECHAT_MODE: 生产环境不能使用模拟器")
    if not settings.wechat_api_base.startswith("https://"):
        raise ConfigError("WECHAT_API_BASE: 生产环境须为 https")
    if os.environ.get("FLASK_DEBUG", "0") not in ("", "0", "false"):
        raise ConfigError("FLASK_DEBUG: 生产环境不能打开调试")
    if "development" in settings.secret_key or "change" in settings.secret_key.lower():
        raise ConfigError("SECRET_KEY: 生产环境不能使用示例值")
