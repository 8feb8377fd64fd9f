"""The simulator against the contract table, over raw HTTP."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import MINI, OFFICIAL, base_environ
from tests.simulator_process import Simulator, running
from tests.wechat.contract import BOTH, CALLS, PLACES, Call

TEMPLATE = "contract"
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 100
SECRETS = {"mini": (MINI, "mini-secret"), "official": (OFFICIAL, "official-secret")}
TYPES: dict[str, type | tuple[type, ...]] = {
    "text": str, "int": int, "bool": bool, "object": dict, "list": list, "id": (int, str),
}  # fmt: skip
WRONG: dict[str, Any] = {"text": 5, "int": "5", "bool": "yes", "object": "x", "list": "x", "id": ["x"]}
PAIRS = [
    (call, account) for call in CALLS for account in (("mini", "official") if call.account == BOTH else (call.account,))
]
TOKEN_PAIRS = [(call, account) for call, account in PAIRS if call.token]


def name_of(value: object) -> str:
    return value.path if isinstance(value, Call) else str(value)


class World:
    """A simulator with a person in it; makes what an example needs before it is called."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.openid = simulator.new_user()
        self.key = ""

    def token(self, account: str) -> str:
        appid, secret = SECRETS[account]
        body = {"grant_type": "client_credential", "appid": appid, "secret": secret}
        return str(self.simulator.wechat("POST", "/cgi-bin/stable_token", body)["access_token"])

    def official(self, path: str, body: dict[str, Any]) -> Any:
        answer = self.simulator.wechat("POST", path, body, token=self.token("official"))
        assert answer["errcode"] == 0, answer
        return answer

    def log_in(self) -> None:
        appid, secret = SECRETS["mini"]
        code = self.simulator.code(self.openid)
        query = {"appid": appid, "secret": secret, "js_code": code, "grant_type": "authorization_code"}
        self.key = self.simulator.wechat("GET", "/sns/jscode2session", query=query)["session_key"]

    def draft(self) -> str:
        article = self.filled(next(call for call in CALLS if call.path.endswith("draft/add")).example, "official")
        return str(self.official("/cgi-bin/draft/add", article)["media_id"])

    def place(self, name: str, account: str) -> str:
        makers: dict[str, Callable[[], str]] = {
            "appid": lambda: SECRETS[account][0],
            "secret": lambda: SECRETS[account][1],
            "openid": lambda: self.openid,
            "official_openid": lambda: self.simulator.follower(self.openid),
            "login_code": lambda: self.simulator.code(self.openid),
            "phone_code": lambda: str(self.simulator.call("POST", f"/_sim/users/{self.openid}/phone-codes")["code"]),
            "session_signature": lambda: hmac.new(self.key.encode(), b"", hashlib.sha256).hexdigest(),
            "template": lambda: TEMPLATE,
            "thumb": self._thumb,
            "draft": self.draft,
            "publish_id": self._publish,
            "article_id": lambda: f"article-{self._publish()}",
            "msg_id": self._mass,
            "rid": lambda: self._rid(account),
            "clientmsgid": lambda: f"contract-{self.simulator.summary()['count']}",
        }
        return makers[name]()

    def _thumb(self) -> str:
        path = "/cgi-bin/material/add_material"
        return str(self.simulator.upload(path, self.token("official"), JPEG, type="image")["media_id"])

    def _publish(self) -> str:
        self.simulator.settings(job_polls=1)
        found = str(self.official("/cgi-bin/freepublish/submit", {"media_id": self.draft()})["publish_id"])
        self.official("/cgi-bin/freepublish/get", {"publish_id": found})
        return found

    def _mass(self) -> str:
        call = next(call for call in CALLS if call.path.endswith("mass/sendall"))
        return str(self.official(call.path, self.filled(call.example, "official"))["msg_id"])

    def _rid(self, account: str) -> str:
        path = "/cgi-bin/openapi/quota/get"
        refused = self.simulator.wechat("POST", path, {"cgi_path": "none"}, token=self.token(account))
        return refused["errmsg"].rpartition("rid: ")[2]

    def filled(self, value: Any, account: str) -> Any:
        """An example with its places filled."""
        if isinstance(value, dict):
            return {key: self.filled(one, account) for key, one in value.items()}
        if isinstance(value, list):
            return [self.filled(one, account) for one in value]
        if isinstance(value, str) and value.startswith("<") and value.strip("<>") in PLACES:
            return self.place(value.strip("<>"), account)
        return value

    def call(self, call: Call, fields: dict[str, Any], token: str) -> Any:
        if call.where == "form":
            data = fields.get("media", JPEG)
            return self.simulator.upload(call.path, token, data, **{k: v for k, v in fields.items() if k != "media"})
        if call.where == "query":
            return self.simulator.wechat(call.method, call.path, token=token, query=fields)
        return self.simulator.wechat(call.method, call.path, fields, token=token)


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with running(base_environ(tmp_path_factory.mktemp("simulator"))) as found:
        yield found


