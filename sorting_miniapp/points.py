"""A point on the map: read from `latitude,longitude`, measured, boxed. Nothing here is ever stored.

Coordinates are degrees of GCJ-02, the system of WeChat's map; kept ones are whole units of 0.00001 degree (1.1 m).
"""

from __future__ import annotations

import math
import re
from typing import Any

import marshmallow as ma

PATTERN = re.compile(r"(-?\d{1,2}(?:\.\d{1,10})?),(-?\d{1,3}(?:\.\d{1,10})?)")
WHOLE = f"^{PATTERN.pattern}$"
E5 = 100_000
EARTH = 6_371_009.0  # mean radius in metres


def read(text: str) -> tuple[float, float] | None:
    """(latitude, longitude) of a text; None for what is none."""
    found = PATTERN.fullmatch(text)
    if found is None:
        return None
    lat, lng = float(found[1]), float(found[2])
    return (lat, lng) if on_earth(lat, lng) else None


def on_earth(lat: float, lng: float) -> bool:
    return -90 <= lat <= 90 and -180 <= lng <= 180


def metres(one: tuple[float, float], other: tuple[float, float]) -> int:
    """The distance along the ground (haversine), in whole metres."""
    lat, other_lat = math.radians(one[0]), math.radians(other[0])
    north, east = other_lat - lat, math.radians(other[1] - one[1])
    half = math.sin(north / 2) ** 2 + math.cos(lat) * math.cos(other_lat) * math.sin(east / 2) ** 2
    return round(2 * EARTH * math.asin(min(1.0, math.sqrt(half))))


def box(centre: tuple[float, float], radius: float) -> tuple[int, int, int, int] | None:
    """(south, north, west, east) in units of 0.00001 degree around everything within `radius` metres.

    None where such a box would hold a pole or the date line: then everything has to be looked at.
    """
    lat, lng = centre
    angle = radius / EARTH
    high = math.degrees(angle)
    if abs(lat) + high >= 90:
        return None
    wide = math.degrees(math.asin(math.sin(angle) / math.cos(math.radians(lat))))
    if abs(lng) + wide >= 180:
        return None
    edges = (lat - high, lat + high, lng - wide, lng + wide)
    south, north, west, east = (edge * E5 for edge in edges)
    return math.floor(south), math.ceil(north), math.floor(west), math.ceil(east)


class Point(ma.fields.Field[tuple[float, float]]):
    """`latitude,longitude` in degrees, read to `decimals`: where a person stands is theirs."""

    default_error_messages = {"invalid": "须为“纬度,经度”，例如 24.779,112.377"}

    def __init__(self, decimals: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.decimals = decimals

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[float, float]:
        found = read(value) if isinstance(value, str) else None
        if found is None:
            raise self.make_error("invalid")
        return round(found[0], self.decimals), round(found[1], self.decimals)
