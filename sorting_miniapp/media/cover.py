"""The cover of an article that has none: the four bins in their colours. WeChat requires a cover (wechat.md §2.4)."""

from __future__ import annotations

import functools
import io

SIZE = (900, 383)
COLOURS = ("#1d5fa8", "#b3261e", "#2e7d32", "#5f6368")


@functools.cache
def default_cover() -> bytes:
    """A JPEG of 900 x 383, WeChat's proportion for covers."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", SIZE, "#f4f7f2")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 318, SIZE[0], SIZE[1]), fill="#dfe8da")
    for number, colour in enumerate(COLOURS):
        left = 110 + number * 180
        draw.rounded_rectangle((left, 130, left + 140, 318), 12, fill=colour)
        draw.rounded_rectangle((left - 12, 98, left + 152, 128), 8, fill=colour)
        draw.ellipse((left + 45, 190, left + 95, 240), outline="#ffffff", width=8)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=88)
    return out.getvalue()
