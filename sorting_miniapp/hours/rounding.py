"""How minutes become the hours a certificate prints, by named policies; and star levels. Pure.

Minutes are stored whole and never rounded (rules.md, Service records and hours).
"""

from __future__ import annotations

from collections.abc import Callable

STAR_HOURS = (100, 300, 600, 1000, 1500)


def half_hour(minutes: int) -> str:
    """Half hours by the table of rules.md: up to 15 minutes over a full hour 0, up to 45 a half, up to 60 one more."""
    hours, rest = divmod(minutes, 60)
    halves = hours * 2 + (0 if rest <= 15 else 1 if rest <= 45 else 2)
    return f"{halves // 2}.5" if halves % 2 else str(halves // 2)


def half_hour_down(minutes: int) -> str:
    """Full half hours only."""
    halves = minutes // 30
    return f"{halves // 2}.5" if halves % 2 else str(halves // 2)


def hour_down(minutes: int) -> str:
    """Full hours only."""
    return str(minutes // 60)


POLICIES: dict[str, tuple[str, Callable[[int], str]]] = {
    "half_hour": ("不超过15分钟不计，15至45分钟计半小时，45分钟以上计1小时", half_hour),
    "half_hour_down": ("以半小时为单位，不足的不计", half_hour_down),
    "hour_down": ("以小时为单位，不足的不计", hour_down),
}


def by_policy(name: str, minutes: int) -> tuple[str, str]:
    """(hours as printed, the policy in words). An unknown name means the default, half_hour."""
    label, policy = POLICIES.get(name, POLICIES["half_hour"])
    return policy(minutes), label


def stars(minutes: int) -> int:
    """0 to 5 stars: 100, 300, 600, 1,000, 1,500 hours."""
    return sum(minutes >= hours * 60 for hours in STAR_HOURS)


def to_next_star(minutes: int) -> int | None:
    """The minutes still missing to the next star; None with five."""
    return next((hours * 60 - minutes for hours in STAR_HOURS if minutes < hours * 60), None)


def words(minutes: int) -> str:
    """`2小时30分钟`, exact, for people."""
    hours, rest = divmod(minutes, 60)
    return "".join(part for part in (f"{hours}小时" if hours else "", f"{rest}分钟" if rest or not hours else ""))
