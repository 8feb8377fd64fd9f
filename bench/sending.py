"""Rows about sending: how soon a due push makes its first call, also behind a long queue; our rate and wechatpy's."""

from __future__ import annotations

import secrets
import time
from datetime import datetime, timedelta

from wechatpy import WeChatClient

from bench.load import Outcome
from bench.rows import Bench, Row, run_alone
from sorting_miniapp import clock
from sorting_miniapp.articles import writing
from sorting_miniapp.articles.models import Article, ArticleState, ArticleVersion, Channel, Push, PushState
from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.deliveries import fan_out
from sorting_miniapp.orgs import settings
from tests.demo.actors import simulate
from tests.demo.processes import wait_for

DRAFT, SEND = "/cgi-bin/draft/add", "/cgi-bin/message/subscribe/send"
PUSHES, QUEUED = 100, 100_000
EVERY = timedelta(milliseconds=170)
LATENCY = 0.05
ALONE = 400  # messages wechatpy sends, one after the other
TOGETHER, TURNS = 16_000, 3


def first_call(bench: Bench) -> list[Row]:
    """From its time to the first call that is its own, over real scheduler and worker: alone, and behind a fan-out."""
    city = bench.setting.city
    for key in ("quiet_from", "quiet_to"):
        settings.write(city, key, 0, "bench")
    bench.instance.start("scheduler", "worker")
    try:
        _delays(bench, "first", 1)  # the processes are up, the cover is uploaded
        alone = _delays(bench, "alone", PUSHES)
        simulate(bench.instance, "POST", "/_sim/settings", {"sent_events": False})
        simulate(bench.instance, "POST", "/_sim/faults", {"path": SEND, "kind": "latency", "value": LATENCY})
        queued = bench.setting.fan_out(QUEUED)
        wait_for(lambda: _counts(queued)["sent"] > 0, 60, "the fan-out to begin")
        behind = _delays(bench, "behind", PUSHES)
        left = _counts(queued)["ready"]
        if left:
            fan_out.cancel(queued)
    finally:
        bench.instance.kill("scheduler", "worker")
        simulate(bench.instance, "DELETE", "/_sim/faults")
    note = f"{left:,} still queued at the end"
    return [
        Row("first call of a due push, p99", alone.percentile(0.99) / 1000, "s", 2, at_most=True, strict=False),
        Row(
            f"… with {QUEUED:,} deliveries queued", behind.percentile(0.99) / 1000, "s", 5, at_most=True,
            strict=False, note=note,
        ),
    ]  # fmt: skip


def _counts(fan_out_id: int) -> dict[str, int]:
    db.session.rollback()  # not as of the last look
    return fan_out.counts(fan_out_id)


def _delays(bench: Bench, name: str, pushes: int) -> Outcome:
    first = clock.now() + timedelta(seconds=3)
    due = {f"{name}-{number}": first + number * EVERY for number in range(pushes)}
    _plan(bench, due)
    calls: dict[str, float] = {}
    end = clock.monotonic() + (first - clock.now()).total_seconds() + pushes * EVERY.total_seconds() + 60
    while not due.keys() <= calls.keys():
        assert clock.monotonic() < end, f"{len(due.keys() - calls.keys())} drafts are missing"
        time.sleep(1)  # the simulator's log keeps the last 20,000 calls: some seconds of a fan-out
        for row in simulate(bench.instance, "GET", f"/_sim/received?path={DRAFT}")["items"]:
            calls.setdefault(row["body"]["articles"][0]["title"], row["at"])
    return Outcome(milliseconds=[(calls[title] - moment.timestamp()) * 1000 for title, moment in due.items()])


def _plan(bench: Bench, due: dict[str, datetime]) -> None:
    """An approved article for each title, published at its time."""
    column, city, now = writing.columns()[0].id, bench.setting.city, clock.now()
    with transaction() as session:
        for title, moment in due.items():
            article = Article(
                public_id=new_public_id(), node_id=city, column_id=column, state=ArticleState.APPROVED,
                created_at=now, changed_at=now,
            )  # fmt: skip
            session.add(article)
            session.flush()
            session.add(
                ArticleVersion(
                    article_id=article.id, number=1, title=title, markdown="x", html="<p>x</p>", created_at=now
                )
            )
            session.add(
                Push(
                    article_id=article.id, node_id=city, channel=Channel.PUBLISH, due_at=moment,
                    late_at=moment + timedelta(hours=2),
                    state=PushState.READY, clientmsgid=secrets.token_hex(16), created_by=bench.setting.organiser.id,
                    created_at=now,
                )
            )  # fmt: skip
        session.flush()


def against_wechatpy(bench: Bench) -> list[Row]:
    """Messages a second without latency: one worker process, and in turn wechatpy as it comes, one by one."""
    simulate(bench.instance, "POST", "/_sim/settings", {"sent_events": False})
    turns = []
    for _ in range(TURNS):
        took, _, _, sent, _ = run_alone(bench.instance, "bench.fan_out", bench.setting.fan_out(TOGETHER))
        turns.append((sent / took, _wechatpy(bench)))
    turns.sort(key=lambda turn: turn[0] / turn[1])
    ours, stock = turns[TURNS // 2]
    note = f"{ours:.0f} and {stock:.0f} a second; the middle of {TURNS} turns"
    return [Row("fan-out without latency / wechatpy one by one", ours / stock, "x", 5, note=note)]


def _wechatpy(bench: Bench) -> float:
    body = {"template": "sim_new_article", "count": ALONE}
    openids = list(simulate(bench.instance, "POST", "/_sim/subscriptions", body)["openids"])
    environ = bench.instance.environ

    class Client(WeChatClient):  # type: ignore[misc]
        API_BASE_URL = f"{environ['WECHAT_API_BASE']}/cgi-bin/"

    appid, secret = environ["WECHAT_MINI_APPID"], environ["WECHAT_MINI_SECRET"]
    asked = {"grant_type": "client_credential", "appid": appid, "secret": secret}
    token = simulate(bench.instance, "POST", "/cgi-bin/stable_token", asked)["access_token"]
    client = Client(appid, secret, access_token=token, timeout=10)
    values = {"thing1": {"value": "厨余垃圾怎么分"}, "time2": {"value": "2026-05-20 09:00"}, "thing3": {"value": "x"}}
    more = {
        "template_id": "sim_new_article",
        "page": "p",
        "data": values,
        "miniprogram_state": "formal",
        "lang": "zh_CN",
    }
    begun = time.monotonic()
    for openid in openids:
        client.post("message/subscribe/send", data={"touser": openid, "lang": "zh_CN", **more})
    return len(openids) / (time.monotonic() - begun)
