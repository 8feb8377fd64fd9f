"""The demo staff of `make run`: one person for each job, one password."""

from __future__ import annotations

from sorting_miniapp.accounts import staff
from sorting_miniapp.accounts.models import Role

PEOPLE = (
    ("admin", "管理员", Role.ADMIN, 0),
    ("editor", "编辑小陈", Role.EDITOR, 0),
    ("editor2", "编辑小黎", Role.EDITOR, 0),
    ("reviewer1", "初审老李", Role.REVIEWER, 1),
    ("reviewer2", "复审老黄", Role.REVIEWER, 2),
    ("reviewer3", "终审老梁", Role.REVIEWER, 3),
    ("organiser", "组织员小邓", Role.ORGANISER, 0),
    ("verifier", "核验员小罗", Role.VERIFIER, 0),
    ("verifier2", "核验员小何", Role.VERIFIER, 0),
    ("analyst", "统计员小唐", Role.ANALYST, 0),
)


def make(password: str) -> int:
    """Make those that are missing, at the city. Returns how many were made."""
    made = 0
    for username, name, role, level in PEOPLE:
        if not staff.exists(username):
            staff.create_with_role(username, name, password, role.value, "lianzhou", level=level)
            made += 1
    return made
