"""What `flask content check` finds in content/guide/: classes, synonyms and the dictionary."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

from sorting_miniapp.guide import check_reference, rows, words
from sorting_miniapp.guide.check_reference import sentence
from sorting_miniapp.guide.models import CLASS_NAMES, SUBCLASSES, WasteClass
from sorting_miniapp.teaching import language
from sorting_miniapp.teaching.files import Entry, Files, Level, Problem, Report, sources, unique

LENGTHS = {
    "name": (1, 20),
    "why": (8, 120),
    "how": (5, 120),
    "conditions": (5, 120),
    "note": (5, 120),
    "season": (2, 10),
}
LABELS = {
    "name": "名称", "why": "为什么", "how": "怎样投放", "conditions": "条件", "note": "地区差异", "season": "时令",
    "basis": "依据", "confidence": "把握程度", "category": "类别",
}  # fmt: skip
SENTENCES = ("why", "how", "conditions", "note")
NEEDED = ("id", "name", "category", "why", "how", "basis", "confidence")
ALIKE = 0.7
LONGEST_ALIAS = 20
# Issue "Content for the first day": amounts, and a floor for each section and class so that none is forgotten.
ITEMS, NAMES, EACH_SECTION, EACH_CLASS = 2_000, 1_500, 30, 60


def check(folder: Path) -> Report:
    """Problems and amounts of the dictionary."""
    files, report = Files(folder), Report()
    known = sources(files)
    entries = rows.read(files)
    items = {entry.values["id"]: entry.values["category"] for entry in reversed(entries)}
    check_reference.categories(files, report, set(known), items)
    check_reference.others(files, report, items, {one for entry in entries if (one := entry.values["season"])})
    unique(report, entries)
    for entry in entries:
        _row(report, entry, set(known))
    _names(report, entries)
    _parts(report, entries)
    _whys(report, entries)
    _amounts(report, entries)
    report.problems += files.problems
    return report


def _row(report: Report, entry: Entry, known: set[str]) -> None:
    row = entry.values
    if missing := [key for key in NEEDED if not row[key]]:
        report.add(entry, f"缺少 {'、'.join(LABELS.get(key, key) for key in missing)}", Level.STRUCTURE)
    if row["category"] not in set(WasteClass):
        report.add(entry, f"类别不认识：{row['category']}", Level.STRUCTURE)
    elif row["subclass"] and row["subclass"] not in SUBCLASSES[WasteClass(row["category"])]:
        report.add(entry, f"小类“{row['subclass']}”不属于{CLASS_NAMES[WasteClass(row['category'])]}", Level.STRUCTURE)
    elif not row["subclass"] and row["category"] == WasteClass.FOOD:
        # Recyclable wood and appliances have none in GB/T 19095-2019; food waste always has one.
        report.add(entry, "厨余垃圾须写小类：家庭厨余垃圾、餐厨垃圾或其他厨余垃圾", Level.STRUCTURE)
    if row["basis"] and row["basis"] not in known:
        report.add(entry, f"依据不在 sources.yaml 里：{row['basis']}", Level.STRUCTURE)
    if row["confidence"] and row["confidence"] not in rows.CONFIDENCE:
        report.add(entry, f"confidence 只能是 high、medium、low：{row['confidence']}", Level.STRUCTURE)
    if row["low_value"] not in ("", "1"):
        report.add(entry, f"low_value 只能是 1 或空：{row['low_value']}", Level.STRUCTURE)
    elif row["low_value"] and row["category"] != WasteClass.RECYCLABLE:
        report.add(entry, "只有可回收物才分低值（low_value）", Level.STRUCTURE)
    if not row["reviewer"]:
        report.add(entry, f"{row['name']} 还没有复核（reviewer 为空）", Level.DRAFT)
    _texts(report, entry)


def _texts(report: Report, entry: Entry) -> None:
    for key, (low, high) in LENGTHS.items():
        if entry.values[key] and not low <= len(entry.values[key]) <= high:
            report.add(entry, f"{LABELS[key]}须为 {low} 到 {high} 个字，现为 {len(entry.values[key])} 个")
    for key in SENTENCES:
        if entry.values[key]:
            sentence(report, entry, LABELS[key], entry.values[key], key != "conditions")
    for cell in ("aliases", "local_names"):
        if any(mark in entry.values[cell] for mark in ";,，、"):
            report.add(entry, f"{cell} 里的名称用“；”隔开", Level.STRUCTURE)
    for name in (entry.values["name"], *_others(entry)):
        if found := language.foreign_label(name):
            report.add(entry, f"“{found}”不是法定类别名称，只能写在 synonyms.yaml 里")
        if len(name) > LONGEST_ALIAS:
            report.add(entry, f"名称超过 {LONGEST_ALIAS} 个字：{name}")
        if wrong := [one for one in language.unreadable(name, final=False) if "断句" not in one]:
            report.add(entry, f"名称“{name}”{wrong[0]}")


def _others(entry: Entry) -> list[str]:
    return [*rows.several(entry.values["aliases"]), *rows.several(entry.values["local_names"])]


def _names(report: Report, entries: list[Entry]) -> None:
    """A name or alias leads to one item; items do not differ in colour, size, brand or number alone."""
    owner: dict[str, Entry] = {}
    for entry in entries:
        owner.setdefault(words.fold(entry.values["name"]), entry)
    for entry in entries:
        first = owner[words.fold(entry.values["name"])]
        if first is not entry:
            report.add(entry, f"名称重复：{entry.values['name']}（{_place(first)}）", Level.STRUCTURE)
        for alias in _others(entry):
            other = owner.setdefault(words.fold(alias), entry)
            if other is not entry:
                where = f"{other.values['name']}，{_place(other)}"
                report.add(entry, f"别名“{alias}”也指向另一个词条（{where}）", Level.STRUCTURE)
        if len({words.fold(one) for one in _others(entry)} - {words.fold(entry.values["name"])}) != len(_others(entry)):
            report.add(entry, "别名重复，或与名称相同")
    _cores(report, entries)


def _cores(report: Report, entries: list[Entry]) -> None:
    cores: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        core = (language.core_name(entry.values["name"]), entry.values["category"])
        first = cores.setdefault(core, entry)
        if first is not entry and words.fold(first.values["name"]) != words.fold(entry.values["name"]):
            where = f"{first.values['name']}，{_place(first)}"
            report.add(entry, f"“{entry.values['name']}”只在颜色、大小、品牌或数字上不同于另一个词条（{where}）")


def _place(entry: Entry) -> str:
    return f"{entry.file}:{entry.line}"


def _parts(report: Report, entries: list[Entry]) -> None:
    """Parts have a class, and the same one as the item they name."""
    names = rows.dictionary(entries).names
    for entry in entries:
        found = rows.parts(entry.values["parts"])
        if len(found) == 1:
            report.add(entry, "parts 至少写两个部分，只有一个部分就不必写")
        for name, code in found:
            if code not in set(WasteClass) or not name:
                report.add(entry, f"parts 须写成 蛋糕=food；蜡烛=residual：{name}={code}", Level.STRUCTURE)
            elif names.get(words.fold(name), code) != code:
                there = CLASS_NAMES[WasteClass(names[words.fold(name)])]
                report.add(entry, f"parts 里“{name}”的类别和词典不一致，词典里是{there}")
        if len({name for name, _ in found}) != len(found):
            report.add(entry, "parts 里有重复的部分")


def _whys(report: Report, entries: list[Entry]) -> None:
    """Outside a family of one file no why is repeated, nor nearly so."""

    def family(entry: Entry) -> tuple[str, str]:
        return (entry.file, entry.values["family"]) if entry.values["family"] else ("", _place(entry))

    told: set[int] = set()
    for i, j, likeness in language.alike([entry.values["why"] for entry in entries], ALIKE):
        one, two = entries[i], entries[j]
        if family(one) != family(two) and j not in told:
            told.add(j)
            how = "重复" if likeness > 0.999 else "几乎一样"
            where = f"{one.values['name']}，{_place(one)}"
            report.add(two, f"“为什么”和另一个词条{how}（{where}）：改写，或在同一文件里填同一个 family")


def _amounts(report: Report, entries: list[Entry]) -> None:
    folder = rows.ITEMS
    others = [name for entry in entries for name in _others(entry)]
    local = sum(len(rows.several(entry.values["local_names"])) for entry in entries)
    report.amount(folder, "词条", len(entries), ITEMS)
    report.amount(folder, "别名和俗名", len(others), NAMES)
    report.amount(folder, "其中粤语和本地叫法（未核）", local)
    report.amount(folder, "已复核的词条", sum(bool(entry.values["reviewer"]) for entry in entries))
    report.amount(folder, "低值可回收物", sum(entry.values["low_value"] == "1" for entry in entries))
    report.amount(folder, "由几部分组成的词条", sum(bool(entry.values["parts"]) for entry in entries))
    classes = Counter(entry.values["category"] for entry in entries)
    for one in WasteClass:
        report.amount(folder, f"类别 {CLASS_NAMES[one]}", classes[one], EACH_CLASS)
    subclasses = Counter(entry.values["subclass"] for entry in entries)
    for name in (name for group in SUBCLASSES.values() for name in group):
        report.amount(folder, f"小类 {name}", subclasses[name], 1)
    sections: dict[str, int] = defaultdict(int)
    for entry in entries:
        sections[rows.section_of(entry)] += 1
    for stem, label in rows.SECTIONS.items():
        report.amount(folder, f"分组 {label}", sections[stem], EACH_SECTION)
    report.problems += [
        Problem(f"{folder}/{stem}.csv", 0, "没有这个分组，文件名须是规定的 20 个之一")
        for stem in sorted(set(sections) - set(rows.SECTIONS))
    ]
