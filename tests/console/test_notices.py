"""通知模板: an administrator ties each notice to a template of the mini-program, as the simulator lists them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from sorting_miniapp import clock
from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries import account_templates, content, subscriptions, texts
from sorting_miniapp.deliveries.models import NoticeTemplate, Subscription, TemplateKind
from tests.conftest import base_environ
from tests.console.helpers import post, sign_in
from tests.events.helpers import CONTENT, World, make_person
from tests.simulator_process import Simulator, running
from tests.wechat.gateway_helpers import pointed

FIELDS = [["thing6", "活动名称"], ["date3", "开始时间"], ["thing9", "活动地点"], ["thing11", "备注"]]
TEXTS = {"title": "清洁日", "time": "2026年11月25日 09:00", "place": "中山公园", "remark": "请带手套"}


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with running(base_environ(tmp_path_factory.mktemp("simulator"))) as found:
        yield found


@pytest.fixture
def admin(sqlite_world: World, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """Texts without ids, as `content load` leaves them in production, and a mini-program with three templates."""
    simulator.reset()
    with sqlite_world.app.app_context():
        pointed(sqlite_world.app, monkeypatch, simulator.url)
    for key, fields, kind in (
        ("tmpl-reminder", FIELDS, 2),
        ("tmpl-lasting", FIELDS, 3),
        ("tmpl-more", [*FIELDS, ["thing12", "主办方"]], 2),
    ):
        simulator.call("POST", "/_sim/templates", {"id": key, "title": "活动开始提醒", "fields": fields, "kind": kind})
    return sign_in(sqlite_world, "admin")


def read_templates(world: World) -> None:
    """The worker's part, after somebody asked."""
    with world.app.app_context():
        account_templates.refresh()


def keys(*chosen: str) -> dict[str, str]:
    return {f"field-{place}": key for place, key in enumerate(chosen, start=1)}


def notice(world: World) -> NoticeTemplate:
    with world.app.app_context():
        found: NoticeTemplate = db.session.get_one(NoticeTemplate, "event_reminder")
        db.session.expunge(found)
        return found


def test_a_notice_is_tied_to_a_template_and_sent_under_its_keys(sqlite_world: World, admin: FlaskClient) -> None:
    assert "种通知发不出去" in admin.get("/console/").text
    assert "活动开始提醒" in admin.get("/console/notices").text
    post(admin, "/console/notices/refresh")
    with sqlite_world.app.app_context():
        assert account_templates.reading.waiting()
    read_templates(sqlite_world)
    page = admin.get("/console/notices/event_reminder?template_id=tmpl-reminder").text
    for key in ("thing6", "date3", "thing9", "thing11"):  # suggested: by key word, then by what takes such a text
        assert f'<option value="{key}" selected>' in page, key
    post(
        admin,
        "/console/notices/event_reminder",
        template_id="tmpl-reminder",
        **keys("thing6", "date3", "thing9", "thing11"),
    )
    with sqlite_world.app.app_context():
        text = texts.load_all()["event_reminder"]
        filled, wrong = text.fill(TEXTS)
        assert (text.template_id, wrong) == ("tmpl-reminder", "")
        assert filled == {"thing6": "清洁日", "date3": TEXTS["time"], "thing9": "中山公园", "thing11": "请带手套"}
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "notice.choose")).one()
        assert (entry.actor, entry.after["template_id"]) == ("admin", "tmpl-reminder")
        content.load(CONTENT)  # texts of a new version leave the office's choice alone
    assert [field["key"] for field in notice(sqlite_world).fields] == ["thing6", "date3", "thing9", "thing11"]
    assert "可以发送" in admin.get("/console/notices").text


@pytest.mark.parametrize(
    ("template", "chosen", "words"),
    [
        ("", ("thing6", "date3", "thing9", "thing11"), "请填写微信后台里的模板编号"),
        ("tmpl-unknown", ("thing6", "date3", "thing9", "thing11"), "小程序里没有这个模板"),
        ("tmpl-reminder", ("thing6", "", "thing9", "thing11"), "请给“开始时间”选择"),
        ("tmpl-reminder", ("thing6", "thing9", "date3", "thing11"), "不能填进"),
        ("tmpl-reminder", ("thing6", "date3", "thing6", "thing11"), "只能对应一项"),
        ("tmpl-reminder", ("thing6", "date3", "thing9", "thing77"), "没有字段 thing77"),
        ("tmpl-more", ("thing6", "date3", "thing9", "thing11"), "多出关键词“主办方”"),
    ],
)
def test_what_wechat_would_refuse_is_refused_here(
    sqlite_world: World, admin: FlaskClient, template: str, chosen: tuple[str, ...], words: str
) -> None:
    read_templates(sqlite_world)
    assert words in post(admin, "/console/notices/event_reminder", 422, template_id=template, **keys(*chosen))
    assert notice(sqlite_world).template_id == ""


def test_another_template_takes_what_residents_accepted_with_it(sqlite_world: World, admin: FlaskClient) -> None:
    read_templates(sqlite_world)
    chosen: dict[str, Any] = keys("thing6", "date3", "thing9", "thing11")
    post(admin, "/console/notices/event_reminder", template_id="tmpl-reminder", **chosen)
    resident = make_person(sqlite_world.app, "o-reminded")
    with sqlite_world.app.app_context():
        subscriptions.answer(resident.id, {"tmpl-reminder": "accept"})
        assert subscriptions.audience_count("event_reminder") == 1
    answer = post(
        admin, "/console/notices/event_offer", 422, template_id="tmpl-reminder", **chosen, **{"field-5": "thing9"}
    )
    assert "已用于“活动开始提醒”" in answer
    post(admin, "/console/notices/event_reminder", template_id="tmpl-lasting", **chosen)
    assert notice(sqlite_world).kind is TemplateKind.LONG_TERM
    with sqlite_world.app.app_context():
        assert subscriptions.audience_count("event_reminder") == 0
        with transaction() as session:
            session.execute(update(Subscription).values(long_term=True, changed_at=clock.now()))
    post(admin, "/console/notices/event_reminder/stop")
    assert notice(sqlite_world).template_id == ""
    with sqlite_world.app.app_context():
        assert subscriptions.audience_count("event_reminder") == 0


def test_a_refusal_of_wechat_is_told_and_ids_can_be_typed(
    sqlite_world: World, admin: FlaskClient, simulator: Simulator
) -> None:
    simulator.fault("/wxaapi/newtmpl/gettemplate", "errcode", times=9, value=48001)
    read_templates(sqlite_world)
    assert "账号没有这个接口的权限" in admin.get("/console/notices").text
    page = admin.get("/console/notices/event_reminder?template_id=tmpl-typed").text
    assert 'name="field-1"' in page
    assert "照微信后台填写" in page
    post(
        admin,
        "/console/notices/event_reminder",
        template_id="tmpl-typed",
        **keys("thing1", "time2", "thing3", "thing4"),
    )
    assert "未核对" in admin.get("/console/notices").text


def test_only_the_citys_administrator_opens_the_pages(sqlite_world: World) -> None:
    assert sign_in(sqlite_world, "organiser").get("/console/notices").status_code == 403
    assert sign_in(sqlite_world, "town_admin").get("/console/notices").status_code == 404
