"""The simulated official account: images, drafts, publishing, mass sends, followers (wechat.md §2.4, §2.9)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.wechat.contract_official import ARTICLE
from tests.wechat.simulator_world import JPEG, World, errcode_of

BODY, COVER = "/cgi-bin/media/uploadimg", "/cgi-bin/material/add_material"
SENDALL, SUBMIT = "/cgi-bin/message/mass/sendall", "/cgi-bin/freepublish/submit"
PNG, GIF = b"\x89PNG\r\n\x1a\n" + b"\0" * 50, b"GIF89a" + b"\0" * 50
MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("path", "kind", "data", "code"),
    [
        (BODY, "", JPEG, 0),
        (BODY, "", PNG, 0),
        (BODY, "", GIF, 40005),
        (BODY, "", JPEG.ljust(MIB + 1), 40009),
        (BODY, "", JPEG.ljust(MIB), 0),
        (COVER, "image", GIF, 0),
        (COVER, "image", b"<html>", 40005),
        (COVER, "image", JPEG.ljust(10 * MIB + 1), 40009),
        (COVER, "thumb", JPEG, 0),
        (COVER, "thumb", PNG, 40005),
        (COVER, "thumb", JPEG.ljust(64 * 1024 + 1), 40009),
        (COVER, "video", JPEG, 40004),
    ],
)
def test_size_and_type_of_images(world: World, path: str, kind: str, data: bytes, code: int) -> None:
    query = {"type": kind} if kind else {}
    assert errcode_of(world.simulator.upload(path, world.token("official"), data, **query)) == code


def add(world: World, **more: object) -> Any:
    article = world.filled(ARTICLE, "official") | more
    return world.ask("/cgi-bin/draft/add", {"articles": [article]})


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("title", "一" * 33, 45003),
        ("title", "一" * 32, 0),
        ("digest", "一" * 129, 45004),
        ("digest", "一" * 128, 0),
        ("author", "一" * 17, 45110),
        ("author", "一" * 16, 0),
        ("thumb_media_id", "unknown", 40007),
        ("content", "一" * 20_000, 45166),
        ("content_source_url", "https://" + "a" * 1024, 41039),
    ],
)
def test_the_limits_of_a_draft(world: World, field: str, value: str, code: int) -> None:
    assert errcode_of(add(world, **{field: value})) == code


def test_images_from_elsewhere_and_scripts_are_filtered_out_without_a_word(world: World) -> None:
    ours = world.simulator.upload(BODY, world.token("official"), JPEG)["url"]
    content = f'<p onclick="x()">一</p><script>alert(1)</script><img src="https://example.org/a.jpg"><img src="{ours}">'
    media_id = add(world, content=content)["media_id"]
    kept = world.ask("/cgi-bin/draft/get", {"media_id": media_id})["news_item"][0]["content"]
    assert kept == f'<p>一</p><img src="{ours}">'


def test_a_draft_is_changed_listed_counted_and_deleted(world: World) -> None:
    first, second = world.draft(), world.draft()
    article = world.filled(ARTICLE, "official") | {"title": "新题"}
    assert errcode_of(world.ask("/cgi-bin/draft/update", {"media_id": first, "index": 1, "articles": article})) == 40114
    assert errcode_of(world.ask("/cgi-bin/draft/update", {"media_id": first, "index": 0, "articles": article})) == 0
    assert world.ask("/cgi-bin/draft/get", {"media_id": first})["news_item"][0]["title"] == "新题"
    page = world.ask("/cgi-bin/draft/batchget", {"offset": 0, "count": 1, "no_content": 1})
    assert (page["total_count"], page["item_count"]) == (2, 1)
    assert page["item"][0]["content"]["news_item"][0]["content"] == ""
    assert errcode_of(world.ask("/cgi-bin/draft/batchget", {"offset": 0, "count": 21})) == 40097
    assert errcode_of(world.ask("/cgi-bin/draft/delete", {"media_id": second})) == 0
    assert errcode_of(world.ask("/cgi-bin/draft/delete", {"media_id": second})) == 40007
    count = world.simulator.wechat("GET", "/cgi-bin/draft/count", token=world.token("official"))
    assert count["total_count"] == 1


def test_a_draft_is_used_once(world: World) -> None:
    media_id = world.draft()
    assert errcode_of(world.ask(SUBMIT, {"media_id": media_id})) == 0
    assert errcode_of(world.ask(SUBMIT, {"media_id": media_id})) == 40007
    assert errcode_of(send_all(world, media_id)) == 40007


@pytest.mark.parametrize("status", [0, 2, 3, 4])
def test_publishing_takes_some_polls_and_then_ends(world: World, status: int) -> None:
    world.simulator.settings(publish_status=status, job_polls=3, job_seconds=3600.0)
    publish_id = world.ask(SUBMIT, {"media_id": world.draft()})["publish_id"]
    answers = [world.ask("/cgi-bin/freepublish/get", {"publish_id": publish_id}) for _ in range(4)]
    assert [answer["publish_status"] for answer in answers] == [1, 1, status, status]
    assert answers[-1]["fail_idx"] == ([] if status == 0 else [1])
    assert ("article_id" in answers[-1]) == (status == 0)
    listed = world.ask("/cgi-bin/freepublish/batchget", {"offset": 0, "count": 20, "no_content": 1})
    assert listed["total_count"] == (1 if status == 0 else 0)


def test_a_published_article_can_be_taken_down(world: World) -> None:
    article_id = world.place("article_id", "official")
    assert errcode_of(world.ask("/cgi-bin/freepublish/getarticle", {"article_id": article_id})) == 0
    assert errcode_of(world.ask("/cgi-bin/freepublish/delete", {"article_id": article_id})) == 0
    assert errcode_of(world.ask("/cgi-bin/freepublish/getarticle", {"article_id": article_id})) == 53600
    publish_id = article_id.removeprefix("article-")
    assert world.ask("/cgi-bin/freepublish/get", {"publish_id": publish_id})["publish_status"] == 5


def test_an_account_without_the_right_publishes_nothing_and_keeps_the_draft(world: World) -> None:
    world.simulator.settings(freepublish_right=False)
    media_id = world.draft()
    assert errcode_of(world.ask(SUBMIT, {"media_id": media_id})) == 48001
    assert errcode_of(world.ask("/cgi-bin/draft/get", {"media_id": media_id})) == 0


def send_all(world: World, media_id: str, key: str = "", **target: object) -> Any:
    body: dict[str, Any] = {
        "filter": target or {"is_to_all": True},
        "mpnews": {"media_id": media_id},
        "msgtype": "mpnews",
    }
    return world.ask(SENDALL, body | ({"clientmsgid": key} if key else {}))


def test_the_same_clientmsgid_sends_once_and_tells_the_first_msg_id(world: World) -> None:
    first = send_all(world, world.draft(), "k1")
    again = send_all(world, world.draft(), "k1")
    assert (again["errcode"], again["msg_id"]) == (45065, first["msg_id"])
    assert len(world.simulator.phone(world.openid)) == 1
    world.simulator.settings(mass_retry_wait=60.0)
    assert errcode_of(send_all(world, world.draft(), "k1")) == 45066
    world.simulator.advance(61)
    assert errcode_of(send_all(world, world.draft(), "k1")) == 45065
    world.simulator.advance(86400)
    assert errcode_of(send_all(world, world.draft(), "k1")) == 0


def test_without_a_clientmsgid_range_and_content_are_the_key(world: World) -> None:
    media_id = world.draft()
    first = send_all(world, media_id)
    assert send_all(world, media_id)["msg_id"] == first["msg_id"]
    assert errcode_of(send_all(world, world.draft())) == 0


def test_a_key_is_32_bytes_at_most(world: World) -> None:
    assert errcode_of(send_all(world, world.draft(), "k" * 33)) == 45067
    assert errcode_of(send_all(world, world.draft(), "字" * 11)) == 45067
    assert errcode_of(send_all(world, world.draft(), "k" * 32)) == 0


def test_a_subscription_account_sends_once_a_day_and_keeps_the_draft_it_could_not_send(world: World) -> None:
    world.simulator.settings(mass_daily_quota=1)
    assert errcode_of(send_all(world, world.draft())) == 0
    media_id = world.draft()
    assert errcode_of(send_all(world, media_id, tag_id=2)) == 45028
    world.simulator.advance(86400)
    assert errcode_of(send_all(world, media_id, tag_id=2)) == 0


def test_a_follower_of_a_service_account_gets_four_in_a_month(world: World) -> None:
    world.simulator.settings(official_kind="service")
    codes = [errcode_of(send_all(world, world.draft(), tag_id=2)) for _ in range(5)]
    assert codes == [0, 0, 0, 0, 45028]
    world.simulator.new_user()
    assert errcode_of(send_all(world, world.draft(), tag_id=2)) == 0
    assert len(world.simulator.phone(world.openid)) == 4


def test_only_followers_with_the_tag_are_reached(world: World) -> None:
    other, gone = world.simulator.new_user(), world.simulator.new_user()
    world.simulator.call("POST", f"/_sim/users/{other}", {"tags": [7]})
    world.simulator.call("POST", f"/_sim/users/{gone}/follow", {"follow": False})
    assert errcode_of(send_all(world, world.draft(), tag_id=99)) == 40152
    assert errcode_of(send_all(world, world.draft(), tag_id=7)) == 0
    assert [len(world.simulator.phone(one)) for one in (world.openid, other, gone)] == [0, 1, 0]
    assert errcode_of(send_all(world, world.draft())) == 0
    assert [len(world.simulator.phone(one)) for one in (world.openid, other, gone)] == [1, 2, 0]


def status_of(world: World, msg_id: object) -> str:
    return str(world.ask("/cgi-bin/message/mass/get", {"msg_id": msg_id}).get("msg_status"))


def confirm(world: World, yes: bool) -> int:
    msg_id = int(world.simulator.jobs()["mass"][-1]["msg_id"])
    world.simulator.call("POST", f"/_sim/mass/{msg_id}/confirm", {"confirm": yes})
    return msg_id


def test_the_administrator_confirms_a_send_to_all(world: World) -> None:
    world.simulator.settings(admin_confirmation=True)
    media_id = world.draft()
    assert errcode_of(send_all(world, media_id, "k1")) == 89505
    assert errcode_of(send_all(world, media_id, "k1")) == 89504
    assert world.simulator.phone(world.openid) == []
    msg_id = confirm(world, True)
    assert send_all(world, media_id, "k1")["msg_id"] == msg_id
    assert [status_of(world, msg_id) for _ in range(2)] == ["SENDING", "SEND_SUCCESS"]
    assert len(world.simulator.phone(world.openid)) == 1
    assert errcode_of(send_all(world, world.draft(), "k2", tag_id=2)) == 0


@pytest.mark.parametrize("lapses", [False, True])
def test_the_administrators_no_and_half_an_hour_of_silence_are_the_same(world: World, lapses: bool) -> None:
    world.simulator.settings(admin_confirmation=True, mass_daily_quota=1)
    media_id = world.draft()
    assert errcode_of(send_all(world, media_id, "k1")) == 89505
    if lapses:
        world.simulator.advance(1801)
    else:
        confirm(world, False)
    again = send_all(world, media_id, "k1")
    assert errcode_of(again) == 45065
    assert status_of(world, again["msg_id"]) == "SEND_FAIL"
    assert world.simulator.phone(world.openid) == []
    assert errcode_of(send_all(world, media_id, "k2")) == 89505


def test_a_failed_send_reaches_nobody_and_costs_no_quota(world: World) -> None:
    world.simulator.settings(mass_status="err(20001)", mass_daily_quota=1)
    msg_id = send_all(world, world.draft())["msg_id"]
    assert [status_of(world, msg_id) for _ in range(2)] == ["SENDING", "SEND_FAIL"]
    assert world.simulator.phone(world.openid) == []
    world.simulator.settings(mass_status="send success")
    assert errcode_of(send_all(world, world.draft())) == 0


@pytest.mark.parametrize("by_url", [False, True])
def test_a_mass_send_is_taken_back(world: World, by_url: bool) -> None:
    msg_id = send_all(world, world.draft())["msg_id"]
    url = f"https://mp.weixin.qq.com/s/article-{msg_id}"
    fields = {"msg_id": 0, "url": url} if by_url else {"msg_id": msg_id}
    assert errcode_of(world.ask("/cgi-bin/message/mass/delete", fields)) == 0
    assert status_of(world, msg_id) == "DELETE"
    shown = world.simulator.call("GET", f"/_sim/overview?who={world.openid}")["owner"]["shown"]
    assert shown[0]["article"] == ""


def test_a_preview_reaches_one_person_and_leaves_the_draft(world: World) -> None:
    world.simulator.settings(preview_daily_quota=2)
    media_id, other = world.draft(), world.simulator.new_user()
    world.simulator.call("POST", f"/_sim/users/{other}", {"name": "审核员"})
    body: dict[str, Any] = {
        "touser": world.simulator.follower(world.openid), "msgtype": "mpnews", "mpnews": {"media_id": media_id},
    }  # fmt: skip
    path = "/cgi-bin/message/mass/preview"
    assert errcode_of(world.ask(path, body)) == 0
    assert errcode_of(world.ask(path, body | {"towxname": "审核员"})) == 0
    assert [len(world.simulator.phone(one)) for one in (world.openid, other)] == [1, 1]
    assert errcode_of(world.ask(path, body)) == 45009
    assert errcode_of(world.ask(path, body | {"touser": world.openid})) == 40003
    assert errcode_of(world.ask("/cgi-bin/draft/get", {"media_id": media_id})) == 0


def test_followers_by_page_and_their_unionids(world: World) -> None:
    token = world.token("official")
    other = world.simulator.call("POST", "/_sim/users", {"unionid": False})
    first = world.simulator.follower(world.openid)
    listed = world.simulator.wechat("GET", "/cgi-bin/user/get", token=token)
    assert listed["data"]["openid"] == [first, other["official_openid"]]
    rest = world.simulator.wechat("GET", "/cgi-bin/user/get", token=token, query={"next_openid": first})
    assert (rest["count"], rest["total"]) == (1, 2)
    world.simulator.call("POST", f"/_sim/users/{other['openid']}/follow", {"follow": False})
    wanted = [{"openid": one} for one in (first, other["official_openid"])]
    told = world.ask("/cgi-bin/user/info/batchget", {"user_list": wanted})["user_info_list"]
    assert [one["subscribe"] for one in told] == [1, 0]
    assert ["unionid" in one for one in told] == [True, False]
    assert errcode_of(world.ask("/cgi-bin/user/info/batchget", {"user_list": wanted * 51})) == 40032
