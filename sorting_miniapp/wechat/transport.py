"""wechatpy's client with its defects put right (wechat.md §1): timeouts, one retry on a refused token, one vocabulary.

No exception that leaves here holds a URL, a body, a token or a secret.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Timeout
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from wechatpy import WeChatClient

from sorting_miniapp import clock, metrics
from sorting_miniapp.db import db
from sorting_miniapp.wechat.answers import Answer, check, payload_of
from sorting_miniapp.wechat.errors import KINDS, TOKEN_CODES, Outcome, Retryable, WeChatError
from sorting_miniapp.wechat.tokens import AccessToken, Tokens

CONNECTIONS = 32  # wechatpy keeps ten; a web process has more threads than that


class Client(WeChatClient):  # wechatpy has no type hints
    """One account's connection. `timeouts` is (connect, read) in seconds."""

    def __init__(
        self, account: str, appid: str, secret: str, *, base: str, timeouts: tuple[float, float], lease_seconds: float
    ) -> None:
        super().__init__(appid, secret, timeout=timeouts, auto_retry=False)
        for scheme in ("https://", "http://"):
            self._http.mount(scheme, HTTPAdapter(pool_connections=2, pool_maxsize=CONNECTIONS, max_retries=0))
        self.base = base.rstrip("/")
        self.tokens = Tokens(account, self._fetch_token, lease_seconds)

    @property
    def access_token(self) -> str:
        # wechatpy evaluates every property before __init__; there is no `tokens` yet, and getmembers skips it.
        return self.tokens.current()

    def get(self, url: str, **kwargs: Any) -> Answer:
        """As `_request`."""
        found: Answer = self._request("get", url, **kwargs)
        return found

    def post(self, url: str, **kwargs: Any) -> Answer:
        """As `_request`."""
        found: Answer = self._request("post", url, **kwargs)
        return found

    def token_life(self) -> int:
        """Ask for the token that is in force and keep nothing of it: the seconds it lives. Raises WeChatError."""
        return self._fetch_token(None)[1]

    def _fetch_token(self, deadline: float | None) -> tuple[str, int]:
        """Tencent: "获取稳定版接口调用凭据", cgi-bin/stable_token, in normal mode: never force_refresh."""
        answer = self._once(
            "post",
            "/cgi-bin/stable_token",
            None,
            Outcome.RETRY,
            deadline,
            {"data": {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret}},
        )
        return answer.text("access_token"), answer.number("expires_in")

    def _request(self, method: str, url_or_endpoint: str, **kwargs: Any) -> Any:
        """One call, and one more when the token was refused.

        `repeatable` says that doing it twice is harmless, so that a lost answer may be retried; `within` is how many
        seconds it may take in all, the fetch of a token included. Raises WeChatError.
        """
        path = self._path(url_or_endpoint, kwargs.pop("api_base_url", ""))
        with_token = kwargs.pop("with_token", True)
        lost = Outcome.RETRY if kwargs.pop("repeatable", method == "get") else Outcome.UNKNOWN
        within = kwargs.pop("within", None)
        deadline = clock.monotonic() + within if within else None
        processor = kwargs.pop("result_processor", None)
        for last in (False, True):
            token = self.tokens.current(deadline) if with_token else None
            try:
                answer = self._once(method, path, token, lost, deadline, dict(kwargs))
            except WeChatError as error:
                if token is None or error.errcode not in TOKEN_CODES or last:
                    raise
                self.tokens.refuse(token)
                continue
            return processor(answer) if processor else answer
        raise AssertionError("unreachable")

    @staticmethod
    def _path(endpoint: str, api_base_url: str) -> str:
        if endpoint.startswith("/"):
            return endpoint
        prefix = urlsplit(api_base_url).path or "/cgi-bin/"
        return f"{prefix.rstrip('/')}/{endpoint}"

    def _once(
        self,
        method: str,
        path: str,
        token: AccessToken | None,
        lost: Outcome,
        deadline: float | None,
        kwargs: dict[str, Any],
    ) -> Answer:
        try:
            answer = self._ask(method, path, token, lost, deadline, kwargs)
        except WeChatError as error:
            metrics.WECHAT_CALLS.labels(path, error.outcome.value).inc()
            raise
        metrics.WECHAT_CALLS.labels(path, "ok").inc()
        return answer

    def _ask(
        self,
        method: str,
        path: str,
        token: AccessToken | None,
        lost: Outcome,
        deadline: float | None,
        kwargs: dict[str, Any],
    ) -> Answer:
        session = db.session()
        if session.info.get("writing"):
            raise RuntimeError("WeChat must not be called inside a transaction")
        session.commit()  # the connection to the database goes back while WeChat thinks
        params = dict(kwargs.pop("params", None) or {})
        if token is not None:
            params["access_token"] = str(token)
        try:
            found = self._http.request(
                method,
                self.base + path,
                params=params,
                timeout=self._timeout(deadline),
                allow_redirects=False,
                **_body(kwargs),
            )
        except requests.RequestException as error:
            raise KINDS[_network(error, lost)](reason=type(error).__name__) from None
        if found.headers.get("Content-Type", "").startswith("image/"):
            return Answer({"image": found.content}, lost)
        return check(payload_of(found.status_code, found.content, lost=lost), lost=lost)

    def _timeout(self, deadline: float | None) -> Timeout:
        connect, read = self.timeout
        if deadline is None:
            return Timeout(connect=connect, read=read)
        left = deadline - clock.monotonic()
        if left <= 0.05:
            raise Retryable(reason="no time left")
        return Timeout(total=left, connect=min(connect, left), read=min(read, left))


def _body(kwargs: dict[str, Any]) -> dict[str, Any]:
    """requests' arguments: JSON without \\u escapes, and files from their beginning, also at a second try."""
    data, files = kwargs.pop("data", None), kwargs.pop("files", None)
    if isinstance(data, dict) and not files:
        data = orjson.dumps(data)
    for stream in (files or {}).values():
        content = stream[1] if isinstance(stream, tuple) else stream
        if hasattr(content, "seek"):
            content.seek(0)
    return {**kwargs, "data": data, "files": files}


def _network(error: requests.RequestException, lost: Outcome) -> Outcome:
    """A call that could not be put through did not happen; after that, only WeChat knows."""
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    if isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError | ConnectTimeoutError):
        return Outcome.RETRY
    return lost
