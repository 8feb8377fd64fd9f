"""The simulated mini-program: codes, credits, checks, pictures (wechat.md §2.2 to §2.6)."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sorting_miniapp.wechat.simulator import values
from tests.wechat.simulator_world import SECRETS, TEMPLATE, World, errcode_of

MINUTE = 60
SEND = "/cgi-bin/message/subscribe/send"


def log_in(world: World, code: str) -> dict[str, object]:
    appid, secret = SECRETS["mini"]
    query = {"appid": appid, "secret": secret, "js_code": code, "grant_type": "authorization_code"}
    return dict(world.simulator.wechat("GET", "/sns/jscode2session", query=query))


def test_a_login_code_is_used_once_and_lives_five_minutes(world: World) -> None:
    code, late = world.simulator.code(world.openid), world.simulator.code(world.openid)
    found = log_in(world, code)
    assert found["openid"] == world.openid
    assert errcode_of(log_in(world, code)) == 40163
    world.simulator.advance(5 * MINUTE + 1)
    assert errcode_of(log_in(world, late)) == 40029
    assert errcode_of(log_in(world, "invented")) == 40029


def test_one_unionid_and_two_openids(world: World) -> None:
    ids = world.simulator.call("POST", "/_sim/users", {})
    assert len({ids["openid"], ids["official_openid"], ids["unionid"]}) == 3
    assert log_in(world, world.simulator.code(ids["openid"]))["unionid"] == ids["unionid"]
    alone = world.simulator.call("POST", "/_sim/users", {"unionid": False})
    assert "unionid" not in log_in(world, world.simulator.code(alone["openid"]))


def test_a_blocked_person_and_one_who_logs_in_too_often(world: World) -> None:
    world.simulator.call("POST", f"/_sim/users/{world.openid}", {"blocked": True})
    assert errcode_of(log_in(world, world.simulator.code(world.openid))) == 40226
    other = world.simulator.new_user()
    codes = [errcode_of(log_in(world, world.simulator.code(other))) for _ in range(101)]
    assert codes == [0] * 100 + [45011]


def test_a_new_login_replaces_the_session_key(world: World) -> None:
    query = world.filled({"openid": "<openid>", "signature": "<session_signature>"}, "mini")
    query["sig_method"] = "hmac_sha256"
    token = world.token("mini")
    assert errcode_of(world.simulator.wechat("GET", "/wxa/checksession", token=token, query=query)) == 0
    world.log_in()
    assert errcode_of(world.simulator.wechat("GET", "/wxa/checksession", token=token, query=query)) == 87009


def test_a_phone_code_is_its_own_kind_its_owners_and_used_once(world: World) -> None:
    def ask(code: str, openid: str = "") -> int:
        body = {"code": code} | ({"openid": openid} if openid else {})
        return errcode_of(world.mini("/wxa/business/getuserphonenumber", body))

    code = world.place("phone_code", "mini")
    assert ask(world.simulator.code(world.openid)) == 40029
    assert ask(code, world.openid) == 0
    assert ask(code, world.openid) == 40029
    assert ask(world.place("phone_code", "mini"), world.simulator.new_user()) == 40029
    late = world.place("phone_code", "mini")
    world.simulator.advance(5 * MINUTE + 1)
    assert ask(late) == 40029


def send(world: World, openid: str | None = None, template: str = TEMPLATE, **more: object) -> dict[str, object]:
    body = {
        "touser": openid or world.openid,
        "template_id": template,
        "data": {"thing1": {"value": "垃圾分类"}},
        "miniprogram_state": "formal",
        "lang": "zh_CN",
    }
    return dict(world.mini(SEND, body | more))


def test_one_accept_is_one_message(world: World) -> None:
    person = world.simulator.new_user()
    assert errcode_of(send(world, person)) == 43101
    world.simulator.subscribe(person, TEMPLATE, times=2)
    assert [errcode_of(send(world, person)) for _ in range(3)] == [0, 0, 43101]
    assert [m["data"] for m in world.simulator.phone(person)] == [{"thing1": "垃圾分类"}] * 2


def test_a_long_term_template_needs_one_accept_until_it_is_revoked(world: World) -> None:
    world.simulator.call("POST", "/_sim/templates", {"id": "lasting", "title": "通知", "kind": 3})
    world.simulator.subscribe(world.openid, "lasting")
    assert [errcode_of(send(world, template="lasting")) for _ in range(3)] == [0, 0, 0]
    path = f"/_sim/users/{world.openid}/subscriptions"
    world.simulator.call("POST", path, {"template": "lasting", "revoke": True})
    assert errcode_of(send(world, template="lasting")) == 43101


def test_a_refusal_gives_no_credit(world: World) -> None:
    person = world.simulator.new_user()
    world.simulator.call("POST", f"/_sim/users/{person}/subscriptions", {"template": TEMPLATE, "accept": False})
    assert errcode_of(send(world, person)) == 43101


def test_what_a_send_is_refused_for(world: World) -> None:
    world.simulator.call("POST", "/_sim/templates", {"id": "banned", "title": "x", "banned": True})
    assert errcode_of(send(world, openid="nobody")) == 40003
    assert errcode_of(send(world, template="unknown")) == 40037
    assert errcode_of(send(world, template="banned")) == 43107
    assert errcode_of(send(world, data={"thing1": {"value": "违规测试"}})) == 45168
    assert errcode_of(send(world, miniprogram_state="live")) == 47001
    assert errcode_of(send(world, lang="zh")) == 47001
    world.simulator.settings(released_pages=["pages/index/index"])
    assert errcode_of(send(world, page="pages/other/other")) == 41030
    assert errcode_of(send(world, page="pages/index/index?id=3")) == 0


def test_a_bad_value_is_named(world: World) -> None:
    answer = send(world, data={"thing1": {"value": "好"}, "time2": {"value": "二十五点"}})
    assert errcode_of(answer) == 47003
    assert "data.time2.value" in str(answer["errmsg"])


def test_a_template_with_fields_wants_exactly_those(world: World) -> None:
    fields = [["thing1", "标题"], ["time2", "时间"]]
    world.simulator.call("POST", "/_sim/templates", {"id": "two", "title": "两项", "fields": fields})
    world.simulator.subscribe(world.openid, "two")
    missing = send(world, template="two")
    assert (errcode_of(missing), "data.time2" in str(missing["errmsg"])) == (47003, True)
    data = {"thing1": {"value": "题"}, "time2": {"value": "15:01"}}
    assert errcode_of(send(world, template="two", data=data | {"thing3": {"value": "多"}})) == 47003
    assert errcode_of(send(world, template="two", data=data)) == 0


GOOD = {
    "thing1": ["任何 chars 都行！", "一" * 20],
    "number1": ["12.5", "3"],
    "letter1": ["abc"],
    "symbol1": ["#！"],
    "character_string1": ["LZ-2026/001"],
    "time1": ["15:01", "2019年10月1日 15:01", "08:30~10:00", "2019年10月1日 08:30~2019年10月1日 10:00"],
    "date1": ["2019年10月1日", "2019年10月1日 15:01", "2019-12-25 09:42"],
    "amount1": ["¥12.50", "100元", "3"],
    "phone_number1": ["0763-6612345", "+86 13900000000"],
    "car_number1": ["粤R12345", "粤R1234学"],
    "name1": ["张三", "Wang Xiaoming"],
    "phrase1": ["已通过", "审核不通过"],
    "enum1": ["进行中"],
}
BAD = {
    "thing1": ["一" * 21, "", " ", "两\n行", "\u007f"],
    "number1": ["十二", "1" * 33, "1.2.3"],
    "letter1": ["a1", "a" * 33],
    "symbol1": ["abc", "######"],
    "character_string1": ["编号1", "a" * 33],
    "time1": ["25:00", "下午三点", "15:01~", "15:60"],
    "date1": ["十月一日", "15:01"],
    "amount1": ["¥12345678901", "免费", "12.345"],
    "phone_number1": ["1" * 18, "电话"],
    "car_number1": ["粤R12345678"],
    "name1": ["一" * 11, "a" * 21, "张三san" + "a" * 6],
    "phrase1": ["一二三四五六", "ok", "已 过"],
    "nothing1": ["好"],
    "thing": ["好"],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, all_of in GOOD.items() for value in all_of])
def test_values_that_fit(key: str, value: str) -> None:
    assert values.wrong(key, value) is None


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, all_of in BAD.items() for value in all_of])
def test_values_that_do_not_fit(key: str, value: str) -> None:
    assert values.wrong(key, value) is not None


@given(st.text(max_size=40))
def test_a_thing_is_one_to_twenty_visible_characters(value: str) -> None:
    printable = all(ord(letter) >= 32 and ord(letter) != 127 for letter in value)
    assert (values.wrong("thing1", value) is None) == (printable and bool(value.strip()) and len(value) <= 20)


def check_text(world: World, content: str, **more: object) -> dict[str, object]:
    body = {"version": 2, "openid": world.openid, "scene": 2, "content": content}
    return dict(world.mini("/wxa/msg_sec_check", body | more))


def test_a_bad_text_is_answered_without_an_error(world: World) -> None:
    for content, suggest in (("好的", "pass"), ("违规测试", "risky"), ("待审测试", "review")):
        answer = check_text(world, content)
        assert answer["errcode"] == 0
        assert dict(answer["result"])["suggest"] == suggest  # type: ignore[call-overload]


def test_a_text_is_checked_only_for_somebody_seen_within_two_hours(world: World) -> None:
    assert errcode_of(check_text(world, "好", openid=world.simulator.new_user())) == 61010
    assert errcode_of(check_text(world, "好", openid=world.simulator.follower(world.openid))) == 43104
    assert errcode_of(check_text(world, "好", scene=9)) == 40129
    assert errcode_of(check_text(world, "长" * 2501)) == 45002
    world.simulator.advance(121 * MINUTE)
    assert errcode_of(check_text(world, "好")) == 61010
    world.simulator.call("POST", f"/_sim/users/{world.openid}", {"seen": True})
    assert errcode_of(check_text(world, "好")) == 0


def test_a_code_is_a_picture_of_the_width_asked_for(world: World) -> None:
    image = world.mini("/wxa/getwxacodeunlimit", {"scene": "c=AbC123", "width": 300})
    assert Image.open(io.BytesIO(image)).size == (300, 300)
    clear = world.mini("/wxa/getwxacodeunlimit", {"scene": "c=AbC123", "is_hyaline": True})
    assert Image.open(io.BytesIO(clear)).mode == "RGBA"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"scene": "a" * 33}, 40169),
        ({"scene": "编号"}, 40169),
        ({"scene": "50%"}, 40169),
        ({"scene": "a", "page": "/pages/a"}, 41030),
        ({"scene": "a", "page": "pages/a?b=1"}, 41030),
        ({"scene": "a", "page": "pages/unreleased"}, 41030),
        ({"scene": "a", "page": "pages/unreleased", "check_path": False}, 0),
        ({"scene": "a", "page": "pages/unreleased", "env_version": "trial"}, 0),
        ({"scene": "a", "width": 100}, 40097),
        ({"scene": "a", "env_version": "live"}, 40097),
    ],
)
def test_what_a_code_may_hold(world: World, body: dict[str, object], code: int) -> None:
    world.simulator.settings(released_pages=["pages/index/index"])
    assert errcode_of(world.mini("/wxa/getwxacodeunlimit", body)) == code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 0),
        ({"path": "/pages/a"}, 40165),
        ({"query": "q" * 1025}, 40212),
        ({"expire_type": 1, "expire_interval": 31}, 85401),
        ({"expire_type": 0, "expire_time": 1}, 85401),
        ({"expire_type": 1, "expire_interval": 30}, 0),
    ],
)
def test_a_link_lives_thirty_days_at_most(world: World, body: dict[str, object], code: int) -> None:
    assert errcode_of(world.mini("/wxa/generate_urllink", body)) == code


def test_quotas_of_the_day_and_the_minute(world: World) -> None:
    path = "/wxa/msg_sec_check"
    world.simulator.settings(daily_quota={path: 3}, minute_quota={path: 2})
    assert [errcode_of(check_text(world, "好")) for _ in range(3)] == [0, 0, 45011]
    world.simulator.advance(MINUTE)
    assert [errcode_of(check_text(world, "好")) for _ in range(2)] == [0, 45009]
    told = world.mini("/cgi-bin/openapi/quota/get", {"cgi_path": path})
    assert told["quota"] == {"daily_limit": 3, "used": 3, "remain": 0}
    world.simulator.advance(24 * 60 * MINUTE)
    world.simulator.call("POST", f"/_sim/users/{world.openid}", {"seen": True})
    assert errcode_of(check_text(world, "好")) == 0


def test_clearing_the_quota_is_rationed(world: World) -> None:
    path, appid = "/wxa/msg_sec_check", SECRETS["mini"][0]
    world.simulator.settings(daily_quota={path: 1})
    check_text(world, "好")
    assert errcode_of(check_text(world, "好")) == 45009
    assert errcode_of(world.mini("/cgi-bin/clear_quota", {"appid": appid})) == 0
    assert errcode_of(check_text(world, "好")) == 0
    codes = [errcode_of(world.mini("/cgi-bin/clear_quota", {"appid": appid})) for _ in range(10)]
    assert codes == [0] * 9 + [48006]


def test_a_rid_tells_of_the_refused_call_for_seven_days_and_no_secret(world: World) -> None:
    rid = str(send(world, openid="nobody")["errmsg"]).rpartition("rid: ")[2]
    told = world.mini("/cgi-bin/openapi/rid/get", {"rid": rid})["request"]
    assert SEND in told["request_url"]
    assert "40003" in told["response_body"]
    assert world.token("mini") not in str(told)
    asked = {"rid": rid}
    other = world.simulator.wechat("POST", "/cgi-bin/openapi/rid/get", asked, token=world.token("official"))
    assert errcode_of(other) == 76003
    world.simulator.advance(8 * 24 * 60 * MINUTE)
    assert errcode_of(world.mini("/cgi-bin/openapi/rid/get", asked)) == 76004
