"""Judging Chinese text: unreadable sentences, class names that are not ours, texts that are alike. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from math import ceil

CJK = r"\u3400-\u9fff"
LONGEST_RUN = 38
_MARKS = re.compile(r"[，。！？；：、…—,.;:!?（）()“”《》\s]")
_FINAL = re.compile(r"[。！？…][”』）)]?$")
_HALF = re.compile(rf"[{CJK}”）》][,;:!?()]|[,;:!?()][{CJK}“（《]|[{CJK}]\.(?!\d)")
_DOUBLED_MARK = re.compile(r"[，。；：、]{2,}|[！？]{3,}")
_DOUBLED_WORD = re.compile(rf"([{CJK}]{{2,}})\1")
_DOUBLED_LETTER = re.compile(r"([的了是在和把与及请被向从对为就也都])\1")
_PLACEHOLDER = re.compile(
    r"\b(?:TODO|TBD|FIXME|N/A|NULL|None|null|undefined|lorem|ipsum)\b|[xX×]{2,}|_{2,}|\?{2,}|待补充?|此处填写|某某|\{\w*\}"
)
_WORD = re.compile(r"(?<![A-Za-z./_-])[a-z]{3,}(?![A-Za-z./_-])")
_KNOWN_WORDS = frozenset({"app", "logo", "kcal", "pvc", "pet", "led", "usb"})
_SAID_TWICE = frozenset(
    ("研究", "商量", "收拾", "打扫", "清洗", "整理", "检查", "讨论", "打听", "休息", "学习", "练习", "晃动", "拍打")
)  # fmt: skip
_PAIRS = (("“", "”"), ("（", "）"), ("《", "》"), ("‘", "’"))
_STRANGE = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf\ufffd\u200b-\u200f\x00-\x08\x0b-\x1f]")
# 清远市城市生活垃圾管理条例, art. 3: these are other places' or old names, never labels here. 餐厨垃圾 is a sub-class.
FOREIGN_LABELS = (
    "干垃圾", "湿垃圾", "易腐垃圾", "可回收垃圾", "不可回收垃圾", "有毒垃圾", "厨房垃圾", "其它垃圾", "可回收物品垃圾",
)  # fmt: skip
_LABEL = re.compile("|".join(sorted(FOREIGN_LABELS, key=len, reverse=True)))
# A sentence that says it is somebody else's name may quote one.
_ABOUT_NAMES = re.compile(r"叫法|说法|名称|称呼|俗称|外地|上海|叫作|叫做|称为|搜索|办法|方案|意见|提出")


def unreadable(text: str, final: bool = True) -> list[str]:
    """What makes a text hard to read, in Chinese; `final`: it must end like a sentence."""
    wrong = []
    run = max((len(part) for part in _MARKS.split(text)), default=0)
    if run > LONGEST_RUN:
        wrong.append(f"有一段 {run} 个字没有标点，请断句")
    if final and not _FINAL.search(text):
        wrong.append("句末没有标点")
    if found := _HALF.search(text):
        wrong.append(f"中文里用了半角标点：{found.group()}")
    if found := _DOUBLED_MARK.search(text):
        wrong.append(f"标点重复：{found.group()}")
    wrong += [f"词语重复：{found.group()}" for found in _doubled(text)]
    if found := _PLACEHOLDER.search(text) or _leftover(text):
        wrong.append(f"像是没有写完的地方：{found.group()}")
    wrong += [f"{left}{right} 不成对" for left, right in _PAIRS if text.count(left) != text.count(right)]
    if _STRANGE.search(text):
        wrong.append("含有表情或看不见的字符")
    return wrong


def _doubled(text: str) -> Iterator[re.Match[str]]:
    for found in _DOUBLED_WORD.finditer(text):
        if found.group(1) not in _SAID_TWICE and found.group(1)[0] != "一":
            yield found
    yield from _DOUBLED_LETTER.finditer(text)


def _leftover(text: str) -> re.Match[str] | None:
    return next((found for found in _WORD.finditer(text) if found.group() not in _KNOWN_WORDS), None)


def foreign_label(text: str) -> str:
    """A class name that is not the legal one, '' when there is none; quoting one as another place's name is allowed."""
    for sentence in re.split(r"(?<=[。！？；\n])", text):
        found = _LABEL.search(sentence)
        if found and not _ABOUT_NAMES.search(sentence):
            return found.group()
    return ""


def squash(text: str) -> str:
    """Letters and digits only, full-width and half-width alike."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def _pairs(text: str) -> set[str]:
    flat = squash(text)
    return {flat[i : i + 2] for i in range(len(flat) - 1)} or {flat}


def alike(texts: Sequence[str], least: float) -> Iterator[tuple[int, int, float]]:
    """(i, j, likeness) with i < j for texts that share at least `least` of their pairs of characters (Jaccard).

    Only texts that share one of their rarest pairs are compared: the others cannot reach `least`.
    """
    grams = [_pairs(text) for text in texts]
    common = Counter(pair for found in grams for pair in found)
    index: dict[str, list[int]] = defaultdict(list)
    for j, mine in enumerate(grams):
        rare = sorted(mine, key=lambda pair: (common[pair], pair))[: len(mine) - ceil(least * len(mine)) + 1]
        candidates = {i for pair in rare for i in index[pair]}
        for i in sorted(candidates):
            shared = len(mine & grams[i])
            likeness = shared / (len(mine) + len(grams[i]) - shared)
            if likeness >= least:
                yield i, j, likeness
        for pair in rare:
            index[pair].append(j)


_COLOUR = re.compile("[红橙黄绿青蓝紫黑白灰粉棕褐金银]色的?|彩色的?|透明的?|花色的?")
_SIZE = re.compile("[大中小]号的?|特大号?|加大|迷你|大型|中型|小型|大瓶装?|小瓶装?|大包装?|小包装?|大的|小的")
_NUMBER = re.compile(
    r"[\d.]+(?:号|毫升|升|克|千克|公斤|斤|厘米|毫米|米|寸|英寸|瓦|伏|毫安|个|只|片|层|ml|l|g|kg|cm|w|v)?|[一二三四五六七八九十]+(?:号|次装|只装|片装)"
)
_BRAND = re.compile(
    "可口可乐|百事可乐|农夫山泉|怡宝|娃哈哈|康师傅|统一|王老吉|加多宝|红牛|蒙牛|伊利|华为|小米手机|苹果手机|三星|格力|美的|海尔|南孚|双鹿|"
    "星巴克|瑞幸|喜茶|麦当劳|肯德基|蜜雪冰城|立白|蓝月亮|云南白药|飞利浦|雷士|老干妈|海天|李锦记"
)
_BARE = re.compile("^[大小红黄绿蓝黑白](?=.{3,})")


def core_name(name: str) -> str:
    """A name without colour, size, brand and number: items with the same core are one item."""
    text = unicodedata.normalize("NFKC", name).casefold()
    for pattern in (_BRAND, _COLOUR, _SIZE, _NUMBER):
        text = pattern.sub("", text)
    flat = _BARE.sub("", squash(text))
    return flat if len(flat) >= 2 else squash(name)
