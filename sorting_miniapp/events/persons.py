"""What is known of the people at an event: masked names, numbers, how to phone them.

Registrations and phone numbers belong to hours/, which stands above; create_app registers who answers (design.md §2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """A resident as staff at the site may see them: `name` and `phone` masked, `number` the volunteer number.

    `secret_name` is the whole name, for comparison with what somebody types; it is never shown.
    """

    resident_id: int
    name: str
    number: str = ""
    phone: str = ""
    secret_name: str = ""

    def answers_to(self, words: str) -> bool:
        """Whether what was typed is the whole name, part of the masked one, the number, or the phone's last digits."""
        tail = len(words) >= 3 and self.phone.endswith(words)
        return bool(words) and (words in self.name or words == self.secret_name or words == self.number or tail)


@dataclass(frozen=True)
class Source:
    """`of` residents: who is registered. `find`: by a whole volunteer number or phone. `phone_of`: unmasked, or ''."""

    of: Callable[[Sequence[int]], dict[int, Person]]
    find: Callable[[str], Person | None]
    phone_of: Callable[[int], str]


_source = Source(lambda _: {}, lambda _: None, lambda _: "")


def register(source: Source) -> None:
    """Let another feature answer; registering again replaces."""
    global _source
    _source = source


def of(residents: Sequence[int]) -> dict[int, Person]:
    """Those among the residents who are registered."""
    return _source.of(residents)


def find(words: str) -> Person | None:
    """Whom a whole volunteer number or a whole phone number belongs to."""
    return _source.find(words)


def phone_of(resident_id: int) -> str:
    """The whole number to call, '' when none is known. The caller audits it."""
    return _source.phone_of(resident_id)
