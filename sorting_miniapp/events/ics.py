"""An event as an iCalendar file (RFC 5545). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Entry:
    """One VEVENT. Moments are aware."""

    uid: str
    title: str
    place: str
    description: str
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    changed_at: datetime
    cancelled: bool

    @property
    def sequence(self) -> int:
        """Higher after each change (RFC 5545, 3.8.7.4): the seconds from the entry's beginning to its last change."""
        return max(0, int((self.changed_at - self.created_at).total_seconds()))


def _text(value: str) -> str:
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n"), ("\r", "\\n")):
        value = value.replace(plain, escaped)
    return value


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def fold(line: str) -> str:
    """Lines of at most 75 octets, never cut inside a character (RFC 5545, 3.1)."""
    parts, current, size = [], "", 0
    for character in line:
        octets = len(character.encode())
        if size + octets > 75:
            parts.append(current)
            current, size = " ", 1
        current += character
        size += octets
    return "\r\n".join([*parts, current])


def calendar(entries: list[Entry], name: str = "") -> bytes:
    """The file's bytes, UTF-8 with CRLF; a feed has a name and says how often it is worth asking for."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Lianzhou//sorting-miniapp//ZH", "CALSCALE:GREGORIAN"]
    if name:
        lines += [f"NAME:{_text(name)}", f"X-WR-CALNAME:{_text(name)}", "REFRESH-INTERVAL;VALUE=DURATION:PT1H"]
    for entry in entries:
        lines += _event(entry)
    lines.append("END:VCALENDAR")
    return ("\r\n".join(fold(line) for line in lines) + "\r\n").encode()


def _event(entry: Entry) -> list[str]:
    texts = {"SUMMARY": entry.title, "LOCATION": entry.place, "DESCRIPTION": entry.description}
    return [
        "BEGIN:VEVENT",
        f"UID:{entry.uid}@sorting-miniapp",
        f"DTSTAMP:{_time(entry.changed_at)}",
        f"LAST-MODIFIED:{_time(entry.changed_at)}",
        f"SEQUENCE:{entry.sequence}",
        f"DTSTART:{_time(entry.starts_at)}",
        f"DTEND:{_time(entry.ends_at)}",
        *(f"{name}:{_text(text)}" for name, text in texts.items() if text),
        f"STATUS:{'CANCELLED' if entry.cancelled else 'CONFIRMED'}",
        "END:VEVENT",
    ]
