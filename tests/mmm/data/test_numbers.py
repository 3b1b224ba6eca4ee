"""A cell is a number, or it is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mmm.data.numbers import decimal_sign, read_numbers


def read(*cells: object, role: str = "controls[0]", decimal: str = ".") -> tuple[list[float], list[str]]:
    numbers, problems = read_numbers(
        pd.Series(list(cells), name="x", dtype=object), role, decimal, lambda row: f"line {row + 2}"
    )
    return numbers.tolist(), problems


def test_numbers_are_read_exactly_as_python_reads_them() -> None:
    assert read("0.1", " 1e3 ", "-2.5", "7.976967097568859") == ([0.1, 1000.0, -2.5, 7.976967097568859], [])


def test_every_kind_of_fault_is_its_own_sentence() -> None:
    numbers, problems = read("1", "", "x", "inf", "-3", role="channels.tv.spend")
    assert np.isnan(numbers[1:3]).all()
    assert [problem.split(":")[0] for problem in problems] == [
        "`x` (channels.tv.spend) is missing once, at line 3",
        "`x` (channels.tv.spend) is text once, at line 4",
        "`x` (channels.tv.spend) is infinite once, at line 5",
        "`x` (channels.tv.spend) is negative once, at line 6",
    ]


@pytest.mark.parametrize("blank", ["", "NA", "n/a", "NaN", "null", "-", None, float("nan")])
def test_every_way_to_write_nothing_is_missing(blank: object) -> None:
    assert "is missing once, at line 3" in read("1", blank, role="kpi.column")[1][0]


@pytest.mark.parametrize("text", ["1,5", "1 000", "€5", "5%", "1_000", "0x10", "--"])
def test_what_is_not_plainly_a_number_is_text(text: str) -> None:
    assert f"is text once, at line 3: {text!r}" in read("1", text, role="kpi.column")[1][0]


def test_native_numbers_with_holes_are_told() -> None:
    values = pd.Series([1, None, 3], dtype="Int64", name="x")
    assert "is missing once, at row 1" in read_numbers(values, "kpi.column", ".", lambda row: f"row {row}")[1][0]


def test_a_decimal_comma_is_read_where_it_can_be_nothing_else() -> None:
    assert decimal_sign([pd.Series(["12,5", "7"])], ";") == (",", [])
    assert read("12,5", "7", decimal=",") == ([12.5, 7.0], [])


def test_a_comma_that_may_be_a_thousands_separator_is_refused() -> None:
    assert "may have a decimal comma or a thousands separator" in decimal_sign([pd.Series(["1,234", "7"])], ";")[1][0]


def test_commas_and_points_together_are_refused() -> None:
    assert "use the point everywhere" in decimal_sign([pd.Series(["12,5"]), pd.Series(["12.5"])], ";")[1][0]


def test_a_few_words_among_numbers_are_text_and_many_are_categories() -> None:
    assert "is text once" in read("1", "2", "3", "x")[1][0]
    assert "holds words ('x', 'y')" in read("x", "x", "y", "3")[1][0]
