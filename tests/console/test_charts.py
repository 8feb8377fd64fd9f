"""Charts: columns and their words, and which words a narrow place leaves out."""

from __future__ import annotations

import re

from sorting_miniapp.console import charts


def test_every_number_has_a_column_and_the_words_that_fit_stand_below() -> None:
    few = charts.bars("每月阅读", [("1月", 3), ("2月", 0), ("3月", 12)])
    assert re.findall(r"<title>([^<]+)</title>", few) == ["1月：3", "2月：0", "3月：12"]
    heights = [float(one) for one in re.findall(r'<rect[^>]+height="([\d.]+)"', few)]
    assert [round(one / heights[2], 2) for one in heights] == [0.25, 0, 1]
    assert re.findall(r"<text[^>]+>([^<]*)</text>", few) == ["3", "1月", "", "2月", "12", "3月"]
    assert "bar-wide" not in few, "three fit on a phone, too"
    assert "style=" not in few

    fortnight = charts.bars("每天阅读", [(f"{day}日", 60_882) for day in range(12, 26)])
    on_a_phone = re.findall(r'class="bar-text"[^>]+>(\d+日)<', fortnight)
    anywhere = re.findall(r'class="bar-text[^>]+>(\d+日)<', fortnight)
    assert fortnight.count("<rect") == 14
    assert on_a_phone[-1] == anywhere[-1] == "25日", "the newest one keeps its words"
    assert len(on_a_phone) * charts._width("60882") <= charts.NARROW
    assert len(on_a_phone) < len(anywhere) < 14
    assert len(anywhere) * charts._width("60882") <= charts.WIDE


def test_a_chart_of_nothing_is_a_line_and_a_label_is_text() -> None:
    assert charts.bars("空", []).count("<line") == 1
    assert "<b>" not in charts.bars("<b>", [("<b>", 1)])
