"""Where waste goes: collection points, pavilions, outlets; what residents report about them, and how it ends."""

from __future__ import annotations


def init_app() -> None:
    """Name the worker's job and listen for WeChat's opinions of pictures; calling it twice does it once."""
    from sorting_miniapp.jobs import kinds
    from sorting_miniapp.places import exports, pictures
    from sorting_miniapp.wechat.media_checks import media_checked

    kinds.register(exports.JOB)
    media_checked.connect(pictures.on_checked)
