"""Marking is pure: what an answer is worth by the written rule, whatever is asked and answered."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sorting_miniapp.quiz import marking
from sorting_miniapp.quiz.marking import CHOICES, FULL, HALF, Asked, Version

CODES = [code for code, _ in CHOICES]
RULES = [f"{multiple}.{sorting}" for multiple in ("none", "half", "share") for sorting in ("none", "share")]


def make_version(kind: str, rights: list[Any], number: int = 1) -> Version:
    options = tuple((f"选项{place}", right) for place, right in enumerate(rights))
    return Version(number, number, kind, "题目", options, "解析", "依据")


@st.composite
def versions(draw: st.DrawFn, number: int = 1) -> Version:
    kind = draw(st.sampled_from(["single", "true_false", "multiple", "sort", "picture"]))
    if kind == "sort":
        return make_version(kind, draw(st.lists(st.sampled_from(CODES), min_size=2, max_size=8)), number)
    if kind == "multiple":
        rights = draw(
            st.lists(st.booleans(), min_size=3, max_size=8).filter(lambda found: 2 <= sum(found) < len(found))
        )
        return make_version(kind, rights, number)
    many = 2 if kind == "true_false" else draw(st.integers(3, 6))
    right = draw(st.integers(0, many - 1))
    return make_version(kind, [place == right for place in range(many)], number)


@st.composite
def asked_and_given(draw: st.DrawFn) -> tuple[Asked, Any]:
    (one,) = marking.paper(draw(st.text("0123456789abcdef", min_size=8, max_size=32)), [draw(versions())])
    names = [name for name, _ in one.options]
    if one.version.kind == "sort":
        return one, draw(st.dictionaries(st.sampled_from(names), st.sampled_from(CODES)))
    most = len(names) if one.version.kind == "multiple" else 1
    return one, draw(st.lists(st.sampled_from(names), unique=True, max_size=most))


def right_answer(one: Asked) -> Any:
    options = one.version.options
    if one.version.kind == "sort":
        return {name: options[place][1] for name, place in one.options}
    return [name for name, place in one.options if options[place][1]]


@given(asked_and_given(), st.sampled_from(RULES))
def test_full_marks_are_for_the_right_answer_and_for_nothing_else(found: tuple[Asked, Any], rule: str) -> None:
    one, answer = found
    assert marking.problem([one], {one.id: answer}) == ""
    wanted = right_answer(one)
    right = answer == wanted if isinstance(wanted, dict) else set(answer) == set(wanted)
    worth = marking.credit(one, answer, rule)
    assert worth is not None
    assert 0 <= worth <= FULL
    assert (worth == FULL) == right
    assert marking.credit(one, wanted, rule) == FULL
    assert marking.credit(one, None, rule) == marking.credit(one, [] if one.version.kind != "sort" else {}, rule) == 0


@given(asked_and_given(), st.sampled_from(RULES))
def test_part_of_the_marks_is_given_as_the_rule_says(found: tuple[Asked, Any], rule: str) -> None:
    one, answer = found
    worth, wanted = marking.credit(one, answer, rule), right_answer(one)
    multiple, _, sorting = rule.partition(".")
    if one.version.kind == "sort":
        hits = sum(answer.get(name) == code for name, code in wanted.items())
        assert worth == (hits * FULL // len(wanted) if sorting == "share" else FULL * (hits == len(wanted)))
    elif one.version.kind == "multiple" and 0 < len(answer) < len(wanted) and set(answer) <= set(wanted):
        assert worth == {"none": 0, "half": HALF, "share": len(answer) * FULL // len(wanted)}[multiple]
    else:
        assert worth in (0, FULL), "nothing in between elsewhere, and nothing for a wrong option"


@given(asked_and_given(), st.sampled_from(RULES), st.data())
def test_one_more_right_choice_is_never_worth_less(found: tuple[Asked, Any], rule: str, data: st.DataObject) -> None:
    one, answer = found
    wanted = right_answer(one)
    missing = [
        name
        for name in wanted
        if (answer.get(name) != wanted[name] if isinstance(wanted, dict) else name not in answer)
    ]
    if not missing or one.version.kind not in ("multiple", "sort"):
        return
    more = data.draw(st.sampled_from(missing))
    better = answer | {more: wanted[more]} if isinstance(wanted, dict) else [*answer, more]
    assert (marking.credit(one, better, rule) or 0) >= (marking.credit(one, answer, rule) or 0)


@given(st.lists(st.sampled_from([None, 0, 33, 50, 66, 100]), max_size=12))
def test_a_score_is_the_mean_of_what_counts_rounded_down(worth: list[int | None]) -> None:
    marks = marking.Marks(tuple(worth))
    counted = [one for one in worth if one is not None]
    assert marks.total == len(counted)
    assert marks.right == counted.count(100)
    assert marks.score == (sum(counted) // len(counted) if counted else 0)
    assert (marks.score == 100) == (bool(counted) and marks.right == marks.total)


@given(versions(), st.sampled_from(["everyone_right", "void"]), st.sampled_from(RULES))
def test_a_ruling_is_the_same_for_every_answer(version: Version, ruling: str, rule: str) -> None:
    (one,) = marking.paper("seed", [marking.ruled(version, ruling, None)])
    for answer in (right_answer(one), None):
        assert marking.credit(one, answer, rule) == (FULL if ruling == "everyone_right" else None)


@given(st.lists(versions(), min_size=1, max_size=6), st.text("0123456789abcdef", min_size=8, max_size=32), st.randoms())
def test_a_paper_does_not_depend_on_the_key(found: list[Version], seed: str, chance: Any) -> None:
    """The same texts with another key give the same bytes, whatever the order in which an editor wrote the options."""
    other = []
    for one in found:
        rights = [right for _, right in one.options]
        chance.shuffle(rights)
        other.append(make_version(one.kind, rights, one.id))
    shown = [[marking.shown(one) for one in marking.paper(seed, paper)] for paper in (found, other)]
    assert shown[0] == shown[1]


def test_true_stands_before_false_however_they_were_written() -> None:
    for options in ((("错", True), ("对", False)), (("对", True), ("错", False))):
        version = Version(1, 1, "true_false", "题目", options, "解析", "依据")
        (one,) = marking.paper("seed", [version])
        assert [option["text"] for option in marking.shown(one)["options"]] == ["对", "错"]


def test_the_rule_is_told_in_words() -> None:
    assert marking.words("half.share") == (
        "单选、判断、看图题答对得分；多选题全部选对得满分，少选得一半，有选错的不得分；分拣题按放对的件数得分。"
    )
    assert [marking.stars(score, (60, 80, 100)) for score in (59, 60, 80, 99, 100)] == [0, 1, 2, 2, 3]
