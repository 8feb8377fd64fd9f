"""Events as the callback gets them, read by wechatpy's cryptography and not by the simulator's own (wechat.md §2.7)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from wechatpy.exceptions import InvalidSignatureException

from sorting_miniapp.wechat.simulator import wire
from tests.wechat.callback_listener import Listener, listening
from tests.wechat.simulator_world import TEMPLATE, World

SENT, POPUP, CHANGE = "subscribe_msg_sent_event", "subscribe_msg_popup_event", "subscribe_msg_change_event"
SUBMIT = "/cgi-bin/freepublish/submit"


@pytest.fixture
def callback(world: World) -> Iterator[Listener]:
    state_of(world, POPUP)  # the person's own first answer has gone nowhere by now
    with listening() as found:
        world.simulator.settings(callback_base=found.url, event_retry_wait=0.05, event_timeout=0.5)
        yield found
        world.simulator.reset()


def accept(world: World, *templates: str, yes: bool = True) -> None:
    path = f"/_sim/users/{world.openid}/subscriptions"
    world.simulator.call("POST", path, {"templates": list(templates), "accept": yes})


def state_of(world: World, name: str) -> dict[str, Any]:
    """The newest event of this name, when it is settled."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        found = world.simulator.events(name)[-1]
        if found["state"] not in ("waiting", "late"):
            return found
        time.sleep(0.02)
    raise AssertionError(found)


def test_the_official_vectors() -> None:
    assert wire.signature("AAAAA", "1714036504", "1514711492") == "f464b24fc39322e44b38aa78f5edd27bd1441696"
    assert wire.signature("AAAAA", "1714037059", "486452656") == "899cf89e464efb63f54ddac96b0a0a235f53aa78"
    sealed = (
        "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsX"
        "UnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsj"
        "LY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
    )
    expected = "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"
    assert wire.signature("AAAAA", "1714112445", "415670741", sealed) == expected


def test_a_message_is_followed_by_its_event(world: World, callback: Listener) -> None:
    body = world.filled(
        {"touser": "<openid>", "template_id": TEMPLATE, "data": {"thing1": {"value": "题"}},
         "miniprogram_state": "formal", "lang": "zh_CN"}, "mini",
    )  # fmt: skip
    msgid = world.mini("/cgi-bin/message/subscribe/send", body)["msgid"]
    event = callback.wait(1, SENT)[0].event()
    assert (event["FromUserName"], event["MsgType"]) == (world.openid, "event")
    row = {"TemplateId": TEMPLATE, "MsgID": str(msgid), "ErrorCode": "0", "ErrorStatus": "success"}
    assert event["List"] == row
    assert abs(event["CreateTime"] - time.time()) < 60


@pytest.mark.parametrize(("shape", "kind"), [("auto", list), ("object", dict), ("array", list)])
def test_list_is_an_object_or_an_array(world: World, callback: Listener, shape: str, kind: type) -> None:
    world.simulator.settings(list_shape=shape)
    accept(world, TEMPLATE)
    assert isinstance(callback.wait(1, POPUP)[0].event()["List"], kind)
    accept(world, "one", "two", yes=False)
    rows = callback.wait(2, POPUP)[1].event()["List"]
    assert [(row["TemplateId"], row["SubscribeStatusString"]) for row in rows] == [("one", "reject"), ("two", "reject")]


def test_the_mini_program_may_have_xml(world: World, callback: Listener) -> None:
    world.simulator.settings(mini_format="xml")
    accept(world, TEMPLATE)
    event = callback.wait(1)[0].event()
    assert event["SubscribeMsgPopupEvent"]["List"]["SubscribeStatusString"] == "accept"


def test_messages_switched_off_in_the_settings(world: World, callback: Listener) -> None:
    path = f"/_sim/users/{world.openid}/subscriptions"
    world.simulator.call("POST", path, {"template": TEMPLATE, "revoke": True})
    assert callback.wait(1, CHANGE)[0].event()["List"]["SubscribeStatusString"] == "reject"


def test_follow_and_unfollow_once_each(world: World, callback: Listener) -> None:
    for told, follows in ((1, False), (1, False), (2, True)):  # several couriers: what comes at once keeps no order
        world.simulator.call("POST", f"/_sim/users/{world.openid}/follow", {"follow": follows})
        got = callback.wait(told)
    assert [one.event()["Event"] for one in got] == ["unsubscribe", "subscribe"]
    assert {one.account for one in got} == {"official"}
    assert got[0].event()["FromUserName"] == world.simulator.follower(world.openid)


def test_a_follower_writes_to_the_account(world: World, callback: Listener) -> None:
    path = f"/_sim/users/{world.openid}/texts"
    world.simulator.call("POST", path, {"content": "dx2a-h3t5"})
    said = callback.wait(1)[0].event()
    assert (said["MsgType"], said["Content"], said.get("Event")) == ("text", "dx2a-h3t5", None)
    assert int(said["MsgId"]) < 2**63
    assert said["FromUserName"] == world.simulator.follower(world.openid)


def test_publishing_ends_with_an_event_also_when_nobody_asks(world: World, callback: Listener) -> None:
    world.simulator.settings(job_seconds=0.05)
    publish_id = world.done(SUBMIT, {"media_id": world.draft()})["publish_id"]
    got = callback.wait(1, "PUBLISHJOBFINISH")[0]
    info = got.event()["PublishEventInfo"]
    assert (info["publish_id"], info["publish_status"], got.json) == (publish_id, "0", False)
    assert info["article_detail"]["item"]["article_url"].startswith("https://mp.weixin.qq.com/s/")


