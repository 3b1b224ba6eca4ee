"""The structural time series: conditioning by hand, and the published vignette."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from causal.estimators import bsts
from causal.estimators.bsts import Parts, covariance
from causal.estimators.estimate import Estimate
from tests.causal.estimators.test_without_geos import impact

TEST = (["y"], "2014-03-12", "2014-04-10")


@pytest.fixture(scope="module", autouse=True)
def few() -> Iterator[None]:
    """Fewer draws than an estimate takes: enough for its laws, and quick."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bsts, "WARMUP", 80)
        patch.setattr(bsts, "DRAWS", 80)
        bsts._sampler.cache_clear()
        yield
    bsts._sampler.cache_clear()


@pytest.fixture(scope="module")
def found() -> Estimate:
    return bsts.estimate(impact(0), *TEST, related=["x"])


def test_the_effect_given_the_scales_is_conditioning_of_normals() -> None:
    """Variances 2, covariance 1, first value 4: the second is expected at 2 with variance 1.5, and 5 is 3 more."""
    effect, variance, expected = bsts._one_draw(
        np.array([[2.0, 1.0], [1.0, 2.0]]), np.array([4.0, 5.0]), np.array([False, True])
    )
    assert effect == pytest.approx(3)
    assert variance == pytest.approx(1.5)
    np.testing.assert_allclose(expected, [4, 2])


def test_what_wanders_is_forgotten_and_noise_stays_in_its_period() -> None:
    """Size 2, persistence 0.5, noise 1: variance 4 + 1, covariance 4 / 2 one period and 4 / 4 two periods apart."""
    number = np.arange(3.0)
    nothing = np.zeros((3, 3))
    parts = Parts(nothing, nothing, nothing, np.abs(number[:, None] - number))
    np.testing.assert_allclose(covariance(parts, 1.0, 1.0, 2.0, 0.5, 1.0), [[5, 2, 1], [2, 5, 2], [1, 2, 5]])


def test_ten_is_recovered_from_the_causal_impact_vignette(found: Estimate) -> None:
    assert found.interval[0] < 10 < found.interval[1]
    assert found.interval[1] - found.interval[0] < 2.5
    assert found.p_value < 0.01
    assert found.series is not None
    gap = (found.series["kpi"] - found.series["expected"]).iloc[70:]
    assert gap.mean() == pytest.approx(found.att)


def test_p_value_and_interval_are_one_posterior_that_moves_with_the_effect(found: Estimate) -> None:
    """The past decides what is expected: less the interval's lower end, zero is the new end, and p is 0.1."""
    table = impact(0)
    table.iloc[70:, 0] -= found.interval[0]
    moved = bsts.estimate(table, *TEST, related=["x"])
    assert moved.att == pytest.approx(found.att - found.interval[0], abs=1e-6)
    np.testing.assert_allclose(moved.interval, np.array(found.interval) - found.interval[0], atol=1e-6)
    assert moved.p_value == pytest.approx(0.1, abs=1e-6)


@pytest.mark.slow
def test_the_vignettes_interval_holds_ten_nine_times_in_ten() -> None:
    """24 series: a coverage of 0.9 has a standard error of 0.061."""
    answers = [bsts.estimate(impact(seed), *TEST, related=["x"]) for seed in range(24)]
    assert np.mean([found.att for found in answers]) == pytest.approx(10, abs=0.3)
    assert np.mean([found.interval[0] <= 10 <= found.interval[1] for found in answers]) > 0.9 - 3 * 0.061


@pytest.mark.slow
def test_a_national_series_without_an_effect_is_left_alone() -> None:
    rng = np.random.default_rng(3)
    wide = pd.DataFrame(
        {"all": 100 + rng.standard_normal(60)}, index=pd.date_range("2024-01-01", periods=60, freq="W-MON")
    )
    found = bsts.estimate(wide, ["all"], wide.index[-6], wide.index[-1])
    assert found.interval[0] < 0 < found.interval[1]
    assert found.assumptions[-1] == bsts.GOES_ON
