"""What residents ask for, and what editors change in the dictionary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Forbidden, Invalid, NotFound
from sorting_miniapp.guide import names, rows, words
from sorting_miniapp.guide.cache import changed
from sorting_miniapp.guide.models import (
    SUBCLASSES,
    Item,
    Name,
    WasteClass,
)
from sorting_miniapp.media import service as media
from sorting_miniapp.teaching import sync
from sorting_miniapp.teaching.models import ChangeKind

MOST_ALIASES = 100
MOST_PARTS = 8
PART = "item"
PAGE = 50


@dataclass(frozen=True)
class Draft:
    """An item as an editor types it; `aliases` and `local_names` are other names, `parts` are (name, class's code)."""

    name: str
    waste_class: str
    subclass: str
    why: str
    how: str
    basis: str
    note: str = ""
    aliases: tuple[str, ...] = ()
    local_names: tuple[str, ...] = ()
    conditions: str = ""
    parts: tuple[tuple[str, str], ...] = ()
    low_value: bool = False
    season: str = ""
    confidence: str = "high"
    reviewer: str = ""
    family: str = ""


LENGTHS = {
    "name": 40, "why": 300, "how": 300, "basis": 200, "note": 300, "conditions": 300, "season": 20, "reviewer": 40,
    "family": 60,
}  # fmt: skip
LABELS = {
    "name": "名称", "why": "为什么", "how": "怎样投放", "basis": "依据", "note": "地区差异", "conditions": "条件",
    "season": "时令", "reviewer": "复核", "family": "同组",
}  # fmt: skip
NEEDED = ("name", "why", "how", "basis")


def draft_of(row: Mapping[str, Any]) -> Draft:
    """A row of the files, or of the history, as an editor would type it."""
    same = (
        "name",
        "subclass",
        "why",
        "how",
        "basis",
        "note",
        "conditions",
        "season",
        "confidence",
        "reviewer",
        "family",
    )
    return Draft(
        **{key: row[key] for key in same}, waste_class=row["category"], low_value=row["low_value"] == "1",
        aliases=tuple(rows.several(row["aliases"])), local_names=tuple(rows.several(row["local_names"])),
        parts=tuple(rows.parts(row["parts"])),
    )  # fmt: skip


def _checked(draft: Draft) -> dict[str, Any]:
    values: dict[str, Any] = {key: getattr(draft, key).strip() for key in LENGTHS}
    for key, most in LENGTHS.items():
        if len(values[key]) > most:
            raise Invalid(key, f"{LABELS[key]}不能超过 {most} 个字")
        if not values[key] and key in NEEDED:
            raise Invalid(key, f"请填写{LABELS[key]}")
    if draft.waste_class not in set(WasteClass):
        raise Invalid("waste_class", "请选择类别")
    values["waste_class"] = WasteClass(draft.waste_class)
    if draft.subclass and draft.subclass not in SUBCLASSES[values["waste_class"]]:
        raise Invalid("subclass", "这个小类不属于所选的类别")
    names = draft.aliases + draft.local_names
    if len(names) > MOST_ALIASES or any(len(one) > words.LONGEST for one in names):
        raise Invalid("aliases", f"别名最多 {MOST_ALIASES} 个，每个不超过 {words.LONGEST} 个字")
    if draft.low_value and values["waste_class"] is not WasteClass.RECYCLABLE:
        raise Invalid("low_value", "只有可回收物才分低值")
    if draft.confidence not in rows.CONFIDENCE:
        raise Invalid("confidence", "请选择把握程度")
    if len(draft.parts) > MOST_PARTS or any(code not in set(WasteClass) or not name for name, code in draft.parts):
        raise Invalid("parts", f"每行写一个部分和它的类别，如“蛋糕：厨余垃圾”，最多 {MOST_PARTS} 行")
    parts = [{"name": name, "category": code} for name, code in draft.parts]
    return values | {
        "subclass": draft.subclass, "low_value": draft.low_value, "confidence": draft.confidence, "parts": parts,
    }  # fmt: skip


def is_editor(actor: StaffActor) -> bool:
    """The dictionary is the city's: whether this is an editor at the root of the tree."""
    return any(grant.role is Role.EDITOR and grant.path.count("/") == 1 for grant in actor.grants)


def require_editor(actor: StaffActor) -> None:
    """Raises Forbidden for anybody but an editor of the city."""
    if not is_editor(actor):
        raise Forbidden("city_editor", "词条由市级编辑维护")


def save(actor: StaffActor, key: str, draft: Draft, active: bool = True, kind: ChangeKind = ChangeKind.EDITED) -> str:
    """Change the item `key`, or make a new one where key is ''; returns its key. Raises Invalid, Conflict, NotFound."""
    require_editor(actor)
    values = _checked(draft)
    with transaction() as session:
        item = session.scalar(select(Item).where(Item.key == key).with_for_update()) if key else None
        if key and item is None:
            raise NotFound("item_not_found", "没有找到这个词条")
        before = row_of(item) if item is not None and item.active else None
        if item is None:
            item = Item(key=f"s-{clock.wall_now():%Y%m%d%H%M%S%f}")
            session.add(item)
        for field, value in (values | {"active": active, "changed_at": clock.now()}).items():
            setattr(item, field, value)
        others = [(one, False) for one in draft.aliases] + [(one, True) for one in draft.local_names]
        _free(session, key, [draft.name, *(name for name, _ in others)])
        try:
            session.flush()
            names.forget(session, [item.id])
            names.write(session, [(item.id, item.name, others)])
        except IntegrityError as error:  # somebody else took the name in the same moment
            raise Conflict("name_used", "这个名称或别名已经属于别的词条") from error
        changed()
        after = row_of(item) if active else None
        sync.record(session, PART, item.key, actor.username, kind, before, after)
        audit.record(
            actor.username, f"item.{'save' if kind is ChangeKind.EDITED else 'roll_back'}", "item", item.key,
            before=before, after=(after or {}) | {"active": active},
        )  # fmt: skip
        return item.key


def _free(session: Session, key: str, wanted: Sequence[str]) -> None:
    """No wanted name is another item's. Raises Conflict that says whose it is."""
    taken = session.execute(
        select(Name.shown, Item.name, Item.key, Item.active)
        .join(Item, Item.id == Name.item_id)
        .where(Name.folded.in_({words.fold(one) for one in wanted}), Item.key != key, Name.derived.is_(False))
        .order_by(Name.folded)
    )
    told = [f"“{row.shown}”已经属于词条“{row.name}”{'' if row.active else '（已停用）'}" for row in taken]
    if told:
        raise Conflict("name_used", "名称或别名已经属于别的词条：" + "；".join(told), {"names": told})


def set_photo(actor: StaffActor, key: str, data: bytes) -> None:
    """Show this picture with an item, re-encoded; b"" takes the picture away. Raises NotFound, Invalid, TooLarge."""
    require_editor(actor)
    public_id = media.store(data, actor.username) if data else ""
    with transaction() as session:
        item = session.scalar(select(Item).where(Item.key == key).with_for_update())
        if item is None:
            raise NotFound("item_not_found", "没有找到这个词条")
        before, item.photo, item.changed_at = item.photo, public_id, clock.now()
        changed()
        audit.record(
            actor.username, "item.photo", "item", key, before={"photo": before}, after={"photo": public_id}
        )  # fmt: skip


def row_of(item: Item) -> dict[str, Any]:
    """An item as the row it would be in the files."""
    return rows.as_row(item, list(db.session().scalars(select(Name).where(Name.item_id == item.id))))


def roll_back(actor: StaffActor, key: str, change_id: int) -> None:
    """Bring an item back to what it was after a change of its history. Raises NotFound, Conflict, Invalid."""
    require_editor(actor)
    change = sync.change(PART, key, change_id)
    if change.after is None:
        raise Conflict("nothing_to_restore", "这一版是停用，没有内容可以恢复")
    save(actor, key, draft_of(change.after), kind=ChangeKind.ROLLED_BACK)


def listed(
    q: str, waste_class: str, page: int, season: str = "", confidence: str = "", photo: str = ""
) -> tuple[list[Item], bool]:
    """Items for the console, by name; whether there are more. `photo`: "yes" or "no"."""
    wanted: list[ColumnElement[bool]] = []
    if waste_class in set(WasteClass):
        wanted.append(Item.waste_class == WasteClass(waste_class))
    if season:
        wanted.append(Item.season == season)
    if confidence in rows.CONFIDENCE:
        wanted.append(Item.confidence == confidence)
    if photo in ("yes", "no"):
        wanted.append((Item.photo != "") if photo == "yes" else (Item.photo == ""))
    if q:
        named = select(Name.item_id).where(Name.folded.contains(words.fold(q), autoescape=True))
        wanted.append(Item.id.in_(named))
    statement = select(Item).where(*wanted).order_by(Item.name).offset(page * PAGE).limit(PAGE + 1)
    found = list(db.session().scalars(statement))
    return found[:PAGE], len(found) > PAGE


def seasons() -> list[str]:
    """The seasons that items name."""
    found = select(Item.season).where(Item.season != "").distinct().order_by(Item.season)
    return list(db.session().scalars(found))


def items(ids: Sequence[int]) -> list[Item]:
    """The items in the order of their ids here."""
    found = {one.id: one for one in db.session().scalars(select(Item).where(Item.id.in_(ids)))}
    return [found[one] for one in ids if one in found]


def by_key(keys: Sequence[str]) -> dict[str, Item]:
    return {one.key: one for one in db.session().scalars(select(Item).where(Item.key.in_(keys)))}


def item(key: str) -> tuple[Item, dict[str, Any]]:
    """An item and its row, for the console. Raises NotFound."""
    found = db.session().scalar(select(Item).where(Item.key == key))
    if found is None:
        raise NotFound("item_not_found", "没有找到这个词条")
    return found, row_of(found)
