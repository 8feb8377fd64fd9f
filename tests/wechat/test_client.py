"""Every typed method against the simulator over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sorting_miniapp.media.cover import default_cover
from sorting_miniapp.wechat.errors import NeedsPerson, Permanent, WeChatError
from sorting_miniapp.wechat.mini_program import MediaKind, Scene, Suggest
from tests.wechat.gateway_helpers import TEMPLATE, VALUES, Line

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
