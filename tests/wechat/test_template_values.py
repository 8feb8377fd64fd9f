"""The value rules of subscribe messages, case by case, and against the simulator's own reading of the same page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from sorting_miniapp.wechat.simulator.values import wrong
from sorting_miniapp.wechat.template_values import first_problem, problem, shorten

GOOD = [
    ("thing1", "厨余垃圾怎么分"), ("thing12", "字" * 20), ("number2", "12.50"), ("number1", "9" * 32),
    ("letter1", "AB"),
    ("symbol1", "!?"), ("character_string1", "A-12 #3"), ("time1", "15:01"), ("time2", "2019年10月1日 15:01"),
    ("time3", "2026-05-20 09:00~2026-05-20 11:00"), ("time4", "09:00 ~ 11:00"), ("date1", "2019年10月1日"),
    ("date2", "2019-12-25 09:42"), ("amount1", "¥100"), ("amount2", "12.50元"),
    ("phone_number1", "+86-0766-66888866"),
    ("car_number1", "粤A8Z888挂"), ("name1", "张三"), ("name2", "Zhang San of Lianzhou"[:20]), ("phrase1", "已通过"),
    ("enum1", "进行中"),
]  # fmt: skip
BAD = [
    ("thing1", "字" * 21), ("thing1", ""), ("thing1", " "), ("thing1", "两\n行"), ("thing1", "有\x7f"),
    ("number1", "十"),
    ("number1", "１２"), ("number1", "9" * 33), ("letter1", "A1"), ("letter1", "a" * 33), ("symbol1", "!!!!!!"),
    ("symbol1", "a"), ("character_string1", "中文"), ("character_string1", "a" * 33), ("time1", "25:00"),
    ("time1", "2019年10月1日"), ("time1", "下午三点"), ("time1", "1:00~2:00~3:00"), ("date1", "15:01"),
    ("date1", "昨天"),
    ("amount1", "一百"), ("amount1", "12345678901"), ("phone_number1", "1" * 18), ("phone_number1", "电话"),
    ("car_number1", "粤A8Z888888"), ("car_number1", "粤A-8Z88"), ("name1", "张" * 11), ("name1", "a" * 21),
    ("name1", "张" + "a" * 10), ("phrase1", "已通过审核了"), ("phrase1", "ok"), ("nothing1", "x"), ("1", "x"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), GOOD)
def test_good_values(key: str, value: str) -> None:
    assert problem(key, value) is None
    assert wrong(key, value) is None


@pytest.mark.parametrize(("key", "value"), BAD)
def test_bad_values_say_why_in_chinese(key: str, value: str) -> None:
    found = problem(key, value)
    assert found
    assert not found.isascii()


def test_the_first_bad_field_is_named() -> None:
    assert first_problem({"thing1": "好", "time2": "某天", "phrase3": "x"}).startswith("time2: ")
    assert first_problem({"thing1": "好"}) == ""


@pytest.mark.parametrize(
    ("key", "value", "short"),
    [
        ("thing1", "字" * 30, "字" * 19 + "…"),
        ("thing1", "两\n行  字", "两 行 字"),
        ("thing1", "字" * 20, "字" * 20),
        ("phrase1", "已通过审核了", "已通过审核了"),
    ],
)
def test_only_what_may_be_cut_is_cut(key: str, value: str, short: str) -> None:
    assert shorten(key, value) == short


KINDS = (
    "thing", "number", "letter", "symbol", "character_string", "time", "date", "amount", "phone_number", "car_number",
    "name", "phrase", "enum",
)  # fmt: skip
VALUES = st.text(max_size=36) | st.from_regex(r"[0-9:年月日~ .¥元A-Za-z粤张+-]{1,24}", fullmatch=True)


@budget(max_examples=600, deadline=None)
@given(st.sampled_from(KINDS), VALUES)
def test_what_we_send_the_other_reading_takes(kind: str, value: str) -> None:
    """A value we let through is never answered 47003, which cannot be retried; a shortened one fits its length."""
    short = shorten(f"{kind}1", value)
    if problem(f"{kind}1", short) is None:
        assert wrong(f"{kind}1", short) is None
    if kind == "thing":
        assert len(short) <= 20
