"""The outbox: one row for every message to a resident, its claims, its sending, its end; subscription credits."""

from __future__ import annotations


def init_app() -> None:
    """Handle WeChat's events about subscribe messages; calling it twice registers once."""
    from sorting_miniapp.deliveries import wechat_events
    from sorting_miniapp.wechat.events import on

    on("subscribe_msg_popup_event", wechat_events.on_popup)
    on("subscribe_msg_change_event", wechat_events.on_change)
    on("subscribe_msg_sent_event", wechat_events.on_sent)
