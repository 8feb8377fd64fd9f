"""Web addresses that staff type."""

from __future__ import annotations

from urllib.parse import urlsplit

LONGEST = 500


def is_web(url: str) -> bool:
    """Whether it is an http or https address with a host, of a length that is kept."""
    try:
        return len(url) <= LONGEST and url.startswith(("http://", "https://")) and bool(urlsplit(url).hostname)
    except ValueError:
        return False
