"""The arithmetic of adjustment: small numbers by hand, agreement with others, and honest standard errors."""

from __future__ import annotations

import numpy as np
import pytest

from causal.operating import wander
from causal.regression import (
    Observations,
    adjust,
    estimate,
    estimate_persistence,
    independent,
    observations,
    unwhiten,
    whiten,
)

ALL = np.ones((1, 4), dtype=bool)


def test_whitening_subtracts_the_persistent_share_of_the_period_before() -> None:
    whitened = whiten(np.array([[1.0, 2.0, 3.0, 4.0]]), 0.5, ALL)
    np.testing.assert_allclose(whitened, [[np.sqrt(0.75), 1.5, 2.0, 2.5]])


def test_a_hole_leaves_no_trace_in_its_neighbour() -> None:
    present = np.array([[True, False, True, True]])
    with_hole = whiten(np.array([[1.0, 99.0, 3.0, 4.0]]), 0.5, present)
    np.testing.assert_allclose(with_hole, [[np.sqrt(0.75), 0.0, 3 * np.sqrt(0.75), 2.5]])


def test_what_was_whitened_comes_back() -> None:
    rng = np.random.default_rng(3)
    present = rng.random((3, 30)) > 0.2
    values = rng.standard_normal((3, 30)) * present
    np.testing.assert_allclose(unwhiten(whiten(values, 0.8, present), 0.8, present), values, atol=1e-12)


def test_a_missing_kpi_is_left_out() -> None:
    rng = np.random.default_rng(0)
    exposure = rng.standard_normal((1, 40))
    kpi = 2 * exposure + 1
    kpi[0, 7] = np.nan
    found = estimate(observations(kpi, exposure, np.ones((1, 40, 1))))
    assert found.effect == pytest.approx(2.0)


def test_the_effect_of_a_line_through_three_points_is_its_slope() -> None:
    kpi, exposure = np.array([[1.0, 2.0, 6.0]]), np.array([[0.0, 1.0, 2.0]])
    found = estimate(adjust(observations(kpi, exposure, np.ones((1, 3, 1))), 0.0))
    assert found.effect == pytest.approx(2.5)  # (6 - 1) / 2, the middle point has no leverage


def test_covariates_that_repeat_each_other_count_once() -> None:
    line = np.arange(6.0)
    covariates = np.stack([np.ones(6), line, 3 * line - 1, np.zeros(6)], axis=-1)[None]
    assert independent(covariates, np.ones((1, 6), dtype=bool)).shape == (1, 6, 2)


def test_persistence_is_found_within_its_sampling_error() -> None:
    rng = np.random.default_rng(1)
    demand = wander(20, 400, 0.8, rng)
    levels = np.repeat(np.eye(20)[:, None], 400, axis=1)
    data = observations(demand, rng.standard_normal((20, 400)), levels)
    sampling_error = np.sqrt((1 - 0.8**2) / 8000)
    covariates = independent(levels, data.present)
    found = estimate_persistence(Observations(data.kpi, data.exposure, covariates, data.present))
    assert abs(found - 0.8) < 3 * sampling_error + 0.01  # the grid is 0.02 wide


def test_agrees_with_generalised_least_squares_of_statsmodels() -> None:
    """statsmodels 0.14 and later, `GLS` with the AR(1) covariance: an independent implementation."""
    from statsmodels.regression.linear_model import GLS

    rng = np.random.default_rng(2)
    exposure, price = rng.standard_normal((2, 60))
    kpi = 3 * exposure - price + wander(1, 60, 0.7, rng)[0]
    lag = np.abs(np.subtract.outer(np.arange(60), np.arange(60)))
    theirs = GLS(kpi, np.column_stack([exposure, np.ones(60), price]), sigma=0.7**lag).fit()
    covariates = np.column_stack([np.ones(60), price])[None]
    ours = estimate(adjust(observations(kpi[None], exposure[None], covariates), 0.7))
    assert ours.effect == pytest.approx(theirs.params[0])
    assert ours.standard_error >= 0.999 * theirs.bse[0]
    assert ours.degrees == 57


def test_geos_that_share_a_shock_are_not_independent_witnesses() -> None:
    rng = np.random.default_rng(3)
    exposure = np.repeat(rng.standard_normal((1, 80)), 12, axis=0)
    kpi = np.repeat(rng.standard_normal((1, 80)), 12, axis=0) + 0.01 * rng.standard_normal((12, 80))
    levels = np.repeat(np.eye(12)[:, None], 80, axis=1)
    found = estimate(adjust(observations(kpi, exposure, levels), 0.0))
    alone = estimate(adjust(observations(kpi[:1], exposure[:1], levels[:1]), 0.0))
    assert found.standard_error == pytest.approx(alone.standard_error, rel=0.2)


def test_wandering_series_without_effect_are_rarely_called_significant() -> None:
    """Ordinary least squares calls 55 % of these significant at 5 %; 200 pairs leave an error of 1.5 points."""
    rng = np.random.default_rng(4)
    demand, exposure = wander(200, 156, 0.9, rng), wander(200, 156, 0.9, rng)
    ones = np.ones((1, 156, 1))
    ratios = [estimate(observations(demand[[i]], exposure[[i]], ones)).ratio for i in range(200)]
    assert np.mean(np.abs(ratios) > 1.975) < 0.05 + 3 * 0.0154
