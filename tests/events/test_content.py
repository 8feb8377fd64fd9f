"""The content of events: it is good, loads once and makes drafts; bad content is named."""

from __future__ import annotations

from pathlib import Path

import yaml

from sorting_miniapp.db import db
from sorting_miniapp.events import content, planning, templates
from sorting_miniapp.events.models import Event, EventTemplate, Tag
from tests.events.helpers import CONTENT, World


def test_content_is_good_loads_once_and_makes_drafts(world: World) -> None:
    assert content.check(CONTENT) == []
    with world.app.app_context():
        files = len(list((CONTENT / "events").glob("*.yaml")))
        kinds = len(yaml.safe_load((CONTENT / "event_kinds.yaml").read_text("utf-8")))
        first = content.load(CONTENT)
        assert first == {"added": 18 + files, "changed": 0, "same": kinds}, "the kinds were loaded before"
        assert content.load(CONTENT) == {"added": 0, "changed": 0, "same": kinds + first["added"]}
        event = templates.draft_from(world.organiser, world.town, "tongbian-dudao", "东门", "李主任")
        assert [tag.key for tag in planning.tags_of(event)] == ["jin-shequ", "zhiyuan-tuanti", "tongbian-dudao"]
        assert db.session.get_one(Event, event).title == "桶边督导志愿服务"
        assert db.session.query(Tag).count() == 18
        assert db.session.query(EventTemplate).count() == files >= 10


def test_bad_content_is_named(tmp_path: Path) -> None:
    (tmp_path / "tags.yaml").write_text(
        "- {key: a, name: 甲, set: x}\n- {key: a, name: 乙, set: x}\n", encoding="utf-8"
    )
    (tmp_path / "event_kinds.yaml").write_text("- {key: training}\n", encoding="utf-8")
    post = {"title": "员", "capacity": 0, "minutes": 30, "tasks": "做", "age": 3}
    row = {"key": "e", "title": "题", "kind": "party", "tags": ["zz"], "minutes": 0, "posts": [post]}
    (tmp_path / "events").mkdir()
    for name in ("one", "two"):
        (tmp_path / "events" / f"{name}.yaml").write_text(yaml.safe_dump(row, allow_unicode=True), encoding="utf-8")
    problems = "\n".join(content.check(tmp_path))
    for word in (
        "标签重复：a", "类型缺少名称", "模板重复：e", "events/one.yaml: 缺少 summary", "类型不认识：party", "时长有误",
        "标签不存在：zz", "岗位 员 有不认识的字段：age", "岗位 员 的名额或时长有误",
    ):  # fmt: skip
        assert word in problems
