"""What both accounts have in common: a connection, and the questions about quotas and failed calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sorting_miniapp.wechat.transport import Client


@dataclass(frozen=True)
class Quota:
    """Calls of one interface today."""

    limit: int
    used: int
    left: int


class Account:
    """One of the two accounts."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def quota(self, path: str) -> Quota:
        """How often `path` (`/cgi-bin/…`) may still be called today. Raises WeChatError.

        Tencent: "查询 API 调用额度", cgi-bin/openapi/quota/get.
        """
        answer = self.client.post("/cgi-bin/openapi/quota/get", data={"cgi_path": path}, repeatable=True)
        return Quota(
            answer.number("quota", "daily_limit"), answer.number("quota", "used"), answer.number("quota", "remain")
        )

    def explain(self, rid: str) -> dict[str, Any]:
        """What WeChat kept of a failed call for seven days: invoke_time, cost_in_ms, client_ip … Raises WeChatError.

        Bodies are left out: they may hold personal data. Tencent: "查询 rid 信息", cgi-bin/openapi/rid/get.
        """
        answer = self.client.post("/cgi-bin/openapi/rid/get", data={"rid": rid}, repeatable=True)
        found = answer.need("request")
        return {key: found[key] for key in ("invoke_time", "cost_in_ms", "client_ip") if key in found}