@pytest.fixture
def world(simulator: Simulator) -> World:
    simulator.reset()
    simulator.settings(mass_daily_quota=100)
    made = World(simulator)
    simulator.subscribe(made.openid, TEMPLATE)
    made.log_in()
    return made


def errcode_of(answer: Any) -> int:
    return int(answer.get("errcode", 0)) if isinstance(answer, dict) else 0


def found_at(answer: Any, path: str) -> list[Any]:
    """What stands at "a.b", going into every element of a list on the way."""
    rows = [answer]
    for name in path.split("."):
        rows = [one for row in rows for one in (row if isinstance(row, list) else [row])]
        rows = [row[name] for row in rows if isinstance(row, dict) and name in row]
    return rows


@pytest.mark.parametrize("call", CALLS, ids=name_of)
def test_the_table_is_whole(call: Call) -> None:
    """Each example holds every required field except the file, nothing undeclared, and known places only."""
    required = {name for name, field in call.request.items() if field.required and field.type != "file"}
    assert required <= set(call.example) <= set(call.request)
    places = re.findall(r"<([a-z_]+)>", repr(call.example))
    assert {place for place in places if place != "p"} <= set(PLACES)


@pytest.mark.parametrize(("call", "account"), PAIRS, ids=name_of)
def test_a_good_call_is_answered_as_declared(world: World, call: Call, account: str) -> None:
    if call.path.endswith("batchget"):
        world.place("draft", "official")
        world.place("publish_id", "official")
    answer = world.call(call, world.filled(call.example, account), world.token(account) if call.token else "")
    assert errcode_of(answer) == 0, answer
    assert isinstance(answer, bytes) == call.image
    for path, kind in call.answer.items():
        found = found_at(answer, path)
        assert found or kind.endswith("?"), (path, answer)
        for value in found:
            assert isinstance(value, TYPES[kind.rstrip("?")]), (path, value)
            assert not isinstance(value, bool) or kind.startswith("bool"), (path, value)


@pytest.mark.parametrize(("call", "account"), PAIRS, ids=name_of)
def test_a_missing_field_gets_its_code(world: World, call: Call, account: str) -> None:
    for name, field in call.request.items():
        if not field.required:
            continue
        fields = world.filled(call.example, account)
        fields.pop(name, None)
        if field.type == "file":
            fields["media"] = b""
        if call.where == "json" and not fields:
            fields = {"unknown": 1}
        answer = world.call(call, fields, world.token(account) if call.token else "")
        assert errcode_of(answer) == field.missing, (name, answer)


@pytest.mark.parametrize(
    ("call", "account"), [(call, account) for call, account in PAIRS if call.where == "json"], ids=name_of
)
def test_another_type_does_not_fit(world: World, call: Call, account: str) -> None:
    for name, field in call.request.items():
        fields = world.filled(call.example, account) | {name: WRONG[field.type]}
        answer = world.call(call, fields, world.token(account) if call.token else "")
        assert errcode_of(answer) == field.wrong, (name, answer)


@pytest.mark.parametrize(("call", "account"), TOKEN_PAIRS, ids=name_of)
def test_whose_token_it_is_matters(world: World, call: Call, account: str) -> None:
    """None at all 41001, an invented one 40001, the other account's 48001."""
    fields = world.filled(call.example, account)
    assert errcode_of(world.call(call, fields, "")) == 41001
    assert errcode_of(world.call(call, fields, "invented")) == 40001
    if call.account != BOTH:
        other = "official" if account == "mini" else "mini"
        assert errcode_of(world.call(call, fields, world.token(other))) == 48001


@pytest.mark.parametrize("call", [call for call in CALLS if call.where == "json"], ids=name_of)
def test_what_is_no_json_object(world: World, call: Call) -> None:
    account = "mini" if call.account == BOTH else call.account
    token = world.token(account) if call.token else ""
    for body, code in ((b"", 44002), (b"{", 47001), (b"[1]", 47001)):
        answer = world.simulator.wechat("POST", call.path, body, token=token)
        assert errcode_of(answer) == code, body
    assert errcode_of(world.simulator.wechat("GET", call.path, token=token)) == 43002