def test_a_mass_send_ends_with_its_counts(world: World, callback: Listener) -> None:
    world.simulator.settings(job_seconds=0.05)
    gone = world.simulator.new_user()
    world.simulator.call("POST", f"/_sim/users/{gone}/follow", {"follow": False})
    body = {"filter": {"is_to_all": True}, "msgtype": "mpnews", "mpnews": {"media_id": world.draft()}}
    msg_id = world.done("/cgi-bin/message/mass/sendall", body)["msg_id"]
    event = callback.wait(1, "MASSSENDJOBFINISH")[0].event()
    assert (event["MsgID"], event["Status"]) == (str(msg_id), "send success")
    counts = [event[name] for name in ("TotalCount", "FilterCount", "SentCount", "ErrorCount")]
    assert counts == ["1", "1", "1", "0"]


def check_media(world: World, url: str) -> str:
    body = {"media_url": url, "media_type": 2, "version": 2, "openid": world.openid, "scene": 1}
    return str(world.mini("/wxa/media_check_async", body)["trace_id"])


def test_the_result_of_a_picture_comes_later(world: World, callback: Listener) -> None:
    world.simulator.settings(media_check_seconds=0.05)
    traces = [check_media(world, f"https://example.org/{word}.jpg") for word in ("a", "risky")]
    found = {one.event()["trace_id"]: one.event()["result"]["suggest"] for one in callback.wait(2, "wxa_media_check")}
    assert found == dict(zip(traces, ("pass", "risky"), strict=True))
    world.simulator.fault("event:wxa_media_check", "event_old_shape", times=1)
    check_media(world, "https://example.org/risky.jpg")
    assert callback.wait(3, "wxa_media_check")[2].event()["isrisky"] == 1


def test_without_success_it_is_tried_three_times_more(world: World, callback: Listener) -> None:
    callback.replies = ["busy", "fail"]
    accept(world, TEMPLATE)
    got = callback.wait(3)
    assert state_of(world, POPUP)["state"] == "delivered"
    assert len({one.event()["CreateTime"] for one in got}) == 1
    callback.replies = ["no"] * 9
    accept(world, TEMPLATE)
    assert (state_of(world, POPUP)["state"], len(callback.got)) == ("failed", 7)


def test_an_answer_that_takes_too_long_is_no_answer(world: World, callback: Listener) -> None:
    world.simulator.settings(event_timeout=0.1)
    callback.slow = 0.4
    accept(world, TEMPLATE)
    found = state_of(world, POPUP)
    assert (found["state"], found["attempts"]) == ("failed", 4)


def test_an_address_that_does_not_prove_itself_gets_nothing(world: World, callback: Listener) -> None:
    callback.echo = False
    checked = world.simulator.call("POST", "/_sim/callback/mini", {})
    assert checked == {"ok": False, "address": f"{callback.url}/wechat/callback/mini"}
    accept(world, TEMPLATE)
    assert state_of(world, POPUP)["state"] == "no callback"
    assert callback.got == []
    callback.echo = True
    assert world.simulator.call("POST", "/_sim/callback/mini", {})["ok"]
    accept(world, TEMPLATE)
    callback.wait(1, POPUP)


def test_lost_doubled_and_late(world: World, callback: Listener) -> None:
    world.simulator.fault(f"event:{POPUP}", "event_lost", times=1)
    accept(world, "lost")
    assert state_of(world, POPUP)["state"] == "lost"
    world.simulator.fault("event:*", "event_doubled", times=1)
    accept(world, "twice")
    first, second = callback.wait(2)
    assert first.event() == second.event()
    world.simulator.fault(f"event:{POPUP}", "event_late", value=0.3)
    accept(world, "late")
    assert world.simulator.events(POPUP)[-1]["state"] in ("waiting", "late")
    assert callback.wait(3)[2].event()["List"][0]["TemplateId"] == "late"


def test_the_other_spelling_and_numbers_as_text(world: World, callback: Listener) -> None:
    world.simulator.settings(job_seconds=0.05)
    world.simulator.fault("event:PUBLISHJOBFINISH", "event_other_spelling")
    world.done(SUBMIT, {"media_id": world.draft()})
    callback.wait(1, "FREEPUBLISHJOBFINISH")
    world.simulator.fault(f"event:{POPUP}", "event_drift")
    accept(world, TEMPLATE)
    event = callback.wait(1, POPUP)[0].event()
    assert isinstance(event["CreateTime"], str)
    assert isinstance(event["List"], dict)


def test_what_a_careful_callback_refuses(world: World, callback: Listener) -> None:
    """A wrong signature, an old one, a body without Encrypt though the account has a key."""
    for kind in ("event_bad_signature", "event_stale", "event_unencrypted"):
        world.simulator.fault(f"event:{POPUP}", kind, times=1)
        accept(world, TEMPLATE)
        state_of(world, POPUP)
    forged, stale, plain = callback.got
    with pytest.raises(InvalidSignatureException):
        forged.event()
    assert int(stale.query["timestamp"]) < time.time() - 3000
    assert "Encrypt" not in plain.outer()


def test_an_event_can_be_looked_at_and_delivered_again(world: World, callback: Listener) -> None:
    accept(world, TEMPLATE)
    callback.wait(1, POPUP)
    told = world.simulator.events(POPUP)[0]
    assert told["path"].startswith("/wechat/callback/mini?")
    assert "Encrypt" in told["body"]
    world.simulator.call("POST", f"/_sim/events/{told['number']}/again", {})
    callback.wait(2, POPUP)
