"""What an import has in common: each row's outcome before anything is written, and all rows or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.errors import Invalid
from sorting_miniapp.imports import workbook


class Action(StrEnum):
    ADD = "add"
    CHANGE = "change"
    SAME = "same"
    WRONG = "wrong"


ACTION_NAMES = {
    Action.ADD: "可导入",
    Action.CHANGE: "将更新",
    Action.SAME: "没有变化",
    Action.WRONG: "有误",
}


@dataclass(frozen=True)
class Outcome:
    """What a row will do. `cells` are as they may be shown (personal ones masked); `note` is Chinese, for people."""

    number: int
    cells: tuple[str, ...]
    action: Action
    note: str = ""


@dataclass(frozen=True)
class Sheet:
    """One kind of import: its columns, its plan and its run.

    `plan` says each row's outcome and writes nothing; `run` writes all rows or none, raises Invalid when one is wrong,
    and returns a sentence for the person. Without `run` the sheet is only compared; `words` name the outcomes.
    """

    key: str
    title: str
    columns: tuple[str, ...]
    most_rows: int
    about: str
    roles: tuple[Role, ...]
    plan: Callable[[Sequence[workbook.Row], StaffActor], list[Outcome]]
    run: Callable[[Sequence[workbook.Row], StaffActor], str] | None
    words: Mapping[Action, str] = field(default_factory=lambda: ACTION_NAMES)

    def template(self) -> bytes:
        """An empty sheet to fill in."""
        return workbook.write(self.title[:30], self.columns, [])

    def rows_of(self, data: bytes) -> list[workbook.Row]:
        """The rows of an uploaded sheet. Raises Invalid, TooLarge."""
        return workbook.read(data, self.columns, self.most_rows)


def all_good(outcomes: Sequence[Outcome]) -> None:
    """Raises Invalid when a row is wrong."""
    if any(outcome.action is Action.WRONG for outcome in outcomes):
        raise Invalid("rows_wrong", "有几行不能导入，请改正后重新上传")


def summary(outcomes: Sequence[Outcome]) -> str:
    """`新增 3 行，更新 1 行，没有变化 2 行`."""
    counts = {action: sum(outcome.action is action for outcome in outcomes) for action in Action}
    return f"新增 {counts[Action.ADD]} 行，更新 {counts[Action.CHANGE]} 行，没有变化 {counts[Action.SAME]} 行"
