"""How well a name of the dictionary answers a question. Pure: figures only order the hits and are shown to nobody.

A character of the question that a name explains is worth ten; what was misheard, mistyped or torn apart costs a
little; the whole question, its end and what stands after 的 are worth more than the rest.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cache, cached_property

from sorting_miniapp.guide import phrases, sounds, words
from sorting_miniapp.guide.phrase_words import AFTERWARDS, HEAD_BEGINS
from sorting_miniapp.guide.phrases import Phrase

LETTER = 10.0
WHOLE, CORE, WHOLE_HEARD, WHOLE_SLIP = 30.0, 25.0, 20.0, 16.0
HEAD, MODIFIER, END = 4.0, -9.0, 3.0
HEARD, HEARD_ALIKE, HEARD_WITHIN, ONLY_HEARD = -5.0, -8.0, -14.0, -16.0
# 牛奶袋 is a bag: what stands before a package is what was in it.
PACKED, PACKAGES = -12.0, frozenset("盒袋瓶樽罐桶杯箱筒膜包")
# 麻辣烫纸碗 is a bowl: a name right before another that ends the clause only says what kind of thing it is. One that
# runs into it, 拜神香 in 拜神香灰, is chance.
BEFORE_ANOTHER = -12.0
IN_LONGER = -6.0
# Where another name stands plainly in the question, one that is only nearly there is chance.
UNLIKELY, MOST_UNLIKELY = -8.0, -16.0
TORN, GAP, MOST_GAP = -3.0, -1.0, 8
LOOKS, EXCHANGED, ONE_MORE, WRONG = -4.0, -7.0, -12.0, -28.0
UNTOLD = -2.0  # each character of a name that was not asked for
RUN, REST, SHORT = 8.0, -2.0, 6
ALIKE = 11.0
PLAINER = -1.0  # what a reading costs that leaves out 的 or 子
HIT = 12.0  # below this a name is only a suggestion
LOOK_ALIKES = """
己已巳 未末 土士 日曰 人入八 大太犬 天夭 午牛 由甲申 拨拔 折拆析 晴睛清 鸟乌 住往 待侍 抱泡炮饱
茶荼 粟栗 籍藉 冶治 王玉主 几凡 白自 令今 圆园 烧浇饶 池地 电龟 盆盒盘 简筒 洒酒 杯坏 灯打
药约 棉绵锦 裤库 饰饭饮 蛋蚤 壳売亮 罐灌 板版 蓄畜 钮纽 碳炭 蚊蚁 桔秸 蜡腊 粽棕 筷快 尿屎
袜祙 品吕 柜拒 巾斤币 瓶拼 垫挚 鞋鞍 帽冒 伞命 镜境 纸低 袋贷 箱籍 奶扔 膜模 珠株 芯心 笔毛
刷制 钉针 砖转 骨胃 皮反 叶计 枕忱 被披 毯毡 席度 椅倚 桌卓 锅祸 铲产 碗腕 碟蝶 勺匀 叉又
刀刃力 桶捅 篮蓝 棒捧 绳蝇 线钱
"""
_LOOKS: dict[str, str] = {}
for _group in LOOK_ALIKES.split():
    for _letter in _group:
        _LOOKS[_letter] = _LOOKS.get(_letter, "") + _group.replace(_letter, "")


def look_alikes(text: str) -> set[str]:
    """The text with one character changed for one that looks like it."""
    return {text[:at] + other + text[at + 1 :] for at, letter in enumerate(text) for other in _LOOKS.get(letter, "")}


@dataclass(frozen=True)
class Clause:
    """One clause of a question, or the same in other words; `cost` is what it takes off."""

    text: str
    core: str
    cost: float = 0.0
    inside: tuple[str, ...] = ()  # the names of the dictionary that stand in the clause, the longest first
    begun: bool = False  # whether the whole clause is a part of some name

    def among(self, names: Collection[str]) -> Clause:
        """The clause, knowing which names of the dictionary are near it."""
        inside = sorted((one for one in names if len(one) > 1 and one in self.text), key=len, reverse=True)
        begun = len(self.text) > 1 and any(self.text in one and self.text != one for one in names)
        return replace(self, inside=tuple(inside), begun=begun)

    @cached_property
    def stop(self) -> int:
        """Where the thing ends: before what was done to it, and how many there are."""
        return len(AFTERWARDS.sub("", self.text))

    @cached_property
    def last(self) -> str:
        """The longest name that ends the clause, or ''."""
        return next((one for one in self.inside if self.text[: self.stop].endswith(one)), "")

    @cached_property
    def head(self) -> int:
        """Where the thing itself begins: after the last 的, or 旧 and the like, that something follows."""
        return max((found.end() for found in HEAD_BEGINS.finditer(self.text)), default=0)

    @cached_property
    def end(self) -> str:
        """The thing itself without its condition, where it is told apart by 的 and stands at the end."""
        return phrases.core(self.text[self.head :]) if self.head else ""

    @cached_property
    def spoken(self) -> tuple[str, ...]:
        return sounds.spoken(self.text)

    @cached_property
    def pairs(self) -> set[str]:
        return words.pairs(self.text)

    def score(self, name: str, heard: str) -> float:
        """What a name is worth for the clause; `name` is folded, `heard` its sound."""
        size = len(name)
        if name == self.text:
            return size * LETTER + WHOLE
        if name == self.core and size >= len(self.last):  # 湿纸巾 is no wet 纸巾
            return size * LETTER + CORE
        at = self.text.rfind(name)
        if at >= 0:
            return size * LETTER + self._place(at, at + size) + self._within(at, at + size)
        best = max(self._part(name), self._torn(name), self._heard(name, heard), self._slip(name))
        return best or self._run(name)

    def _within(self, start: int, end: int) -> float:
        """What a name loses that is only a part of a longer one: 蚊香 where 蚊香液瓶 is asked for."""
        for one in self.inside:
            at = self.text.rfind(one, 0, start + len(one))
            if len(one) > end - start and 0 <= at <= start and at + len(one) >= end:
                return IN_LONGER
        return 0.0

    def _place(self, start: int, end: int) -> float:
        if self.text[end : end + 1] in PACKAGES and self.text[end - 1] not in PACKAGES:
            return PACKED
        if self.last and start < self.stop - len(self.last) <= end < self.stop:
            return BEFORE_ANOTHER
        if self.head:
            return HEAD if start >= self.head else MODIFIER if end <= self.head else 0.0
        return END if end in (self.stop, len(self.text)) else 0.0

    def _part(self, name: str) -> float:
        """The question, or its head, is a part of the name: 荧光 of 荧光灯管."""
        for asked, cost in ((self.text, 0.0), (self.core, -2.0), (self.end, -3.0)):
            if asked and asked in name:
                first = END if name.startswith(asked) or name.endswith(asked) else 0.0
                # 易拉 may be 易拉罐 not yet typed to its end; 白砂糖 is no 白砂糖包.
                packed = PACKED if len(asked) > 2 and name[:-1] == asked and name[-1] in PACKAGES else 0.0
                return len(asked) * LETTER + (len(name) - len(asked)) * UNTOLD + first + cost + packed
        return self._skipping(name)

    def _skipping(self, name: str) -> float:
        """The question is short for the name: 净水滤 for 净水器滤芯."""
        size, letters = len(self.text), iter(name)
        if size < 3 or self.text[0] != name[0] or not all(one in letters for one in self.text):
            return 0.0
        return size * LETTER + (len(name) - size) * UNTOLD + TORN

    def _torn(self, name: str) -> float:
        """The name stands in the clause in two pieces, in order: 螺蛳剩下的壳."""
        size, best = len(name), 0.0
        if size < 3:
            return best
        for cut in range(1, size):
            left, right = name[:cut], name[cut:]
            begun = self.text.find(left)
            after = self.text.find(right, begun + cut) if begun >= 0 else -1
            if after < 0:
                continue
            # The first piece nearest to the second.
            begun = self.text.rfind(left, 0, after)
            gap = after - begun - cut
            if gap <= MOST_GAP:
                place = max(self._place(after, after + size - cut), MODIFIER)
                cost = TORN + GAP * gap + self._cut_through(begun + cut, after, after + size - cut)
                best = max(best, size * LETTER + cost + place)
        return best

    def _cut_through(self, start: int, after: int, end: int) -> float:
        """A gap begins or ends within another name, 塑料 of 塑料筐, or another name ends the clause behind it."""
        others = [one for one in self.inside if one not in self.text[after:end]]
        split = any(self._spans(one, start) or self._spans(one, end) for one in others)
        return UNLIKELY if split or end <= self.stop - len(self.last) < self.stop else 0.0

    def _spans(self, name: str, cut: int) -> bool:
        """Whether the name stands across this place of the clause."""
        at = self.text.rfind(name, 0, cut + len(name))
        return at < cut < at + len(name)

    def _crossed(self, start: int, end: int) -> float:
        """Another name stands plainly in this piece: 年桔 in 年桔过, which sounds like 年桔果."""
        goes_on = len(self.text) - end > 1
        return UNLIKELY if goes_on and any(one in self.text[start:end] for one in self.inside) else 0.0

    @property
    def _unlikely(self) -> float:
        return UNLIKELY if self.last else 0.0

    def _heard(self, name: str, heard: str) -> float:
        size, best = len(name), 0.0
        if size < 2:
            return best
        for at in range(len(self.text) - size + 1):
            if "".join(self.spoken[at : at + size]) == heard:
                typed, whole = self.text[at : at + size], size == len(self.text)
                right = all(map(sounds.same, name, typed))
                place = WHOLE_HEARD if whole else self._place(at, at + size)
                cost = HEARD if right else HEARD_ALIKE if whole else HEARD_WITHIN
                cost += 0.0 if set(name) & set(typed) else ONLY_HEARD
                cost += (self._chance if whole else 0.0) + (self._unlikely or self._crossed(at, at + size))
                best = max(best, size * LETTER + cost + place)
        return best

    @property
    def _chance(self) -> float:
        """What the whole clause, misheard or mistyped, loses where it begins or ends a name as it stands."""
        return MOST_UNLIKELY if self.begun else 0.0

    def _slip(self, name: str) -> float:
        """The question, or a piece of it, with one slip; inside a sentence only slips that are plainly slips."""
        size, best = len(name), 0.0
        for text, cost in ((self.text, 0.0), (self.core, -2.0)):
            if abs(len(text) - size) <= 1:
                slipped = slip(text, name)
                cost += self._chance + (MOST_UNLIKELY if self.last and slipped == WRONG else self._unlikely)
                best = max(best, size * LETTER + WHOLE_SLIP + slipped + cost if slipped else 0.0)
        if size < 3 or best or len(self.text) < size + 2:
            return best
        for at in range(len(self.text) - size + 1):
            slipped = slip(self.text[at : at + size], name)
            if slipped > WRONG:
                place = self._place(at, at + size) + self._unlikely
                best = max(best, size * LETTER + slipped + place if slipped else 0.0)
        return best

    def _run(self, name: str) -> float:
        """The longest run of characters that both have; one at the end of both is the thing itself."""
        name = _core(name)
        run, end = _common(self.text, name)
        short = len(self.text) <= SHORT
        if run < (2 if short else 3):
            return ALIKE * 2 * len(self.pairs & (theirs := words.pairs(name))) / (len(self.pairs) + len(theirs))
        rest = (len(name) - run) * REST * (1 if short else 2) + (len(self.text) - run) * REST / 2 * short
        return run * RUN + rest + (END if end else self._unlikely)


@cache
def _core(name: str) -> str:
    """The thing itself in a name: 没吃完的 and 掉地上的 say nothing about it."""
    return phrases.core(name.rpartition("的")[2] or name)


def _common(text: str, name: str) -> tuple[int, bool]:
    """(length of the longest common run, whether it ends both)."""
    for size in range(min(len(text), len(name)), 1, -1):
        if text.endswith(name[-size:]):
            return size, True
        if any(name[at : at + size] in text for at in range(len(name) - size + 1)):
            return size, False
    return 0, False


def slip(typed: str, name: str) -> float:
    """What one slip costs that makes the name of what was typed; 0 where it takes more than one, or a part was typed.

    A name of two characters is only mistaken for one that looks like it.
    """
    if typed in name or name in typed or not one_slip(typed, name):
        return 0.0
    if len(typed) != len(name):
        return ONE_MORE if min(len(typed), len(name)) > 2 else 0.0
    if sorted(typed) == sorted(name):
        return EXCHANGED if len(name) > 2 else 0.0
    wrong, right = next(pair for pair in zip(typed, name, strict=True) if pair[0] != pair[1])
    if right in _LOOKS.get(wrong, ""):
        return LOOKS
    return WRONG if len(name) > 2 else 0.0


def one_slip(typed: str, name: str) -> bool:
    """Whether one change makes the name of what was typed: a wrong, missing, added character, two exchanged."""
    if abs(len(typed) - len(name)) > 1 or typed == name:
        return False
    start = 0
    while start < min(len(typed), len(name)) and typed[start] == name[start]:
        start += 1
    left, right = typed[start:], name[start:]
    if len(left) == len(right):
        return left[1:] == right[1:] or (left[:2] == right[1::-1] and left[2:] == right[2:])
    return left[1:] == right or left == right[1:]


def clauses(phrase: Phrase) -> list[Clause]:
    """The clauses of a question, each with its other readings; later ones are worth a little less."""
    found: dict[str, Clause] = {}
    for number, (text, core) in enumerate(zip(phrase.clauses, phrase.cores, strict=True)):
        found.setdefault(text, Clause(text, core, -1.0 * number))
    for one in list(found.values()):
        for other in phrases.plainer(one.text):
            found.setdefault(other, Clause(other, phrases.core(other), one.cost + PLAINER))
    return list(found.values())
