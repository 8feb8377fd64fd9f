"""`flask demo figures-2025`: the figures of Lianzhou's report of 2025, for a demonstration; refused in production.

What the report states is entered as it states it (余 and 约 included): as entries signed off by a second person, as 27
publicity events and 4 trainings with their head counts, whose single numbers are invented so that they add up to the
report's totals; their titles say 演示. Loading twice changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import current_app
from sqlalchemy import exists, select

from sorting_miniapp.accounts import staff, staff_admin
from sorting_miniapp.accounts.access import Grant, StaffActor
from sorting_miniapp.accounts.models import Role, Staff
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict
from sorting_miniapp.events import reported
from sorting_miniapp.events.models_counts import CountKind
from sorting_miniapp.figures import ledger
from sorting_miniapp.figures.models import EntryHow, Figure, FigureEntry, FigureOwner
from sorting_miniapp.figures.styles import Bound
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import Node

YEAR = "2025"
DOCUMENT = "连州市2025年生活垃圾分类工作情况（演示数据）"
OVER, ABOUT = Bound.AT_LEAST, Bound.ABOUT
# (figure, value in whole units, what the report says of it); 31 万元 is about, 280 元 exact.
TABLE: tuple[tuple[str, int, Bound], ...] = (
    ("dang-huodong", 1350, OVER),
    ("dang-dangyuan", 13_300, OVER),
    ("dang-chuandan", 80_300, OVER),
    ("meiti-gaojian", 50, OVER),
    ("xuanchuan-baodao", 4, Bound.EXACT),
    ("sheyingjie-changci", 1, Bound.EXACT),
    ("zhou-qidong-ren", 780, ABOUT),
    ("zhujian-renci", 445, ABOUT),
    ("zhujian-liangci", 134, ABOUT),
    ("zhujian-zhenggai", 96, Bound.EXACT),
    ("zhujian-anqi", 93, Bound.EXACT),
    ("zhujian-lian", 3, Bound.EXACT),
    ("zhujian-fakuan", 280, Bound.EXACT),
    ("shiguan-baozhuang-renci", 274, Bound.EXACT),
    ("shiguan-baozhuang-jia", 110, Bound.EXACT),
    ("shiguan-canyin-renci", 1030, Bound.EXACT),
    ("shiguan-canyin-jia", 636, Bound.EXACT),
    ("shiguan-canchu-jia", 636, Bound.EXACT),
    ("shiguan-nongmao-renci", 148, Bound.EXACT),
    ("shiguan-nongmao-ge", 96, Bound.EXACT),
    ("gongxin-chaoshi", 21, Bound.EXACT),
    ("gongxin-jiudian", 90, Bound.EXACT),
    ("gongxin-huishou", 130, Bound.EXACT),
    ("gongxin-kuaidi", 83, Bound.EXACT),
    ("gongxin-jiancha", 648, Bound.EXACT),
    ("zhiyuan-tuanti", 421, Bound.EXACT),
    ("zhiyuan-ren", 60_882, Bound.EXACT),
    ("zhiyuan-huodong", 395, Bound.EXACT),
    ("zhiyuan-renci", 14_593, Bound.EXACT),
    ("gonghui-huodong", 26, Bound.EXACT),
    ("gonghui-dangjian", 11, Bound.EXACT),
    ("gonghui-shehui", 6, Bound.EXACT),
    ("gonghui-ren", 100, OVER),
    ("gonghui-fuwu", 1000, OVER),
    ("sheshi-gengxin", 230, Bound.EXACT),
    ("sheshi-gengxin-yuan", 156, Bound.EXACT),
    ("sheshi-tingpeng", 26, Bound.EXACT),
    ("sheshi-tingpeng-yuan", 31, ABOUT),
)
TRAININGS = ((date(2025, 3, 31), 412), (date(2025, 4, 21), 386), (date(2025, 5, 19), 365), (date(2025, 5, 26), 360))
OPENING = date(2025, 5, 25)
EVENTS, DIRECT, INFLUENCED = 27, 15_000, 40_000


@dataclass(frozen=True)
class Hands:
    """The two people of the demonstration: one enters, the other signs off."""

    enters: StaffActor
    signs: StaffActor


def load() -> dict[str, int]:
    """Load everything that is not there yet; counts by kind. Raises Conflict in production."""
    if current_app.extensions["settings"].production:
        raise Conflict("production", "生产环境不能载入演示数据")
    with transaction():
        hands = Hands(_person("demo-enter", "演示填报员"), _person("demo-sign", "演示核对员"))
        return {"填报": _entries(hands), "培训": _trainings(hands.enters), "宣传活动": _events(hands.enters)}


def _person(username: str, name: str) -> StaffActor:
    """A member of staff who cannot sign in: the account is closed at once."""
    city = orgs.root()
    found = db.session().scalar(select(Staff).where(Staff.username == username))
    if found is None:
        staff_id = staff.create(username, name, staff_admin.new_password(), "demo")
        found = db.session().get_one(Staff, staff_id)
        found.active = False
    return StaffActor(found.id, username, name, (Grant(Role.ADMIN, 0, city.path), Grant(Role.ORGANISER, 0, city.path)))


def _entries(hands: Hands) -> int:
    session, made = db.session(), 0
    for key, value, bound in TABLE:
        figure = session.scalars(select(Figure).where(Figure.key == key)).one()
        owner = session.scalars(select(FigureOwner.node_id).where(FigureOwner.figure_id == figure.id).limit(1)).one()
        here = (FigureEntry.figure_id == figure.id, FigureEntry.node_id == owner, FigureEntry.period == YEAR)
        if session.scalar(select(exists().where(*here))):
            continue
        values = ledger.Values(value * 100, bound, DOCUMENT)
        ledger.sign(
            hands.signs, ledger.enter(hands.enters, figure.id, owner, YEAR, values, EntryHow.SHEET), accept=True
        )
        made += 1
    return made


def _report(actor: StaffActor, node: Node, activity: reported.Activity) -> int:
    try:
        reported.report(actor, node.id, activity)
    except Conflict:
        return 0
    return 1


def _trainings(actor: StaffActor) -> int:
    school = orgs.by_key("shiwei-dangxiao")
    assert school
    made = 0
    for number, (day, people) in enumerate(TRAININGS, start=1):
        heads = {CountKind.DIRECT: people}
        title = f"生活垃圾分类专题培训第{number}期（演示）"
        made += _report(
            actor, school, reported.Activity(title, "training", day, "市委党校", "", (), heads, "演示填报员", "签到表")
        )
    return made


def _events(actor: StaffActor) -> int:
    """27 events over the year, in the lead department and the towns; the publicity week's opening is one of them."""
    hosts = [node for node in orgs.visible([orgs.root().path]) if node.lead or node.kind.value == "town"]
    rest = EVENTS - 1
    people, reach = _shares(DIRECT - 780, rest), _shares(INFLUENCED - 2_000, rest)
    made = 0
    for number in range(EVENTS):
        opening = number == 0
        host = hosts[0] if opening else hosts[number % len(hosts)]
        heads = {
            CountKind.DIRECT: 780 if opening else people[number - 1],
            CountKind.INFLUENCED: 2_000 if opening else reach[number - 1],
        }
        day = OPENING if opening else date(2025, 1 + number % 12, 1 + number)
        title = "宣传周启动仪式（演示）" if opening else f"垃圾分类宣传活动第{number}场（演示）"
        tags = ("xuanchuanzhou",) if opening else (("jin-shequ", "dangjian") if number % 3 else ("jin-xuexiao",))
        place = "市图书馆" if opening else ""
        made += _report(
            actor, host, reported.Activity(title, "publicity", day, place, "", tags, heads, "演示填报员", "现场清点")
        )
    return made


def _shares(total: int, count: int) -> list[int]:
    """`count` different whole numbers that add up to `total`."""
    shares = [total // count + step - count // 2 for step in range(count)]
    shares[-1] += total - sum(shares)
    return shares
