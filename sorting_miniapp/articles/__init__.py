"""Articles with three reviews, slogans at head and foot, and the pushes that carry them out."""

from __future__ import annotations


def init_app() -> None:
    """Handle WeChat's events about publishing and mass sends; calling it twice registers once."""
    from sorting_miniapp.articles import wechat_events
    from sorting_miniapp.deliveries.signals import delivery_settled
    from sorting_miniapp.wechat.events import on

    on("publishjobfinish", wechat_events.on_published)
    on("masssendjobfinish", wechat_events.on_mass_sent, wechat_events.hurry_mass_send)
    delivery_settled.connect(wechat_events.on_settled)
