"""wechatpy's client with its defects put right (wechat.md §1): timeouts, one retry on a refused token, one vocabulary.

No exception that leaves here holds a URL, a body, a token or a secret.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from wechatpy import WeChatClient

from sorting_miniapp import metrics
from sorting_miniapp.db import db
from sorting_miniapp.wechat.answers import check, payload_of
from sorting_miniapp.wechat.errors import TOKEN_CODES, Outcome, WeChatError
from sorting_miniapp.wechat.tokens import Tokens


class Client(WeChatClient):  # wechatpy has no type hints
    """One account's connection. `timeouts` is (connect, read) in seconds."""

    def __init__(
        self, account: str, appid: str, secret: str, *, base: str, timeouts: tuple[float, float], lease_seconds: float
    ) -> None:
        super().__init__(appid, secret, timeout=timeouts, auto_retry=False)
        self.base = base.rstrip("/")
        self.tokens = Tokens(account, self._fetch_token, lease_seconds)

    @property
    def access_token(self) -> str:
        # wechatpy evaluates every property before __init__; there is no `tokens` yet, and getmembers skips it.
        return self.tokens.current()

    def _fetch_token(self) -> tuple[str, int]:
        answer = self._request(
            "post",
            "/cgi-bin/stable_token",
            data={"grant_type": "client_credential", "appid": self.appid, "secret": self.secret},
            with_token=False,
            repeatable=True,
        )
        return str(answer["access_token"]), int(answer["expires_in"])

    def _request(self, method: str, url_or_endpoint: str, **kwargs: Any) -> Any:
        """One call, and one more when the token was refused.

        `repeatable` says that doing it twice is harmless, so that a lost answer may be retried. Raises WeChatError.
        """
        path = self._path(url_or_endpoint, kwargs.pop("api_base_url", ""))
        with_token = kwargs.pop("with_token", True)
        lost = Outcome.RETRY if kwargs.pop("repeatable", method == "get") else Outcome.UNKNOWN
        processor = kwargs.pop("result_processor", None)
        for last in (False, True):
            token = self.tokens.current() if with_token else ""
            try:
                answer = self._once(method, path, token, lost, dict(kwargs))
            except WeChatError as error:
                metrics.WECHAT_CALLS.labels(path, error.outcome.value).inc()
                if not with_token or error.errcode not in TOKEN_CODES or last:
                    raise
                self.tokens.refuse(token)
                continue
            metrics.WECHAT_CALLS.labels(path, "ok").inc()
            return processor(answer) if processor else answer
        raise AssertionError("unreachable")

    @staticmethod
    def _path(endpoint: str, api_base_url: str) -> str:
        if endpoint.startswith("/"):
            return endpoint
        prefix = urlsplit(api_base_url).path or "/cgi-bin/"
        return f"{prefix.rstrip('/')}/{endpoint}"

    def _once(self, method: str, path: str, token: str, lost: Outcome, kwargs: dict[str, Any]) -> dict[str, Any]:
        session = db.session()
        if session.info.get("writing"):
            raise RuntimeError("WeChat must not be called inside a transaction")
        session.commit()
        params = dict(kwargs.pop("params", None) or {})
        if token:
            params["access_token"] = token
        data = kwargs.pop("data", None)
        if isinstance(data, dict) and "files" not in kwargs:
            data = orjson.dumps(data)
        for stream in (kwargs.get("files") or {}).values():
            content = stream[1] if isinstance(stream, tuple) else stream
            if hasattr(content, "seek"):
                content.seek(0)
        timeout = kwargs.pop("timeout", None) or self.timeout
        try:
            answer = self._http.request(
                method, self.base + path, params=params, data=data, timeout=timeout, allow_redirects=False, **kwargs
            )
        except requests.RequestException as error:
            raise WeChatError(_network(error, lost), reason=type(error).__name__) from None
        if answer.headers.get("Content-Type", "").startswith("image/"):
            return {"image": answer.content}
        return check(payload_of(answer.status_code, answer.content, lost=lost), lost=lost)


def _network(error: requests.RequestException, lost: Outcome) -> Outcome:
    """A call that could not be put through did not happen; after that, only WeChat knows."""
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    if isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError | ConnectTimeoutError):
        return Outcome.RETRY
    return lost
