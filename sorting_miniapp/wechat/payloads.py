"""Pushed XML or JSON as plain objects, with a bound on everything. Pure.

wechatpy's parser reads XML only, expands entities and answers bad input with three kinds of exception.
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import ParseError

import orjson
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

DEEPEST = 12
MOST_ELEMENTS = 5000
LONGEST_KIND = 64
LISTS = frozenset({"List", "detail"})  # an object when there is one, a list when there are several
SPELLINGS = {"freepublishjobfinish": "publishjobfinish"}


class Unreadable(Exception):
    """Not an object we could have been sent."""


class _Builder:
    """expat's calls as nested dicts; an element's children win over its text, repeated children make a list."""

    def __init__(self) -> None:
        self._open: list[tuple[dict[str, Any], list[str]]] = [({}, [])]
        self._seen = 0

    def start(self, _tag: str, _attributes: dict[str, str]) -> None:
        self._seen += 1
        if len(self._open) > DEEPEST or self._seen > MOST_ELEMENTS:
            raise Unreadable
        self._open.append(({}, []))

    def data(self, text: str) -> None:
        self._open[-1][1].append(text)

    def end(self, tag: str) -> None:
        children, texts = self._open.pop()
        value: Any = children or "".join(texts).strip()
        parent = self._open[-1][0]
        if tag not in parent:
            parent[tag] = value
        elif isinstance(parent[tag], list):
            parent[tag].append(value)
        else:
            parent[tag] = [parent[tag], value]

    def close(self) -> dict[str, Any]:
        return self._open[0][0]


def read(raw: bytes) -> dict[str, Any]:
    """The object of a JSON text, or what is inside the root of an XML one. Raises Unreadable."""
    text = raw.strip()
    found = _json(text) if text.startswith(b"{") else _xml(text)
    if not isinstance(found, dict):
        raise Unreadable
    return found


def _json(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Unreadable from None


def _xml(text: bytes) -> Any:
    parser = DefusedXMLParser(target=_Builder(), forbid_dtd=True)
    try:
        parser.feed(text)
        root = parser.close()
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise Unreadable from None
    return next(iter(root.values()), None)


def event(found: dict[str, Any]) -> dict[str, Any]:
    """The same in one shape: every value text, `List` always a list. Raises Unreadable for what is no push."""
    said = _same(found, 0)
    if not isinstance(said, dict) or not isinstance(said.get("MsgType"), str) or not said["MsgType"]:
        raise Unreadable
    return said


def _same(value: Any, depth: int) -> Any:
    if depth > DEEPEST:
        raise Unreadable
    if isinstance(value, dict):
        shaped = {key: _same(inner, depth + 1) for key, inner in value.items()}
        return {
            key: [inner] if key in LISTS and not isinstance(inner, list) else inner for key, inner in shaped.items()
        }
    if isinstance(value, list):
        return [_same(inner, depth + 1) for inner in value]
    if value is None:
        return ""
    return str(value)


def kind_of(said: dict[str, Any]) -> str:
    """The event's name, or the message's type, in small letters and one spelling."""
    name = said.get("Event") if said["MsgType"].lower() == "event" else said["MsgType"]
    kind = str(name or "event").lower()[:LONGEST_KIND]
    return SPELLINGS.get(kind, kind)


def rows(said: dict[str, Any], part: str) -> list[dict[str, Any]]:
    """The objects of `part`/List, in XML as in JSON, where the list may stand at the top."""
    inside = said.get(part)
    listed = inside.get("List") if isinstance(inside, dict) else inside if isinstance(inside, list) else None
    listed = listed if listed is not None else said.get("List")
    return [row for row in listed or [] if isinstance(row, dict)]
