"""What WeChat tells about publishing and mass sends. Events get lost, doubled and late: they only hurry the poll, whose
answer is the truth (wechat.md §6, 15), and add what the poll does not say.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import exists, select, update

from sorting_miniapp.articles.models import Channel, Push, PushState
from sorting_miniapp.articles.push_claim import RUNNING
from sorting_miniapp.db import transaction
from sorting_miniapp.deliveries import fan_out
from sorting_miniapp.wechat.events import Event, Later

# Tencent: "群发结果推送", the numbers of err(num); others occur and are shown as they are.
MASS_FAILURES = {
    "10001": "涉嫌广告",
    "20001": "涉嫌政治",
    "20002": "涉嫌色情",
    "20004": "涉嫌社会",
    "20006": "涉嫌违法犯罪",
    "20008": "涉嫌欺诈",
    "20013": "涉嫌版权",
    "21000": "涉嫌其他",
    "22000": "涉嫌互推",
    "30003": "原创校验不通过",
}


# A mass send that WeChat may have begun, whose msg_id only the next try will tell.
UNANSWERED = exists().where(
    Push.channel == Channel.MASS, Push.state.in_(RUNNING), Push.called_at.is_not(None), Push.remote_id == ""
)


def on_published(event: Event) -> None:
    """publishjobfinish, in both spellings."""
    info = event.body.get("PublishEventInfo")
    publish_id = str(info.get("publish_id", "")) if isinstance(info, dict) else ""
    with transaction() as session:
        _hurry(session, Channel.PUBLISH, publish_id)


def hurry_mass_send(event: Event) -> dict[str, Any]:
    """Poll at once. It stands outside the transaction of `on_mass_sent`, which may have to come back."""
    with transaction() as session:
        _hurry(session, Channel.MASS, str(event.body.get("MsgID", "")))
    return {}


def on_mass_sent(event: Event) -> None:
    """masssendjobfinish: the numbers of people, and why it failed. Raises Later until the push has its msg_id, and for
    a failure until the poll has ended it."""
    msg_id, status = str(event.body.get("MsgID", "")), str(event.body.get("Status", "")).strip()
    with transaction() as session:
        push = session.scalar(
            select(Push).where(Push.remote_id == msg_id, Push.channel == Channel.MASS).with_for_update()
        )
        if push is None or not msg_id:
            if not event.last and session.scalar(select(UNANSWERED)):
                raise Later  # the administrator's yes, or a lost answer: the job runs before its number is known here
            return
        push.followers, push.reached = _number(event.body.get("TotalCount")), _number(event.body.get("SentCount"))
        if status.replace(" ", "").lower() == "sendsuccess":
            return
        if push.state in RUNNING and not event.last:
            raise Later
        if push.state is PushState.HELD:
            number = status.removeprefix("err(").removesuffix(")").strip()
            why = MASS_FAILURES.get(number, f"微信未说明（{status[:30]}）")
            push.reason = f"公众号没有发送成功：{why}"[:200]


def on_settled(_sender: Any, fan_out_id: int) -> None:
    """A lost answer was found: a push whose messages are now all accounted for is no longer partly failed."""
    counts = fan_out.counts(fan_out_id)
    if counts["failed"] + counts["unknown"]:
        return
    with transaction() as session:
        session.execute(
            update(Push)
            .where(Push.fan_out_id == fan_out_id, Push.state == PushState.PARTLY_FAILED)
            .values(state=PushState.SENT)
        )


def _hurry(session: Any, channel: Channel, remote_id: str) -> None:
    if remote_id:
        mine = (Push.remote_id == remote_id, Push.channel == channel, Push.state.in_(RUNNING))
        session.execute(update(Push).where(*mine).values(not_before=None))


def _number(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
