"""Settings are refused with the name of the bad variable."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from sorting_miniapp import config
from sorting_miniapp.app import create_app


def test_a_complete_environment_loads(environ: dict[str, str]) -> None:
    settings = config.load(environ)
    assert settings.simulated
    assert settings.database_url.startswith("sqlite:///")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("DATA_KEYS", ""),
        ("DATA_KEYS", "not base64!"),
        ("PORT", "eight"),
        ("APP_ENV", "staging"),
        ("WECHAT_MODE", "maybe"),
        ("LEASE_SECONDS", "2"),
        ("DATABASE_URL", "oracle://x"),
        ("WECHAT_MINI_APPID", ""),
        ("WECHAT_MINI_AES_KEY", "too-short"),
    ],
)
def test_a_bad_value_is_refused_by_name(environ: dict[str, str], name: str, value: str) -> None:
    with pytest.raises(config.ConfigError, match=name):
        config.load(environ | {name: value})


def test_production_refuses_the_simulator(environ: dict[str, str]) -> None:
    with pytest.raises(config.ConfigError, match="WECHAT_MODE"):
        config.load(environ | {"APP_ENV": "production"})


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("postgres://u@h/d", "postgresql+psycopg://u@h/d"),
        ("mysql://u@h/d", "mysql+pymysql://u@h/d"),
        ("mariadb://u@h/d", "mysql+pymysql://u@h/d"),
    ],
)
def test_a_database_url_names_its_driver(environ: dict[str, str], given: str, driver: str) -> None:
    assert config.load(environ | {"DATABASE_URL": given}).database_url == driver


def test_healthz_answers_and_errors_come_in_the_envelope(environ: dict[str, str]) -> None:
    client = create_app(config.load(environ)).test_client()
    assert client.get("/healthz").get_json() == {"status": "ok"}
    missing = client.get("/nothing")
    assert missing.status_code == 404
    assert missing.get_json() == {"code": "not_found", "message": "没有找到您要的内容", "details": {}}


def test_the_readme_names_every_setting_with_its_default() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    for field in fields(config.Settings):
        default = f"`{field.default}`" if field.default else ""
        row = f"| `{field.metadata['env']}` | {default} | {field.metadata['help']} |"
        assert row in readme, row
