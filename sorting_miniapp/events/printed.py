"""A printed mini-program code for a large event: permanent, so it is allowed only where i志愿 allows check-in by place.

The scene is opaque and names an event, not a person. Where the resident stands is compared with the event's place and
forgotten: only inside or outside is kept, as a hint for staff (rules.md, Personal data).
"""

from __future__ import annotations

import io
import math
import secrets
from typing import Any

from sqlalchemy import Row, func, select, update

from sorting_miniapp import audit, clock, wechat
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Invalid, NotFound, Unavailable
from sorting_miniapp.events import planning
from sorting_miniapp.events.attendance import OPENS_BEFORE, OUT_GRACE, PRESENT, sign_ups
from sorting_miniapp.events.models import CheckIn, Event, EventState, Shift, ShiftState, SignUp
from sorting_miniapp.events.models_day import PrintedCode
from sorting_miniapp.jobs import kinds
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.wechat.errors import WeChatError

PAGE = "pages/checkin/index"
KIND = "event_printed_code"
EARTH = 6_371_000.0  # metres


def of(event_id: int) -> PrintedCode | None:
    """The event's code in force."""
    query = select(PrintedCode).where(PrintedCode.event_id == event_id, PrintedCode.closed_at.is_(None))
    return db.session().scalar(query.order_by(PrintedCode.id.desc()).limit(1))


def allowed(event: Event, path: str) -> bool:
    """Whether the event is large enough (rules.md: by own location only for events of 100 people and more)."""
    places = select(func.sum(Shift.capacity)).where(Shift.event_id == event.id, Shift.state != ShiftState.CANCELLED)
    return int(db.session().scalar(places) or 0) >= int(settings.read("printed_code_people", path))


def issue(actor: StaffActor, event_id: int) -> PrintedCode:
    """The event's code, made when there is none; audited. Raises NotFound, Forbidden, Conflict."""
    event, node = planning.get(actor, event_id, change=True)
    if event.state is not EventState.PUBLISHED:
        raise Conflict("not_published", "只有已发布的活动可以用现场海报签到")
    if not allowed(event, node.path):
        least = settings.read("printed_code_people", node.path)
        raise Conflict("event_too_small", f"{least} 人及以上的活动才能用现场海报签到，请用轮换的签到码")
    with transaction() as session:
        session.execute(select(Event.id).where(Event.id == event_id).with_for_update())
        found = of(event_id)
        if found is None:
            found = PrintedCode(event_id=event_id, scene=f"c{secrets.token_urlsafe(12)}")
            found.created_by, found.created_at = actor.id, clock.now()
            session.add(found)
            session.flush()
            audit.record(actor.username, "event.printed_code", "event", event_id, node_path=node.path)
    return found


def close(actor: StaffActor, event_id: int) -> None:
    """Take the code out of force, as when a picture of it goes round; audited. Raises NotFound, Forbidden."""
    _, node = planning.get(actor, event_id, change=True)
    with transaction() as session:
        live = (PrintedCode.event_id == event_id, PrintedCode.closed_at.is_(None))
        if session.execute(update(PrintedCode).where(*live).values(closed_at=clock.now())).rowcount:  # type: ignore[attr-defined]
            audit.record(actor.username, "event.close_printed_code", "event", event_id, node_path=node.path)


def find(resident_id: int, scene: str, near: tuple[float, float] | None) -> tuple[Row[*tuple[Any, ...]], bool | None]:
    """The resident's sign-up that a printed code means now, and whether they are at the place (None: not known).

    A shift with an open pair comes first, then the earliest. Raises Invalid token_invalid, Conflict not_signed_up.
    """
    event_id = db.session().scalar(
        select(PrintedCode.event_id).where(PrintedCode.scene == scene, PrintedCode.closed_at.is_(None))
    )
    if event_id is None:
        raise Invalid("token_invalid", "签到码不对或已停用，请联系现场工作人员")
    now = clock.now()
    is_open = select(CheckIn.id).where(CheckIn.sign_up_id == SignUp.id, CheckIn.open == 1).exists()
    row = (
        db.session()
        .execute(
            sign_ups()
            .add_columns(Event.lat_e5, Event.lng_e5, Node.path)
            .join(Node, Node.id == Event.node_id)
            .where(
                Event.id == event_id,
                SignUp.resident_id == resident_id,
                SignUp.live == 1,
                SignUp.state.in_(PRESENT),
                Shift.starts_at <= now + OPENS_BEFORE,
                Shift.ends_at >= now - OUT_GRACE,
            )
            .order_by(is_open.desc(), Shift.starts_at, Shift.id)
        )
        .first()
    )
    if row is None:
        raise Conflict("not_signed_up", "您没有报名现在的场次，请联系现场工作人员")
    return row, _inside(row, near)


def _inside(row: Row[*tuple[Any, ...]], near: tuple[float, float] | None) -> bool | None:
    if near is None or row.lat_e5 is None or row.lng_e5 is None:
        return None
    lat, lng = math.radians(row.lat_e5 / 100_000), math.radians(row.lng_e5 / 100_000)
    north = math.radians(near[0]) - lat
    east = (math.radians(near[1]) - lng) * math.cos(lat)
    return math.hypot(north, east) * EARTH <= int(settings.read("check_in_metres", row.path))


def poster(asked: kinds.Asked, progress: kinds.Progress) -> kinds.File:
    """A4 sheet with the code, made in the worker. Raises NotFound, Unavailable when WeChat does not draw it."""
    from fpdf import FPDF
    from pylopdf_fonts_zh_cn import serif_path

    event = db.session().get(Event, int(asked.parameters["event"]))
    code = of(event.id) if event else None
    if event is None or code is None:
        raise NotFound("printed_code_closed", "这个活动的海报签到码已停用")
    title, place, scene = event.title, event.place, code.scene
    progress(0, 1, "正在向微信取小程序码")
    db.session().commit()
    try:
        picture = wechat.mini().code_image(scene, PAGE, 1280)
    except WeChatError as error:
        raise Unavailable("wechat_unavailable", f"微信没有生成小程序码：{error.explanation}") from None
    sheet = FPDF(format="A4")
    sheet.set_margin(20)
    sheet.add_font("zh", fname=str(serif_path()))
    sheet.set_title(title)
    sheet.add_page()
    sheet.set_font("zh", size=28)
    sheet.multi_cell(0, 14, title, align="C", new_x="LMARGIN", new_y="NEXT")
    sheet.set_font("zh", size=16)
    sheet.multi_cell(0, 12, place, align="C", new_x="LMARGIN", new_y="NEXT")
    sheet.image(io.BytesIO(picture), x=35, y=sheet.get_y() + 6, w=140)
    sheet.set_y(sheet.get_y() + 154)
    sheet.set_font("zh", size=22)
    sheet.multi_cell(0, 13, "到场请扫码签到，离开请再扫一次签退", align="C", new_x="LMARGIN", new_y="NEXT")
    sheet.set_font("zh", size=12)
    sheet.multi_cell(0, 8, "位置只用来判断是否在活动现场，不保存您在哪里；不提供位置也可以签到。", align="C")
    return kinds.File(f"现场签到海报-{title}.pdf", "application/pdf", [bytes(sheet.output())])


def register() -> None:
    kinds.register(kinds.Kind(KIND, "现场签到海报", (Role.ORGANISER,), poster))
