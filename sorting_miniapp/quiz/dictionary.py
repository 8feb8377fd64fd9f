"""What the dictionary says of the item a question is about; whom to ask is named in create_app.

Public question banks carry wrong keys: a question about an item has its class as the key (rules.md, Quizzes).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sorting_miniapp.errors import Invalid
from sorting_miniapp.quiz.desk import Draft
from sorting_miniapp.quiz.marking import CHOICES
from sorting_miniapp.quiz.models import QuestionKind

CLASSES = {name: code for code, name in CHOICES} | {"大件垃圾": "bulky", "装修垃圾": "renovation"}
_SEVERAL = frozenset({QuestionKind.MULTIPLE.value, QuestionKind.SORT.value})
Ask = Callable[[Collection[str]], Mapping[str, tuple[str, str, str]]]


@dataclass(frozen=True)
class Item:
    """An item by its key, with its name and its class's legal name."""

    key: str
    name: str
    class_name: str


def _nobody(_typed: Collection[str]) -> Mapping[str, tuple[str, str, str]]:
    return {}


_ask: Ask = _nobody


def use(ask: Ask) -> None:
    """Name whom to ask (create_app): {key or name as typed: (key, name, class's name)}."""
    global _ask
    _ask = ask


def items(typed: Iterable[str]) -> dict[str, Item]:
    """The items meant, by what was typed: a key or a name."""
    wanted = {one.strip() for one in typed} - {""}
    return {key: Item(*found) for key, found in _ask(wanted).items()} if wanted else {}


def settled(draft: Draft, known: Mapping[str, Item], had: str = "") -> tuple[Draft, Item | None]:
    """The draft with its item's key in the place of a name, and the item.

    An item the question `had` may have left the dictionary. Raises Invalid item for any other that is not there.
    """
    typed = draft.item.strip()
    item = known.get(typed)
    if item is None and typed and typed != had:
        raise Invalid("item", f"词典里没有“{typed}”，请写词条的名称或编号")
    return (replace(draft, item=item.key) if item else draft), item


def check_key(draft: Draft, item: Item | None) -> None:
    """Before a question is used. Raises Invalid options where the key is another class than its item's."""
    if item and contradicts(draft.kind, draft.text, draft.options, item.class_name):
        raise Invalid("options", f"答案和词典不一致，词条“{item.name}”是{item.class_name}")


def contradicts(kind: str, text: str, options: Iterable[tuple[str, Any]], class_name: str) -> bool:
    """Whether a question that offers classes calls another one right than its item's."""
    named = {option: right for option, right in options if option in CLASSES}
    asks_for_one = kind not in _SEVERAL and not re.search("不(?:属于|是|应|能|可|该)|错误", text)
    return bool(class_name and named) and asks_for_one and not named.get(class_name)
