"""Who may come along: the ages of a sign-up against the settings of the event's unit (rules.md, Minors). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sorting_miniapp.errors import Invalid


@dataclass(frozen=True)
class Ages:
    """Years below which a guardian's consent, the guardian's own account, an adult's company is needed."""

    consent: int = 18
    own_account: int = 14
    accompanied: int = 10


def check(age: int | None, companions: Sequence[int], consent: bool, ages: Ages) -> None:
    """Raises Invalid when the party may not sign up. `age` is the account holder's, None for a grown-up.

    Under `own_account` the guardian signs up and brings the child along; under `consent` a guardian has agreed;
    anybody under `accompanied` comes with a grown-up of the same sign-up.
    """
    if age is not None and age < ages.own_account:
        raise Invalid("guardian_account_needed", f"未满{ages.own_account}周岁，请由监护人用自己的账号报名并添加同行人")
    everybody = [ages.consent if age is None else age, *companions]
    if any(one < ages.consent for one in everybody) and not consent:
        raise Invalid("guardian_consent_needed", f"未满{ages.consent}周岁的人参加，须经监护人同意")
    if any(one < ages.accompanied for one in everybody) and max(everybody) < ages.consent:
        raise Invalid("adult_needed", f"未满{ages.accompanied}周岁的儿童须有成人陪同")
