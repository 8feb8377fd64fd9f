"""Every typed method against the simulator over HTTP, and what each sends against the contract table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from sorting_miniapp.media.cover import default_cover
from sorting_miniapp.wechat import Gateway
from sorting_miniapp.wechat.codes import CODES
from sorting_miniapp.wechat.errors import NeedsPerson, Permanent, WeChatError
from sorting_miniapp.wechat.mini_program import MediaKind, Scene, Suggest
from tests.conftest import base_environ
from tests.simulator_process import Simulator, running
from tests.wechat import contract
from tests.wechat.gateway_helpers import TOKEN, pointed, with_tokens
from tests.wechat.odd_server import Asked, serving

TEMPLATE = "sim_new_article"
VALUES = {"thing1": "厨余垃圾怎么分", "time2": "2026-05-20 09:00", "thing3": "点击阅读"}
ARTICLE = {"article_type": "news", "title": "题", "author": "局", "digest": "摘要", "content": "<p>正文</p>"}


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with running(base_environ(tmp_path_factory.mktemp("simulator"))) as found:
        yield found


@dataclass(frozen=True)
class Line:
    """Both clients and the simulator behind them, with one person who has just logged in."""

    both: Gateway
    simulator: Simulator
    person: dict[str, str]

    @property
    def openid(self) -> str:
        return self.person["openid"]

    def phone_code(self) -> str:
        return str(self.simulator.call("POST", f"/_sim/users/{self.openid}/phone-codes", {})["code"])

    def draft(self) -> str:
        official = self.both.official
        return official.add_draft({**ARTICLE, "thumb_media_id": official.upload_cover(default_cover(), "c.jpg")})


@pytest.fixture
def line(sqlite_app: Flask, process: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    process.reset()
    with sqlite_app.app_context():
        both = pointed(sqlite_app, monkeypatch, process.url)
        person = process.call("POST", "/_sim/users", {})
        both.mini.code_to_session(process.code(person["openid"]))
        yield Line(both, process, person)


# the mini-program


def test_log_in(line: Line) -> None:
    mini = line.both.mini
    login = mini.code_to_session(line.simulator.code(line.openid))
    assert (login.openid, login.unionid) == (line.openid, line.person["unionid"])
    assert login.session_key
    assert login.session_key not in repr(login)
    assert mini.session_is_good(line.openid, login.session_key)
    assert not mini.session_is_good(line.openid, "another")
    with pytest.raises(Permanent) as used:
        mini.code_to_session("no such code")
    assert used.value.errcode in (40029, 40163)
    assert used.value.rid, "WeChat's number for asking about it"


def test_phone_number_is_checked_against_the_openid(line: Line) -> None:
    mini = line.both.mini
    found = mini.phone_number(line.phone_code(), line.openid)
    assert found.country == "86"
    assert len(found.number) == 11
    assert found.number not in repr(found)
    with pytest.raises(Permanent):
        mini.phone_number(line.phone_code(), line.simulator.new_user())


def test_a_subscribe_message(line: Line) -> None:
    line.simulator.subscribe(line.openid, TEMPLATE)
    msgid = line.both.mini.send_message(line.openid, TEMPLATE, VALUES, "pages/index/index", lang="zh_TW")
    assert msgid.isdigit()
    (body,) = (one["body"] for one in line.simulator.received("/cgi-bin/message/subscribe/send"))
    assert (body["miniprogram_state"], body["lang"], body["page"]) == ("developer", "zh_TW", "pages/index/index")
    with pytest.raises(Permanent) as refused:
        line.both.mini.send_message(line.openid, TEMPLATE, VALUES)
    assert refused.value.errcode == 43101


def test_a_value_that_breaks_its_rule_is_named_and_not_sent(line: Line) -> None:
    with pytest.raises(Permanent) as caught:
        line.both.mini.send_message(line.openid, TEMPLATE, VALUES | {"thing3": "长" * 21})
    assert (caught.value.errcode, caught.value.reason) == (47003, "thing3: 超过 20 个字")
    assert line.simulator.summary("/cgi-bin/message/subscribe/send")["count"] == 0


def test_templates(line: Line) -> None:
    found = {template.id: template for template in line.both.mini.templates()}
    assert found[TEMPLATE].title
    assert "{{" in found[TEMPLATE].content


@pytest.mark.parametrize(
    ("text", "suggest"), [("纸箱压扁", Suggest.PASS), ("待审测试", Suggest.REVIEW), ("违规测试", Suggest.RISKY)]
)
def test_a_text_is_judged_by_result_suggest(line: Line, text: str, suggest: Suggest) -> None:
    verdict = line.both.mini.check_text(line.openid, text, Scene.PROFILE, nickname="小明")
    assert verdict.suggest is suggest
    assert verdict.trace_id


def test_a_long_text_is_checked_in_parts_and_the_worst_decides(line: Line) -> None:
    text = "好" * 2500 + "违规测试" + "好" * 2500
    assert line.both.mini.check_text(line.openid, text, Scene.FORUM).suggest is Suggest.RISKY
    parts = [one["body"]["content"] for one in line.simulator.received("/wxa/msg_sec_check")]
    assert [len(part) for part in parts] == [2500, 2500, 4]


def test_a_picture_is_asked_about(line: Line) -> None:
    trace = line.both.mini.check_media(line.openid, "https://example.org/a.jpg", MediaKind.IMAGE, Scene.SOCIAL)
    assert trace


def test_a_code_image_and_a_link(line: Line) -> None:
    mini = line.both.mini
    assert mini.code_image("c=Ab3xK9q2Lm", "pages/index/index").startswith((b"\x89PNG", b"\xff\xd8"))
    with pytest.raises(Permanent) as caught:
        mini.code_image("太长" * 20, "pages/index/index")
    assert caught.value.errcode == 40169
    assert mini.url_link("pages/index/index", "id=3", timedelta(days=90)).startswith("https://")
    (asked,) = (one["body"] for one in line.simulator.received("/wxa/generate_urllink"))
    assert asked["expire_type"] == 0


# the official account


def test_pictures(line: Line) -> None:
    official = line.both.official
    assert official.upload_body_image(default_cover(), "a.jpg").startswith("http")
    assert official.upload_cover(default_cover(), "a.jpg")
    with pytest.raises(Permanent) as wrong:
        official.upload_body_image(b"GIF89a not allowed here", "a.gif")
    assert wrong.value.errcode == 40005
    with pytest.raises(Permanent) as big:
        official.upload_body_image(b"\xff\xd8\xff" + b"0" * 1_100_000, "a.jpg")
    assert big.value.errcode == 40009


def test_a_cover_is_uploaded_once_whatever_happens_afterwards(line: Line) -> None:
    from sorting_miniapp.media import service as media

    first = media.remote(default_cover(), "cover")
    assert media.remote(default_cover(), "cover") == first
    assert line.simulator.summary("/cgi-bin/material/add_material")["count"] == 1
    media.forget_remote(default_cover(), "cover")
    assert media.remote(default_cover(), "cover") != first


def test_drafts(line: Line) -> None:
    official = line.both.official
    media_id = line.draft()
    (article,) = official.get_draft(media_id)
    assert article["title"] == "题"
    page = official.drafts()
    assert (page.total, [row["media_id"] for row in page.rows]) == (1, [media_id])
    official.delete_draft(media_id)
    assert official.drafts().total == 0
    with pytest.raises(Permanent) as gone:
        official.get_draft(media_id)
    assert gone.value.errcode == 40007


def test_publishing(line: Line) -> None:
    official = line.both.official
    media_id = line.draft()
    publish_id = official.publish_submit(media_id)
    states = [official.publish_get(publish_id) for _ in range(3)]
    assert states[-1]["publish_status"] == 0
    article_id = str(states[-1]["article_id"])
    assert official.published().total == 1
    with pytest.raises(Permanent):
        official.publish_submit(media_id)  # a draft is used once
    official.unpublish(article_id)
    assert official.published().total == 0


def test_an_account_without_the_publish_right(line: Line) -> None:
    line.simulator.settings(freepublish_right=False)
    with pytest.raises(NeedsPerson) as caught:
        line.both.official.publish_submit(line.draft())
    assert caught.value.errcode == 48001
    assert "权限" in caught.value.explanation


def test_a_mass_send_happens_once(line: Line) -> None:
    official = line.both.official
    official_openid = line.person["official_openid"]
    line.simulator.call("POST", f"/_sim/users/{line.openid}/follow", {"follow": True})
    media_id = line.draft()
    official.mass_preview(media_id, openid=official_openid)
    with pytest.raises(Permanent):
        official.mass_preview(media_id, wechat_id="nobody_known")
    assert line.simulator.received("/cgi-bin/message/mass/preview")[-1]["body"]["towxname"] == "nobody_known"
    msg_id, _ = official.mass_send_all(media_id, "push-1")
    with pytest.raises(WeChatError) as again:
        official.mass_send_all(media_id, "push-1")
    if again.value.errcode == 45065:
        assert str(again.value.extra["msg_id"]) == msg_id
    else:
        assert again.value.errcode == 45066
    assert [official.mass_get(msg_id) for _ in range(3)][-1] == "SEND_SUCCESS"
    official.mass_delete(msg_id)
    with pytest.raises(Permanent) as long:
        official.mass_send_all(media_id, "x" * 33)
    assert long.value.errcode == 45067


def test_followers_and_their_unionid(line: Line) -> None:
    line.simulator.call("POST", f"/_sim/users/{line.openid}/follow", {"follow": True})
    official, mine = line.both.official, line.person["official_openid"]
    page = official.followers()
    assert mine in page.openids
    assert page.total == len(page.openids)
    (found,) = official.user_info([mine])
    assert (found.openid, found.follows, found.unionid) == (mine, True, line.person["unionid"])
    line.simulator.call("POST", "/_sim/tags", {"id": 101, "name": "志愿者"})
    line.simulator.call("POST", f"/_sim/users/{line.openid}", {"tags": [101]})
    assert [(tag.id, tag.name, tag.count) for tag in official.tags()][-1] == (101, "志愿者", 1)


def test_quota_and_what_became_of_a_call(line: Line) -> None:
    official = line.both.official
    quota = official.quota("/cgi-bin/message/mass/sendall")
    assert quota.limit >= quota.left >= 0
    with pytest.raises(Permanent) as caught:
        official.mass_get("1")
    told = official.explain(caught.value.rid)
    assert "invoke_time" in told
    assert set(told) <= {"invoke_time", "cost_in_ms", "client_ip"}, "bodies stay with WeChat"
    with pytest.raises(Permanent):
        official.quota("/sns/jscode2session")


# the contract table


CALLS: dict[str, Callable[[Gateway], Any]] = {
    "/sns/jscode2session": lambda both: both.mini.code_to_session("code"),
    "/wxa/checksession": lambda both: both.mini.session_is_good("o1", "key"),
    "/wxa/business/getuserphonenumber": lambda both: both.mini.phone_number("code", "o1"),
    "/cgi-bin/message/subscribe/send": lambda both: both.mini.send_message("o1", "t", VALUES, "p"),
    "/wxaapi/newtmpl/gettemplate": lambda both: both.mini.templates(),
    "/wxa/msg_sec_check": lambda both: both.mini.check_text("o1", "text", Scene.COMMENT, "name"),
    "/wxa/media_check_async": lambda both: both.mini.check_media("o1", "https://a/b", MediaKind.AUDIO, Scene.PROFILE),
    "/wxa/getwxacodeunlimit": lambda both: both.mini.code_image("a", "p"),
    "/wxa/generate_urllink": lambda both: both.mini.url_link("p", "q"),
    "/cgi-bin/media/uploadimg": lambda both: both.official.upload_body_image(b"x", "a.jpg"),
    "/cgi-bin/material/add_material": lambda both: both.official.upload_cover(b"x", "a.jpg"),
    "/cgi-bin/draft/add": lambda both: both.official.add_draft({**ARTICLE, "thumb_media_id": "t"}),
    "/cgi-bin/draft/get": lambda both: both.official.get_draft("m"),
    "/cgi-bin/draft/delete": lambda both: both.official.delete_draft("m"),
    "/cgi-bin/draft/batchget": lambda both: both.official.drafts(),
    "/cgi-bin/freepublish/submit": lambda both: both.official.publish_submit("m"),
    "/cgi-bin/freepublish/get": lambda both: both.official.publish_get("1"),
    "/cgi-bin/freepublish/batchget": lambda both: both.official.published(),
    "/cgi-bin/freepublish/delete": lambda both: both.official.unpublish("a"),
    "/cgi-bin/message/mass/sendall": lambda both: both.official.mass_send_all("m", "c", 2),
    "/cgi-bin/message/mass/preview": lambda both: both.official.mass_preview("m", openid="o1"),
    "/cgi-bin/message/mass/get": lambda both: both.official.mass_get("1"),
    "/cgi-bin/message/mass/delete": lambda both: both.official.mass_delete("1"),
    "/cgi-bin/user/get": lambda both: both.official.followers("o1"),
    "/cgi-bin/user/info/batchget": lambda both: both.official.user_info(["o1"]),
    "/cgi-bin/tags/get": lambda both: both.official.tags(),
    "/cgi-bin/openapi/quota/get": lambda both: both.official.quota("/cgi-bin/x"),
    "/cgi-bin/openapi/rid/get": lambda both: both.mini.explain("1-2-3"),
}
KINDS: dict[str, tuple[type, ...]] = {
    "text": (str,), "int": (int,), "bool": (bool,), "object": (dict,), "list": (list,), "id": (int, str),
}  # fmt: skip
EXAMPLES = {"text": "x", "int": 1, "id": 7, "object": {}}


def answer_of(call: contract.Call) -> dict[str, Any]:
    """An answer with every field that the table promises, and none that it does not."""
    made: dict[str, Any] = {"errcode": 0, "errmsg": "ok"}
    lists = {name for name, kind in call.answer.items() if kind.rstrip("?") == "list"}
    for name, kind in call.answer.items():
        if kind.endswith("?"):
            continue
        at, parts = made, name.split(".")
        for depth, part in enumerate(parts[:-1]):
            inside = at.setdefault(part, [{}] if ".".join(parts[: depth + 1]) in lists else {})
            at = inside[0] if isinstance(inside, list) else inside
        if kind == "list":
            at.setdefault(parts[-1], [] if any(one.startswith(f"{name}.") for one in call.answer) else [{}])
            if not at[parts[-1]]:
                at[parts[-1]] = [{}]
        else:
            at[parts[-1]] = EXAMPLES[kind]
    if "data.openid" in call.answer:
        made["data"]["openid"] = ["o1"]
    return made


def test_every_call_of_ours_is_in_the_table_and_has_a_method() -> None:
    assert set(CALLS) <= set(contract.BY_PATH)
    unused = {"/cgi-bin/token", "/cgi-bin/stable_token", "/cgi-bin/clear_quota", "/cgi-bin/getcallbackip"}
    unused |= {"/cgi-bin/get_api_domain_ip", "/cgi-bin/callback/check", "/cgi-bin/draft/update", "/cgi-bin/draft/count"}
    assert set(contract.BY_PATH) - set(CALLS) - unused <= {"/cgi-bin/freepublish/getarticle"}


def test_every_code_of_the_table_is_known() -> None:
    named = {code for call in contract.CALLS for code in call.codes}
    assert named - set(CODES) == set()


@pytest.mark.parametrize("path", CALLS)
def test_what_is_sent_fits_the_table_and_the_promised_answer_is_enough(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    call = contract.BY_PATH[path]
    answer = (200, b"") if call.image else answer_of(call)
    with serving(with_tokens(lambda _: answer)) as server, sqlite_app.app_context():
        both = pointed(sqlite_app, monkeypatch, server.url)
        if call.image:
            with pytest.raises(WeChatError):
                CALLS[path](both)
        else:
            CALLS[path](both)
    asked = server.at(path)[0]
    assert asked.method == call.method
    assert ("access_token" in asked.query) is call.token
    if call.where == "form":
        assert b'name="media"; filename="a.jpg"' in asked.body
        return
    check_request(call, asked)


def check_request(call: contract.Call, asked: Asked) -> None:
    """Names and types of what was sent."""
    sent = {key: value for key, value in asked.query.items() if key != "access_token"}
    if call.where == "json":
        assert not sent
        sent = asked.json
        assert b"\\u" not in asked.body, "no escapes"
        for name, value in sent.items():
            assert isinstance(value, KINDS[call.request[name].type]), name
    assert set(sent) <= set(call.request)
    for name, rule in call.request.items():
        assert name in sent or not rule.required, name


@pytest.mark.parametrize("path", CALLS)
def test_a_lost_answer_is_repeatable_where_the_table_says_so(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Uploads, drafts and deletions go beyond the table: a second one harms nobody (official_account.py)."""
    harmless = {
        "/cgi-bin/draft/add", "/cgi-bin/draft/delete", "/cgi-bin/material/add_material", "/cgi-bin/freepublish/delete",
        "/wxa/media_check_async", "/sns/jscode2session",
    }  # fmt: skip
    with serving(with_tokens(lambda _: (502, b""))) as server, sqlite_app.app_context():
        both = pointed(sqlite_app, monkeypatch, server.url)
        with pytest.raises(WeChatError) as caught:
            CALLS[path](both)
    repeatable = contract.BY_PATH[path].repeatable or path in harmless
    assert caught.value.outcome.value == ("retry" if repeatable else "unknown")
    assert len(server.at(path)) == 1, "nothing is repeated by itself"


