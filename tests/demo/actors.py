"""Residents with their phones and staff with their browsers, as plain HTTP."""

from __future__ import annotations

import html
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import requests

from tests.demo.processes import Instance

TIMEOUT = 30


@dataclass
class Answer:
    """An answer of the API."""

    status: int
    body: Any


class Resident:
    """A person with WeChat: an openid on the simulator, a token with us."""

    def __init__(self, instance: Instance, openid: str) -> None:
        self.instance, self.openid = instance, openid
        self.http = requests.Session()

    def code(self) -> str:
        return str(simulate(self.instance, "POST", f"/_sim/users/{self.openid}/codes")["code"])

    def log_in(self) -> Resident:
        answer = self.call("POST", "/sessions", {"code": self.code()})
        assert answer.status == 201, answer
        self.http.headers["Authorization"] = f"Bearer {answer.body['token']}"
        return self

    def call(self, method: str, path: str, body: Any = None, **params: Any) -> Answer:
        url = f"{self.instance.web}/api/v1{path}"
        found = self.http.request(method, url, json=body, params=params, timeout=TIMEOUT)
        return Answer(found.status_code, found.json() if found.content else None)

    def accept(self, template: str) -> None:
        """Tap "accept" in WeChat, and let the mini-program tell us."""
        simulate(self.instance, "POST", f"/_sim/users/{self.openid}/subscriptions", {"template": template})
        assert self.call("POST", "/me/subscriptions", {template: "accept"}).status in (200, 204)

    def messages(self) -> list[dict[str, Any]]:
        return list(simulate(self.instance, "GET", f"/_sim/users/{self.openid}/phone")["messages"])


def simulate(instance: Instance, method: str, path: str, body: Any = None) -> Any:
    answer = requests.request(method, instance.simulator + path, json=body or {}, timeout=TIMEOUT)
    assert answer.status_code == 200, (path, answer.status_code, answer.text)
    return answer.json()


def residents(instance: Instance, count: int) -> list[Resident]:
    """`count` new people, logged in."""
    users = simulate(instance, "POST", "/_sim/users", {"count": count})["users"]
    return log_in_all(instance, [user["openid"] for user in users])


def log_in_all(instance: Instance, openids: list[str]) -> list[Resident]:
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda openid: Resident(instance, openid).log_in(), openids))


class Browser:
    """A member of staff at the console, signed in."""

    def __init__(self, instance: Instance, username: str) -> None:
        self.instance, self.http = instance, requests.Session()
        self.token = self._token(self.get("/console/login"))
        self.post("/console/login", username=username, password=instance.password)
        self.token = self._token(self.get("/console/"))

    @staticmethod
    def _token(page: str) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert found, page[:500]
        return found[1]

    def get(self, path: str) -> str:
        answer = self.http.get(self.instance.web + path, timeout=TIMEOUT)
        assert answer.status_code == 200, (path, answer.status_code)
        return html.unescape(answer.text)

    def post(self, path: str, **form: Any) -> str:
        """Send a form; returns the address it led to."""
        answer = self.http.post(
            self.instance.web + path, data={"csrf_token": self.token} | form, timeout=TIMEOUT, allow_redirects=False
        )
        assert answer.status_code == 302, (path, answer.status_code, re.findall(r'role="alert">([^<]+)', answer.text))
        return str(answer.headers["Location"]).removeprefix(self.instance.web)


def right_answer(question: dict[str, Any], key: dict[str, Any]) -> dict[str, Any]:
    """What somebody answers who knows: `key` is {option text: right}."""
    options = {option["id"]: key[option["text"]] for option in question["options"]}
    if question["kind"] == "sort":
        return {"question": question["id"], "sorted": options}
    return {"question": question["id"], "options": [name for name, right in options.items() if right]}


def identity_number(first: str) -> str:
    """17 digits with the check digit of GB 11643."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return first + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(first, weights, strict=True)) % 11]


def badge(page: str) -> str:
    found = re.search(r'id="progress".*?<span class="badge[^"]*">([^<]+)</span>', page, re.S)
    return found[1] if found else ""


def equal(found: Any, wanted: Any, what: str) -> None:
    assert found == wanted, f"{what}: {found!r} where {wanted!r} was expected"
