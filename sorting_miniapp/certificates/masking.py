"""Names and document numbers as others may see them. Pure."""

from __future__ import annotations


def name(value: str) -> str:
    """The first character and one `*` for each of the others: 张三丰 → 张**."""
    return value[:1] + "*" * max(len(value) - 1, 1) if value else ""


def document(value: str) -> str:
    """First three and last two characters of a document number of 8 or more; of a shorter one only the last."""
    if len(value) >= 8:
        return f"{value[:3]}{'*' * (len(value) - 5)}{value[-2:]}"
    return "*" * max(len(value) - 1, 0) + value[-1:]


def phone(value: str) -> str:
    """138****5678."""
    return f"{value[:3]}****{value[-4:]}" if len(value) == 11 else "*" * len(value)
