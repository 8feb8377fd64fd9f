"""Bar charts as inline SVG, without script or style attribute (CSP); the figures stand beside them as a table."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

WIDTH, HEIGHT, FOOT, HEAD = 640, 220, 24, 20


def bars(title: str, points: Sequence[tuple[str, int]]) -> Markup:
    """A column for each (label, number); the numbers stand on the columns."""
    most = max([number for _, number in points] + [1])
    step = WIDTH / max(len(points), 1)
    parts = []
    for position, (label, number) in enumerate(points):
        height = (HEIGHT - FOOT - HEAD) * number / most
        left, top = step * position + step * 0.18, HEIGHT - FOOT - height
        middle = step * (position + 0.5)
        parts.append(
            Markup(
                '<rect class="bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>'
                '<text class="bar-number" x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>'
                '<text class="bar-label" x="{:.1f}" y="{}" text-anchor="middle">{}</text>'
            ).format(left, top, step * 0.64, height, middle, top - 5, number or "", middle, HEIGHT - 7, label)
        )
    base = Markup('<line class="bar-base" x1="0" y1="{0}" x2="{1}" y2="{0}"/>').format(HEIGHT - FOOT, WIDTH)
    return Markup('<svg class="bars" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>').format(
        WIDTH, HEIGHT, title, base, Markup("").join(parts)
    )
