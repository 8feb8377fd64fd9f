"""Markdown as editors write it: CommonMark with tables, strikethrough, and bold that knows Chinese punctuation. Pure.

CommonMark lets a mark close only next to a word: **注意：**请 would show its asterisks, because a letter follows the
punctuation, where English has a space. Chinese has none, so beside a Chinese character or mark any place that is no
space is good to open or close at (the rule known as "CJK friendly emphasis").
"""

from __future__ import annotations

import functools
import unicodedata

from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline.state_inline import Scanned, StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType

AMBIGUOUS = "“”‘’…—·"  # as wide as a Latin letter for Unicode, and yet Chinese punctuation


def is_chinese(one: str) -> bool:
    """Whether a character is one of Chinese text, its punctuation with it (East Asian Width, UAX #11)."""
    return one in AMBIGUOUS or unicodedata.east_asian_width(one) in "WF"


class _State(StateInline):
    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N802, N803
        """Where a run of marks may open and close; `_`, which never splits a word, keeps CommonMark's rule."""
        found = super().scanDelims(start, canSplitWord)
        end = start + found.length
        before = self.src[start - 1] if start > 0 else " "
        after = self.src[end] if end < self.posMax else " "
        if not canSplitWord or not (is_chinese(before) or is_chinese(after)):
            return found
        opens, closes = not after.isspace(), not before.isspace()
        return Scanned(found.can_open or opens, found.can_close or closes, found.length)


class _Inline(ParserInline):
    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        state = _State(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens


@functools.cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt()
    parser.inline = _Inline()
    parser.configure("commonmark", {"html": False, "linkify": False})
    return parser.enable(["table", "strikethrough"])


def to_html(text: str) -> str:
    """HTML that has not been cleaned (render.to_html does)."""
    return str(_parser().render(text))
