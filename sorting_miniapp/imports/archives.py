"""Office files are zips of XML: their sizes are looked at before anything is unpacked (reliability.md, Security)."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

from sorting_miniapp.errors import Invalid, TooLarge

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """How much may be in the zip: bytes unpacked, times the packed size, parts."""

    unpacked: int
    ratio: int
    parts: int


def check(data: bytes, limits: Limits, unreadable: Invalid, too_large: TooLarge) -> None:
    """Raises one of the two errors for what is no zip, or too much of one."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise unreadable from error
    unpacked = sum(part.file_size for part in parts)
    if unpacked > limits.unpacked or len(parts) > limits.parts or unpacked > limits.ratio * max(len(data), 1024):
        raise too_large
