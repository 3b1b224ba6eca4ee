"""The arithmetic under the review, on numbers worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mmm.data.collinear import beyond_the_rest, condition_number, level_shift, robust_z, variance_inflation


def test_robust_z_measures_in_median_absolute_deviations() -> None:
    # median 3, absolute deviations 2 1 0 1 97: their median 1, so the scale is 1.4826
    assert robust_z(np.array([1.0, 2.0, 3.0, 4.0, 100.0])) == pytest.approx(np.array([-2, -1, 0, 1, 97]) / 1.4826)


def test_robust_z_of_equal_values_is_zero() -> None:
    assert robust_z(np.full(5, 7.0)).tolist() == [0] * 5


def test_a_value_is_compared_with_the_largest_of_the_others() -> None:
    values = np.array([0.0, *range(1, 13), 100.0])
    assert beyond_the_rest(values)[[0, 12, 13]] == pytest.approx([0, 12 / 11, 100 / 11])
    assert beyond_the_rest(np.array([1.0, 2.0, 300.0])).tolist() == [0, 0, 0]


def test_variance_inflation_of_two_columns_is_one_over_one_minus_squared_correlation() -> None:
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(50, 2))
    columns[:, 1] += columns[:, 0]
    r = np.corrcoef(columns.T)[0, 1]
    assert variance_inflation(columns) == pytest.approx([1 / (1 - r**2)] * 2)


def test_variance_inflation_agrees_with_regressions_and_survives_constants_and_copies() -> None:
    rng = np.random.default_rng(1)
    columns = rng.normal(size=(80, 4)) @ rng.normal(size=(4, 4))
    for j, factor in enumerate(variance_inflation(columns)):
        others = np.column_stack([np.ones(80), np.delete(columns, j, axis=1)])
        rest = columns[:, j] - others @ np.linalg.lstsq(others, columns[:, j], rcond=None)[0]
        assert factor == pytest.approx(columns[:, j].var() / rest.var())
    odd = np.column_stack([columns[:, 0], columns[:, 0], np.ones(80)])
    assert variance_inflation(odd)[0] > 1e6
    assert variance_inflation(odd)[2] == 1


def test_the_condition_number_of_orthogonal_columns_is_one() -> None:
    columns = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    assert condition_number(columns) == pytest.approx(1)
    assert condition_number(columns[:, :1]) == 1


def test_a_level_shift_is_found_where_it_is_and_nowhere_else() -> None:
    rng = np.random.default_rng(2)
    time = np.arange(156)
    quiet = 100 + 5 * np.sin(2 * np.pi * time / 52.18) + 0.1 * time + rng.normal(size=156)
    score, at = level_shift(quiet + 10 * (time >= 90), 52.18)
    assert score > 10
    assert at == 90
    assert abs(level_shift(quiet, 52.18)[0]) < 5
    assert level_shift(np.ones(156), 52.18) == (0.0, 0)
    assert level_shift(quiet[:20], 52.18) == (0.0, 0)
