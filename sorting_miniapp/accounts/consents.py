"""Consents: one for each purpose, with the version of the text and the time, withdrawn as easily as given.

The texts come from content/consents.yaml and content/notices/; a changed text needs a new version, and earlier ones
stay (个人信息保护法).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from sorting_miniapp import clock
from sorting_miniapp.accounts import notices
from sorting_miniapp.accounts.models import Consent, ConsentText, Purpose
from sorting_miniapp.db import db, transaction, violated
from sorting_miniapp.errors import Conflict, Invalid, NotFound

PRIVACY = "privacy"  # what a volunteer's registration rests on
FIELDS = {"key", "version", "title", "text"}


def texts() -> list[ConsentText]:
    """Every text in force, in the order of the file; one statement."""
    latest = select(func.max(ConsentText.id)).group_by(ConsentText.key)
    return list(db.session().scalars(select(ConsentText).where(ConsentText.id.in_(latest)).order_by(ConsentText.id)))


def check_version(key: str, version: str) -> None:
    """What was shown must be what is agreed to. Raises Conflict consent_outdated for a version not in force."""
    query = select(ConsentText.version).where(ConsentText.key == key).order_by(ConsentText.id.desc()).limit(1)
    if db.session().scalar(query) != version:
        raise Conflict("consent_outdated", "同意书已更新，请阅读最新的内容后再确认")


def give(resident_id: int, purpose: Purpose, version: str) -> None:
    """Agree to the text in force; a consent to an earlier version is replaced. Raises Conflict consent_outdated."""
    check_version(purpose.value, version)
    try:
        with transaction() as session:
            if _live(resident_id, purpose) == version:
                return
            withdraw(resident_id, purpose)
            values = {"resident_id": resident_id, "purpose": purpose, "version": version}
            session.execute(insert(Consent).values(**values, live=1, given_at=clock.now()))
    except IntegrityError as error:
        if violated(error) != "uq_consent_resident_id_purpose_live":
            raise  # else the same person agreed on two devices at once


def withdraw(resident_id: int, purpose: Purpose) -> None:
    """Take a consent back; what was done with it before stays lawful. Nothing happens without one."""
    mine = (Consent.resident_id == resident_id, Consent.purpose == purpose, Consent.live == 1)
    with transaction() as session:
        session.execute(update(Consent).where(*mine).values(live=None, withdrawn_at=clock.now()))


def settle(resident_id: int, name: str, given: bool, version: str = "") -> None:
    """Agree to, or withdraw from, the purpose of this name. Raises NotFound, Conflict consent_outdated."""
    purpose = next((one for one in Purpose if one.value == name), None)
    if purpose is None:
        raise NotFound("purpose_unknown", "没有这一项同意")
    if given:
        give(resident_id, purpose, version)
    else:
        withdraw(resident_id, purpose)


def _live(resident_id: int, purpose: Purpose) -> str | None:
    mine = (Consent.resident_id == resident_id, Consent.purpose == purpose, Consent.live == 1)
    return db.session().scalar(select(Consent.version).where(*mine))


def has(resident_id: int, purpose: Purpose) -> bool:
    """Whether the resident agrees now."""
    return _live(resident_id, purpose) is not None


def holders(residents: Sequence[int], purpose: Purpose) -> set[int]:
    """Those of the residents who agree now; one statement."""
    if not residents:
        return set()
    given = select(Consent.resident_id).where(Consent.purpose == purpose, Consent.live == 1)
    return set(db.session().scalars(given.where(Consent.resident_id.in_(set(residents)))))


def of_resident(resident_id: int) -> list[dict[str, Any]]:
    """Every purpose with its state: {purpose, given, version, given_at}; one statement."""
    rows = db.session().scalars(select(Consent).where(Consent.resident_id == resident_id, Consent.live == 1))
    live = {row.purpose: row for row in rows}
    return [
        {
            "purpose": purpose.value,
            "given": purpose in live,
            "version": live[purpose].version if purpose in live else None,
            "given_at": live[purpose].given_at if purpose in live else None,
        }
        for purpose in Purpose
    ]


def check(folder: Path) -> list[str]:
    """What is wrong with consents.yaml, in Chinese."""
    rows = yaml.safe_load((folder / "consents.yaml").read_text("utf-8"))
    problems = [f"consents.yaml：{row.get('key')} 须有且只有 {sorted(FIELDS)}" for row in rows if set(row) != FIELDS]
    if problems:
        return problems
    known = [(row["key"], row["version"]) for row in rows]
    problems += [
        f"consents.yaml：{key} {version} 重复" for key, version in set(known) if known.count((key, version)) > 1
    ]
    missing = {PRIVACY, *Purpose} - {key for key, _ in known}
    return problems + [f"consents.yaml：缺少 {key}" for key in sorted(missing)]


def load(folder: Path) -> dict[str, int]:
    """Add the texts that are not there. Raises Invalid for a text changed without a new version."""
    counts = {"added": 0, "changed": 0, "same": 0}
    with transaction() as session:
        there = {(row.key, row.version): row for row in session.scalars(select(ConsentText))}
        agreed = yaml.safe_load((folder / "consents.yaml").read_text("utf-8"))
        for row in [*agreed, *notices.rows(folder)]:
            known = there.get((row["key"], row["version"]))
            if known is None:
                session.add(ConsentText(**{name: row[name] for name in FIELDS}))
                session.flush()
                counts["added"] += 1
            elif known.text != row["text"]:
                raise Invalid("consent_version", f"{row['title']}的内容改了，须同时换 version")
            else:
                counts["same"] += 1
    return counts
