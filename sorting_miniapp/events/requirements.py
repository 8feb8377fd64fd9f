"""Who may take a post: ages, a passed quiz, an attended training, membership of a group.

What other features know (a quiz's result, an age from a volunteer's registration) comes by rules of a name that
create_app registers, so that events import none of them (design.md §2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select

from sorting_miniapp.accounts import groups
from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict, Invalid
from sorting_miniapp.events.models import Event, Shift, SignUp, SignUpState

ANY_TRAINING = "any"
TRAINING_KIND = "training"
OLDEST = 120
GROWN_UP = 18
QUIZ, AGE = "quiz", "age"
# quiz(resident_id, slug) says yes or no; age(resident_id, None) years or None.
_rules: dict[str, Callable[[int, Any], Any]] = {}
MinorsRule = Callable[[Sequence[int]], dict[int, int]]


@dataclass(frozen=True)
class Requirements:
    """Ages in whole years, both included; `quiz` a slug, `training` a template key or ANY_TRAINING, `group` a node."""

    min_age: int | None = None
    max_age: int | None = None
    quiz: str = ""
    training: str = ""
    group: int | None = None

    @property
    def ages(self) -> bool:
        return self.min_age is not None or self.max_age is not None


def register(name: str, rule: Callable[[int, Any], Any]) -> None:
    """Let another feature answer for a requirement; registering again replaces."""
    _rules[name] = rule


def _nobody(_residents: Sequence[int]) -> dict[int, int]:
    return {}


_minors: MinorsRule = _nobody


def register_minors(rule: MinorsRule) -> None:
    """Let another feature say who of some residents registered as a minor, and how old they are."""
    global _minors
    _minors = rule


def ages_of_minors(residents: Sequence[int]) -> dict[int, int]:
    """The ages of those who registered as volunteers under age, by their documents' birth dates; one statement."""
    return _minors(residents)


def of(kept: Any) -> Requirements:
    """From the shift's JSON column."""
    return Requirements(**kept) if kept else Requirements()


def kept(wanted: Requirements) -> dict[str, Any] | None:
    """For the shift's JSON column: only what is asked for, None for nothing."""
    return {name: value for name, value in asdict(wanted).items() if value not in (None, "")} or None


def check_wanted(wanted: Requirements) -> None:
    """Raises Invalid for ages that nobody has."""
    low, high = wanted.min_age or 0, OLDEST if wanted.max_age is None else wanted.max_age
    if not 0 <= low <= high <= OLDEST:
        raise Invalid("ages", f"年龄须为 0 到 {OLDEST}，且下限不大于上限")


def check(resident_id: int, wanted: Requirements, age: int | None, companions: Sequence[int]) -> None:
    """Raises Conflict requirement_not_met (details.requirement says which) or Invalid age_needed.

    A registered volunteer's own age is known; anybody else's is what they say, None: grown up.
    """
    if wanted.ages:
        _check_ages(resident_id, wanted, age, companions)
    if wanted.quiz and not _ask(QUIZ, resident_id, wanted.quiz):
        raise _refusal(QUIZ, "报名这个岗位前，请先通过指定的答题")
    if wanted.training and not attended(resident_id, wanted.training):
        raise _refusal("training", "报名这个岗位前，请先参加培训")
    if wanted.group is not None and not groups.is_member(resident_id, wanted.group):
        raise _refusal("group", "这个岗位只向指定志愿服务团体的成员开放")


def _ask(name: str, resident_id: int, value: Any) -> Any:
    rule = _rules.get(name)
    return rule(resident_id, value) if rule else None


def _refusal(name: str, message: str) -> Conflict:
    return Conflict("requirement_not_met", message, {"requirement": name})


def _check_ages(resident_id: int, wanted: Requirements, age: int | None, companions: Sequence[int]) -> None:
    known = _ask(AGE, resident_id, None)
    own = age if known is None else known
    if own is None and (wanted.max_age is not None or (wanted.min_age or 0) > GROWN_UP):
        raise Invalid("age_needed", "这个岗位有年龄要求，请填写您的年龄", {"fields": {"age": ["请填写年龄"]}})
    everybody = [GROWN_UP if own is None else own, *companions]
    low, high = wanted.min_age or 0, OLDEST if wanted.max_age is None else wanted.max_age
    if any(not low <= one <= high for one in everybody):
        raise _refusal("age", f"这个岗位要求{age_words(wanted)}，同行人也须符合")


def age_words(wanted: Requirements) -> str:
    if wanted.max_age is None:
        return f"年满 {wanted.min_age} 周岁"
    if not wanted.min_age:
        return f"不超过 {wanted.max_age} 周岁"
    return f"{wanted.min_age} 至 {wanted.max_age} 周岁"


def attended(resident_id: int, training: str) -> bool:
    """Whether the resident was checked in at a training (of this template, or any)."""
    query = (
        select(SignUp.id)
        .join(Shift, Shift.id == SignUp.shift_id)
        .join(Event, Event.id == Shift.event_id)
        .where(SignUp.resident_id == resident_id, SignUp.state == SignUpState.ATTENDED)
    )
    chosen = Event.kind == TRAINING_KIND if training == ANY_TRAINING else Event.template_key == training
    return db.session().execute(query.where(chosen).limit(1)).first() is not None
