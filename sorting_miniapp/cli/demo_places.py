"""A handful of places for `make run`, so that there is something to look at: invented, and each says 演示 in its name.

Production never has them: nothing but `make run` calls this, and it is refused there. Loading twice changes nothing.
"""

from __future__ import annotations

from flask import current_app

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import Grant, StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.errors import Conflict
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.places import service
from sorting_miniapp.places.drafts import Draft

MARK = "（演示）"
FOUR = ("recyclable", "food", "hazardous", "residual")
# (code, kind, name, latitude, longitude, hours, classes); all in the town 连州镇.
PLACES: tuple[tuple[str, str, str, float, float, str, tuple[str, ...]], ...] = (
    ("YS001", "collection_point", "一号投放点", 24.78110, 112.37710, "06:00-22:00", FOUR),
    ("YS002", "collection_point", "二号投放点", 24.78420, 112.38050, "07:00-09:00、18:00-21:00", FOUR),
    ("YS003", "pavilion", "三号分类亭", 24.77680, 112.37390, "全天", FOUR),
    ("YS004", "outlet", "四号回收网点", 24.79010, 112.38620, "周一至周六 08:30-17:30", ("recyclable",)),
    ("YS005", "hazardous_point", "五号有害垃圾收集点", 24.77320, 112.38110, "工作日 09:00-17:00", ("hazardous",)),
    ("YS006", "bulky_point", "六号大件垃圾投放点", 24.76950, 112.36780, "周末 09:00-12:00", ("bulky", "renovation")),
)


def make() -> int:
    """Add those that are missing. Returns how many were added. Raises Conflict in production."""
    if current_app.extensions["settings"].production:
        raise Conflict("production", "生产环境不能载入演示数据")
    town = orgs.by_key("lianzhou-zhen")
    assert town
    actor = StaffActor(0, "demo", "演示", (Grant(Role.ADMIN, 0, town.path),))
    made = 0
    for code, kind, name, lat, lng, hours, classes in PLACES:
        if service.by_code(code) is not None:
            continue
        draft = Draft(
            code=code, kind=kind, name=name + MARK, node_id=town.id, address="演示地址", lat=lat, lng=lng,
            hours=hours, classes=classes, source="演示数据，不是真实点位", checked_on=clock.today(),
        )  # fmt: skip
        service.save(actor, None, draft)
        made += 1
    return made
