"""Who must approve a day's service: i志愿's tiers per person and day (rules.md, Service records). Pure."""

from __future__ import annotations

from sorting_miniapp.hours.models import Tier


def needed(day_minutes: int, own_hours: int, parent_hours: int) -> Tier:
    """The tier for a day whose minutes, the record's own included, come to `day_minutes`.

    Up to `own_hours` it takes effect by itself, up to `parent_hours` the parent unit approves, beyond the highest.
    """
    if day_minutes <= own_hours * 60:
        return Tier.OWN
    return Tier.PARENT if day_minutes <= parent_hours * 60 else Tier.HIGHEST


def path_for(tier: Tier, path: str) -> str:
    """The node at which the approver must hold the role: the unit, its parent, the city."""
    if tier is Tier.OWN:
        return path
    parts = path.rstrip("/").split("/")
    if tier is Tier.HIGHEST or len(parts) == 1:
        return f"{parts[0]}/"
    return "/".join(parts[:-1]) + "/"