# faults


FAULTS = {
    "reset_before": ("retry", "unknown"),
    "accepted_then_dropped": ("retry", "unknown"),
    "busy": ("retry", "retry"),
    "http_500": ("retry", "unknown"),
    "not_json": ("retry", "unknown"),
    "quota": ("quota", "quota"),
    "minute_quota": ("retry", "retry"),
    "bad_token": ("retry", "retry"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_every_fault_of_the_simulator(line: Line, kind: str) -> None:
    """What a read and a subscribe message become under each; then all is well again."""
    send = "/cgi-bin/message/subscribe/send"
    line.simulator.subscribe(line.openid, TEMPLATE, times=3)
    read, sent = FAULTS[kind]
    for path in ("/wxaapi/newtmpl/gettemplate", send):
        line.simulator.fault(path, kind, times=2 if kind == "bad_token" else 1)
    with pytest.raises(WeChatError) as one:
        line.both.mini.templates()
    assert one.value.outcome.value == read
    if kind == "bad_token":
        return  # the breaker is open now: tests/wechat/test_tokens.py
    with pytest.raises(WeChatError) as other:
        line.both.mini.send_message(line.openid, TEMPLATE, VALUES)
    assert other.value.outcome.value == sent
    line.both.mini.templates()
    line.both.mini.send_message(line.openid, TEMPLATE, VALUES)
    arrived = len(line.simulator.phone(line.openid))
    assert arrived == (2 if kind in ("accepted_then_dropped", "not_json") else 1)


def test_errcode_as_text_and_latency(line: Line) -> None:
    line.simulator.fault("/wxaapi/newtmpl/gettemplate", "errcode_string", times=1)
    assert line.both.mini.templates()
    line.simulator.fault("/wxaapi/newtmpl/gettemplate", "latency", times=1, value=0.2)
    assert line.both.mini.templates()
    assert line.simulator.summary(TOKEN)["count"] == 1


def test_the_simulator_imports_nothing_of_the_gateway() -> None:
    folder = Path(__file__).parents[2] / "sorting_miniapp" / "wechat"
    for file in (folder / "simulator").glob("*.py"):
        for found in file.read_text("utf-8").splitlines():
            if "sorting_miniapp.wechat" in found and found.lstrip().startswith(("import", "from")):
                assert "sorting_miniapp.wechat.simulator" in found, (file.name, found)
    for file in folder.glob("*.py"):
        assert "simulator." not in file.read_text("utf-8"), file.name
