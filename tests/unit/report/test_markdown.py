"""The one number format and the one writer of tables."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from qgnn_d2d.report.markdown import interval, number, p_value, table
from tests.strategies import ANY_FLOAT
from tests.unit.report.test_html import rows


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (2.6, None, "2.60"),
        (-17.8712, None, "-17.9"),
        (0.00123456, None, "0.00123"),
        (12345.6, None, "12,346"),
        (12345.6, 1, "12,345.6"),
        (2.0, 3, "2.000"),
        (1233, None, "1,233"),
        (np.int64(10), None, "10"),
        (np.float32(0.5), None, "0.500"),
        (np.inf, None, "never"),
        (-np.inf, None, "none"),
        (None, None, ""),
        (np.nan, None, ""),
        (np.float32(np.nan), 2, ""),
        (pd.NA, None, ""),
        (pd.NaT, None, ""),
    ],
)
def test_numbers_have_one_format(value, decimals, expected):
    assert number(value, decimals) == expected


@given(value=ANY_FLOAT, decimals=st.none() | st.integers(0, 4))
def test_any_number_is_one_line_and_near_the_value(value, decimals):
    text = number(value, decimals)
    assert "\n" not in text and (text == "") == np.isnan(value)
    if np.isfinite(value):
        assert float(text.replace(",", "")) == pytest.approx(value, rel=5.1e-3, abs=0.51 if decimals is not None else 0)


def test_an_interval_that_is_not_there_is_left_out():
    assert interval(2.5, 2.25, 2.75, 2) == "2.50 [2.25, 2.75]"
    assert interval(2.5, np.nan, np.nan, 1) == interval(2.5, None, None, 1) == "2.5"


def test_small_p_values_are_bounded():
    assert [p_value(value) for value in (0.0, 0.00099, 0.001, 0.5)] == ["< 0.001", "< 0.001", "0.001", "0.500"]


def test_columns_of_numbers_are_aligned_and_missing_ones_empty():
    frame = pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": [0.5, np.nan], "c": ["x", None]})
    assert table(frame) == "| a | b | c |\n|--:|--:|:--|\n| 1 | 0.500 | x |\n| | | |"


def test_columns_are_chosen_ordered_and_named():
    shown = table([{"x": "a", "y": "b", "z": "3"}], {"z": "last", "x": "", "absent": "none"})
    assert shown.splitlines() == ["| last | | none |", "|--:|:--|--:|", "| 3 | a | |"]


def test_a_changed_cell_changes_one_line():
    one, other = (table([{"a": "x"}, {"a": cell}]).splitlines() for cell in ("y", "a much longer cell"))
    assert one[:3] == other[:3]


@given(cells=st.lists(st.lists(st.text("a |*`\\é1-.", max_size=6), min_size=2, max_size=2), min_size=1, max_size=4))
def test_a_table_of_any_text_has_its_rows_and_columns(cells):
    text = table(pd.DataFrame(cells, columns=["one", "two"]))
    shown = rows(MarkdownIt("commonmark").enable("table").render(text))
    assert [len(row) for row in shown] == [2] * (1 + len(cells))


def test_bars_of_text_are_no_bars_of_the_table():
    assert table([{"a": "|x|"}]).splitlines()[2] == "| &#124;x&#124; |"
