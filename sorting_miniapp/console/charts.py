"""Bar charts as inline SVG, without script or style attribute (CSP); the figures stand beside them as a table.

A chart is as wide as its place and always as high: columns stand at shares of the width, so that words keep their size
on a phone. Where the words would not fit side by side, only every second or third column carries them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

HEIGHT, FOOT, HEAD = 220, 24, 20  # px; .bars in console.css has the same height
WIDE, NARROW = 480, 280  # px a chart has beside another one, and on a phone
LETTER, DIGIT, APART = 13, 8, 6  # px of a Chinese character, of another one, and between two labels


def bars(title: str, points: Sequence[tuple[str, int]]) -> Markup:
    """A column for each (label, number); the numbers stand on the columns."""
    most = max([number for _, number in points] + [1])
    share = 100 / max(len(points), 1)
    parts = [Markup('<line class="bar-base" x1="0" y1="{0}" x2="100%" y2="{0}"/>').format(HEIGHT - FOOT)]
    for (label, number), shown in zip(points, _shown(points), strict=True):
        left = share * (len(parts) - 1)
        parts.append(_column(label, number, (HEIGHT - FOOT - HEAD) * number / most, left, share, shown))
    return Markup('<svg class="bars" role="img" aria-label="{}">{}</svg>').format(title, Markup("").join(parts))


def _column(label: str, number: int, height: float, left: float, share: float, shown: str | None) -> Markup:
    """One column, `left` and `share` in per cent of the width. `shown`: the class of its words, None for none."""
    top, middle = HEIGHT - FOOT - height, left + share / 2
    bar = Markup(
        '<rect class="bar" x="{:.2f}%" y="{:.1f}" width="{:.2f}%" height="{:.1f}"><title>{}：{}</title></rect>'
    ).format(left + share * 0.18, top, share * 0.64, height, label, number)
    if shown is None:
        return bar
    return bar + Markup(
        '<text class="{}" x="{:.2f}%" y="{:.1f}">{}</text><text class="{}" x="{:.2f}%" y="{}">{}</text>'
    ).format(shown, middle, top - 5, number or "", shown, middle, HEIGHT - 7, label)


def _shown(points: Sequence[tuple[str, int]]) -> list[str | None]:
    """For each column the class of its words, or None; counted from the end, so that the newest one has them."""
    widest = max((_width(text) for label, number in points for text in (label, str(number))), default=1)
    wide, narrow = (math.ceil(len(points) / max(room // widest, 1)) for room in (WIDE, NARROW))
    return [
        None if from_end % wide else "bar-text bar-wide" if from_end % narrow else "bar-text"
        for from_end in reversed(range(len(points)))
    ]


def _width(text: str) -> int:
    return sum(LETTER if letter > "\u2e80" else DIGIT for letter in text) + APART
