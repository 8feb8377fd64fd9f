"""What a row's `conditions` say about the class: 沾污的按其他垃圾 names a state and the class it leads to. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sorting_miniapp.guide import phrases
from sorting_miniapp.guide.models import CLASS_NAMES, WasteClass
from sorting_miniapp.guide.phrase_words import Condition

_BY_NAME = {name: waste_class for waste_class, name in CLASS_NAMES.items()}
_CHANGE = re.compile(
    rf"(?P<when>[^。；，]+?)的?(?:可以|可|应|也|仍|则|从严|都)?(?:按|作为|作|归|放进|放入|放|投入|投放到|投放|随|当作|是|属于|属)+(?P<name>{'|'.join(_BY_NAME)})"
)


@dataclass(frozen=True)
class Change:
    """When a thing is of another class; `states` are the conditions of a question that mean the same."""

    when: str
    waste_class: WasteClass
    states: frozenset[Condition]


def read(conditions: str, usual: WasteClass) -> list[Change]:
    """The changes of class that the sentence names; its other words stay for people to read."""
    found = []
    for clause in re.split("[。；，]", conditions):
        match = _CHANGE.search(clause)
        if match and _BY_NAME[match["name"]] is not usual:
            found.append(Change(match["when"], _BY_NAME[match["name"]], phrases.conditions(match["when"])))
    return found
