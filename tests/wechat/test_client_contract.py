"""What each typed method sends, and what it makes of the answer, against the contract table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from sorting_miniapp.wechat import Gateway
from sorting_miniapp.wechat.codes import CODES
from sorting_miniapp.wechat.errors import WeChatError
from sorting_miniapp.wechat.mini_program import MediaKind, Scene
from tests.wechat import contract
from tests.wechat.gateway_helpers import ARTICLE, VALUES, pointed, with_tokens
from tests.wechat.odd_server import Asked, serving

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


def test_the_simulator_imports_nothing_of_the_gateway() -> None:
    folder = Path(__file__).parents[2] / "sorting_miniapp" / "wechat"
    for file in (folder / "simulator").glob("*.py"):
        for found in file.read_text("utf-8").splitlines():
            if "sorting_miniapp.wechat" in found and found.lstrip().startswith(("import", "from")):
                assert "sorting_miniapp.wechat.simulator" in found, (file.name, found)
    for file in folder.glob("*.py"):
        assert "simulator." not in file.read_text("utf-8"), file.name
