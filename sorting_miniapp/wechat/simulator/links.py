"""Mini-program codes and URL links (wechat.md §2.5)."""

from __future__ import annotations

import io
import re
import secrets
from typing import Any

from sorting_miniapp.wechat.simulator import fields
from sorting_miniapp.wechat.simulator.state import Refused, State

SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")
VERSIONS = ("release", "trial", "develop")
MONTH = 30 * 86400


def check_page(state: State, page: str) -> None:
    """41030 for a page that is not in the released version; an empty one is the front page."""
    released = state.settings.released_pages
    if page and released and page.lstrip("/").partition("?")[0] not in released:
        raise Refused(41030, "invalid page")


def _ink(body: dict[str, Any]) -> tuple[int, int, int]:
    if fields.flag(body, "auto_color", False) or "line_color" not in body:
        return (0, 0, 0)
    given = fields.part(body, "line_color")
    try:
        red, green, blue = (int(given[name]) for name in ("r", "g", "b"))
    except (KeyError, TypeError, ValueError):
        raise Refused(40097, "invalid args hint: [line_color]") from None
    return (red % 256, green % 256, blue % 256)


def code_image(state: State, body: dict[str, Any]) -> bytes:
    """wxa/getwxacodeunlimit: a JPEG that a scanner reads the scene from; a transparent PNG with is_hyaline."""
    import segno
    from PIL import Image

    scene, page = fields.text(body, "scene", 40169), fields.text(body, "page", default="")
    if not SCENE.fullmatch(scene):
        raise Refused(40169, "invalid length for scene, or the data is not json string")
    version = fields.text(body, "env_version", default="release")
    width = fields.whole(body, "width", default=430)
    if version not in VERSIONS or not 280 <= width <= 1280:
        raise Refused(40097, "invalid args hint: [env_version, width]")
    if page.startswith("/") or "?" in page:
        raise Refused(41030, "invalid page")
    if fields.flag(body, "check_path", True) and version == "release":
        check_page(state, page)
    clear, ink = fields.flag(body, "is_hyaline", False), _ink(body)
    drawn, out = io.BytesIO(), io.BytesIO()
    segno.make(scene, error="m").save(drawn, kind="png", scale=8, dark=ink, light=None if clear else "white")
    drawn.seek(0)
    image = Image.open(drawn).convert("RGBA" if clear else "RGB").resize((width, width), Image.Resampling.NEAREST)
    image.save(out, "PNG" if clear else "JPEG", quality=90)
    return out.getvalue()


def url_link(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """wxa/generate_urllink: good for 30 days at most."""
    path, query = fields.text(body, "path", default=""), fields.text(body, "query", default="")
    if path.startswith("/") or "?" in path:
        raise Refused(40165, "invalid weapp pagepath")
    if state.settings.released_pages and path and path not in state.settings.released_pages:
        raise Refused(40165, "invalid weapp pagepath")
    if len(query) > 1024:
        raise Refused(40212, "invalid query")
    if fields.text(body, "env_version", default="release") not in VERSIONS:
        raise Refused(40097, "invalid args hint: [env_version]")
    days = fields.whole(body, "expire_interval", default=0)
    until = fields.whole(body, "expire_time", default=int(state.now()) + MONTH - 60)
    by_days = fields.whole(body, "expire_type", default=0) == 1
    if not (1 <= days <= 30 if by_days else state.now() < until <= state.now() + MONTH):
        raise Refused(85401, "time limit between 1min and 30day")
    return {"url_link": f"https://wxaurl.cn/{secrets.token_urlsafe(8)}"}
