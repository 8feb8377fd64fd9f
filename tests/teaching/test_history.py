"""The history of teaching material: every change has its row, and the way back is a change of its own."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

from flask import Flask
from sqlalchemy import select

from sorting_miniapp.accounts.models import Role
from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.db import db
from sorting_miniapp.guide import service as guide
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.quiz import desk
from sorting_miniapp.quiz.models import Question
from sorting_miniapp.teaching import sync
from sorting_miniapp.teaching.models import Change, ChangeKind
from tests.console.helpers import post, sign_in
from tests.events.helpers import World, make_staff
from tests.teaching.helpers import draft, editor, item, load, quiet


def test_every_change_has_its_row_of_history_and_can_be_rolled_back(app: Flask, folder: Path) -> None:
    with app.app_context():
        load(folder)
        actor = editor()
        old = guide.row_of(item("shengfan"))
        guide.save(actor, "shengfan", draft("shengfan", how="第一次改。"))
        guide.save(actor, "shengfan", draft("shengfan", how="第二次改。", aliases="冷饭"))
        rows = sync.history("item", "shengfan")
        assert [(one.actor, one.kind) for one in rows] == [
            ("city_editor", ChangeKind.EDITED), ("city_editor", ChangeKind.EDITED), ("content", ChangeKind.LOADED),
        ]  # fmt: skip
        assert rows[0].before == rows[1].after
        guide.roll_back(actor, "shengfan", rows[-1].id)
        assert guide.row_of(item("shengfan")) == old
        assert quiet(load(folder)), "back to what the file says"
        audited = select(AuditEntry.action).where(AuditEntry.object_id == "shengfan").order_by(AuditEntry.id)
        actions = list(db.session.scalars(audited))
        assert actions == ["item.save", "item.save", "item.roll_back"]


def test_a_question_rolls_back_as_a_new_version(app: Flask, folder: Path) -> None:
    with app.app_context():
        load(folder)
        actor = editor()
        row = db.session.scalars(select(Question).where(Question.key == "biaozhun-si-lei")).one()
        old = desk.row_of(row)
        desk.save(actor, row.id, desk.draft_of(old | {"text": "改过的题目？", "difficulty": 3}))
        first = sync.history(desk.PART, row.key)[-1]
        desk.roll_back(actor, row.id, first.id)
        db.session.expire_all()
        row = db.session.get_one(Question, row.id)
        assert (desk.row_of(row), row.number) == (old, 3)


def test_the_console_shows_the_history_and_takes_the_way_back(sqlite_app: Flask, folder: Path) -> None:
    with sqlite_app.app_context():
        load(folder)
        actor = editor()
        guide.save(actor, "shengfan", draft("shengfan", how="第一次改。"))
        town = db.session.scalar(select(Node.id).where(Node.key == "xingzi"))
        assert town is not None
        make_staff("town_editor", Role.EDITOR, town)
        change_id = db.session.scalar(
            select(Change.id).where(Change.key == "shengfan", Change.kind == ChangeKind.LOADED)
        )
    world = cast(World, SimpleNamespace(app=sqlite_app))  # signing in asks for no more of it
    client = sign_in(world, "city_editor")
    url = "/console/guide/items/shengfan/history"
    page = client.get(url).text
    assert "第一次改。" in page
    assert "滗掉汤水" in page
    assert "恢复到这一版" in page
    post(sign_in(world, "town_editor"), f"{url}/{change_id}", 403)
    post(client, f"{url}/999999", 404)
    post(client, f"{url}/{change_id}")
    assert "恢复旧版" in client.get(url).text
    assert "滗掉汤水" in client.get("/console/guide/items/shengfan").text
    assert client.get("/console/questions/1/history").status_code == 200
