"""Something that stands where this service's callback stands, and reads events with wechatpy's cryptography."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import xmltodict
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import check_signature

from tests.conftest import MINI, OFFICIAL

ACCOUNTS = {"mini": ("mini-token", "A" * 43, MINI), "official": ("official-token", "B" * 43, OFFICIAL)}


@dataclass
class Got:
    """One POST as it came."""

    account: str
    query: dict[str, str]
    body: bytes
    content_type: str

    @property
    def json(self) -> bool:
        return self.content_type.startswith("application/json")

    def outer(self) -> dict[str, Any]:
        found = json.loads(self.body) if self.json else xmltodict.parse(self.body)["xml"]
        return dict(found)

    def event(self) -> dict[str, Any]:
        """Decrypted and verified by wechatpy; raises when the signature is wrong."""
        outer, (token, key, appid) = self.outer(), ACCOUNTS[self.account]
        sealed = f"<xml><Encrypt>{outer['Encrypt']}</Encrypt></xml>"
        crypto, query = WeChatCrypto(token, key, appid), self.query
        plain = crypto.decrypt_message(sealed, query["msg_signature"], query["timestamp"], query["nonce"])
        return dict(json.loads(plain) if self.json else xmltodict.parse(plain)["xml"])


@dataclass
class Listener:
    """`replies` are given one after another, then "success". `echo` False: the address does not prove itself."""

    url: str
    echo: bool = True
    replies: list[str] = field(default_factory=list)
    slow: float = 0.0
    got: list[Got] = field(default_factory=list)

    def wait(self, count: int, name: str = "") -> list[Got]:
        """The POSTs (of one event) when there are `count` of them."""
        until = time.monotonic() + 15
        while time.monotonic() < until:
            found = [one for one in self.got if not name or one.event()["Event"] == name]
            if len(found) >= count:
                return found
            time.sleep(0.02)
        raise AssertionError(f"{len(self.got)} events came, not {count} of {name}")


def _handler(listener: Listener) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self, text: str) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            token = ACCOUNTS[parts.path.rpartition("/")[2]][0]
            check_signature(token, query["signature"], query["timestamp"], query["nonce"])
            self._answer(query["echostr"] if listener.echo else "no")

        def do_POST(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"]))
            query = dict(parse_qsl(parts.query))
            listener.got.append(Got(parts.path.rpartition("/")[2], query, body, self.headers["Content-Type"]))
            time.sleep(listener.slow)
            self._answer(listener.replies.pop(0) if listener.replies else "success")

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    return Handler


@contextmanager
def listening() -> Iterator[Listener]:
    listener = Listener("")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(listener))
    listener.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
