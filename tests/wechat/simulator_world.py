"""A simulator with one person in it, and what the examples of contract.py need before they are called."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

from tests.conftest import MINI, OFFICIAL
from tests.simulator_process import Simulator
from tests.wechat.contract import BY_PATH
from tests.wechat.contract_terms import PLACES, Call

TEMPLATE = "contract"
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 100
SECRETS = {"mini": (MINI, "mini-secret"), "official": (OFFICIAL, "official-secret")}


def errcode_of(answer: Any) -> int:
    """0 for a picture and for an answer that names none."""
    return int(answer.get("errcode", 0)) if isinstance(answer, dict) else 0


class World:
    """One person with a credit for TEMPLATE who has just logged in."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.openid = simulator.new_user()
        self.key = ""
        simulator.subscribe(self.openid, TEMPLATE)
        self.log_in()

    def token(self, account: str) -> str:
        appid, secret = SECRETS[account]
        body = {"grant_type": "client_credential", "appid": appid, "secret": secret}
        return str(self.simulator.wechat("POST", "/cgi-bin/stable_token", body)["access_token"])

    def mini(self, path: str, body: dict[str, Any]) -> Any:
        return self.simulator.wechat("POST", path, body, token=self.token("mini"))

    def ask(self, path: str, body: dict[str, Any]) -> Any:
        """A POST to the official account."""
        return self.simulator.wechat("POST", path, body, token=self.token("official"))

    def done(self, path: str, body: dict[str, Any]) -> Any:
        """The same, which must go well."""
        answer = self.ask(path, body)
        assert answer["errcode"] == 0, answer
        return answer

    def log_in(self) -> None:
        appid, secret = SECRETS["mini"]
        code = self.simulator.code(self.openid)
        query = {"appid": appid, "secret": secret, "js_code": code, "grant_type": "authorization_code"}
        self.key = self.simulator.wechat("GET", "/sns/jscode2session", query=query)["session_key"]

    def draft(self) -> str:
        path = "/cgi-bin/draft/add"
        return str(self.done(path, self.filled(BY_PATH[path].example, "official"))["media_id"])

    def place(self, name: str, account: str) -> str:
        """What stands for <name> in an example, made now."""
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
        found = str(self.done("/cgi-bin/freepublish/submit", {"media_id": self.draft()})["publish_id"])
        self.done("/cgi-bin/freepublish/get", {"publish_id": found})
        return found

    def _mass(self) -> str:
        path = "/cgi-bin/message/mass/sendall"
        return str(self.done(path, self.filled(BY_PATH[path].example, "official"))["msg_id"])

    def _rid(self, account: str) -> str:
        path = "/cgi-bin/openapi/quota/get"
        refused = self.simulator.wechat("POST", path, {"cgi_path": "none"}, token=self.token(account))
        return str(refused["errmsg"].rpartition("rid: ")[2])

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
        """A call of the table with these fields."""
        if call.where == "form":
            data = fields.get("media", JPEG)
            return self.simulator.upload(call.path, token, data, **{k: v for k, v in fields.items() if k != "media"})
        if call.where == "query":
            return self.simulator.wechat(call.method, call.path, token=token, query=fields)
        return self.simulator.wechat(call.method, call.path, fields, token=token)
