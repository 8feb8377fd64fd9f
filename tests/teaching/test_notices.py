"""The legal texts: versions stay, a changed text needs a new one."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from sorting_miniapp.accounts import consents, notices
from sorting_miniapp.accounts.models import ConsentText
from sorting_miniapp.db import db
from sorting_miniapp.errors import Invalid
from sorting_miniapp.teaching.files import Level

HEAD = "---\nkey: zz-rules\nversion: {version}\ntitle: 量子规则\nreviewer: 测试\n---\n\n"


def write(folder: Path, version: str, text: str, name: str = "") -> None:
    (folder / "notices").mkdir(exist_ok=True)
    path = folder / "notices" / (name or f"zz-rules-{version}.md")
    path.write_text(HEAD.format(version=version) + text + "\n", encoding="utf-8")


def test_every_version_is_kept_and_the_newest_is_in_force(app: Flask, folder: Path) -> None:
    write(folder, "2026-01", "旧的规则。")
    with app.app_context():
        assert consents.load(folder)["added"] > 0
        write(folder, "2026-11", "新的规则。")
        assert consents.load(folder)["added"] == 1
        kept = select(ConsentText.version).where(ConsentText.key == "zz-rules").order_by(ConsentText.id)
        assert list(db.session.scalars(kept)) == ["2026-01", "2026-11"]
        assert "新的规则。" in [one.text for one in consents.texts()]
        assert "旧的规则。" not in [one.text for one in consents.texts()]
        write(folder, "2026-11", "悄悄改过的规则。")
        with pytest.raises(Invalid):
            consents.load(folder)


def test_each_fault_of_a_text_is_found(folder: Path) -> None:
    before = set(notices.check(folder).problems)
    write(folder, "2026-11", "可以读的规则。")
    assert {one for one in notices.check(folder).problems if one.level is not Level.DRAFT} <= before
    write(folder, "2026-11", "用了半角,的规则。")
    assert "中文里用了半角标点" in str(set(notices.check(folder).problems) - before)
    write(folder, "2026-11", "可以读的规则。", name="other.md")
    assert "文件名须是 zz-rules-2026-11.md" in str(set(notices.check(folder).problems) - before)
    write(folder, "first", "可以读的规则。")
    assert "version 须写成" in str(set(notices.check(folder).problems) - before)
