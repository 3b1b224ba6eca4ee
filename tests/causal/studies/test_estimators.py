"""The default estimator's intervals and its power, measured again: opt in with `-m slow` (about two minutes).

With 300 markets a coverage of 0.9 has a standard error of 0.017, a power of 0.8 one of 0.023.
"""

from __future__ import annotations

import pytest

from causal.estimators.study import one_of_many, operating, roll_outs


@pytest.mark.slow
@pytest.mark.parametrize(
    "market", [{}, {"persistence": 0.9}, {"geos": 10}, {"weeks": 30}, {"measured": 8}], ids=lambda market: str(market)
)
def test_the_defaults_intervals_hold_the_truth_nine_times_in_ten(market: dict) -> None:
    assert 0.86 <= operating("synthetic_control", 300, seed=11, **market)["coverage"] <= 0.94


@pytest.mark.slow
def test_a_planted_lift_of_five_percent_in_forty_geos_is_found_four_times_in_five() -> None:
    """Power 0.80 at the first measurement, seed 11; here on other markets."""
    found = operating("synthetic_control", 300, lift=0.05, seed=12)
    assert found["detected"] == pytest.approx(0.80, abs=3 * 0.023 * 2**0.5)
    assert abs(found["bias"]) < 3 * 0.019 / 300**0.5


@pytest.mark.slow
def test_a_structural_time_series_holds_the_truth_nine_times_in_ten() -> None:
    """40 markets: a coverage of 0.9 has a standard error of 0.047."""
    assert operating("bsts", 40, seed=13)["coverage"] > 0.9 - 3 * 0.047


@pytest.mark.slow
def test_roll_outs_are_seldom_called_an_effect_and_found_when_they_are() -> None:
    """100 markets: a share of 0.1 has a standard error of 0.03."""
    nothing, something = roll_outs(100, seed=3), roll_outs(100, lift=0.05, seed=4)
    assert nothing["detected"] < 0.1 + 3 * 0.03
    assert nothing["pre_trend"] < 0.1 + 3 * 0.03
    assert something["coverage"] > 0.9 - 3 * 0.03
    assert something["detected"] > 0.9


@pytest.mark.slow
def test_one_noisy_geo_of_twenty_one_is_judged_as_published() -> None:
    """Recast's study of augmented synthetic control, 95 % intervals: bias under 3.3 points, false positives about
    0.04, coverage 0.92 to 0.95, power at a lift of 7.5 % 0.04 to 0.11. Its noise is not printed (`causal/DESIGN.md`).
    With 100 markets a share of 0.05 has a standard error of 0.022.
    """
    seen = operating("augmented", 100, lift=0.075, level=0.95, seed=2, market=one_of_many, noise=0.25)
    assert abs(seen["bias"]) < 0.033
    assert seen["coverage"] > 0.92 - 3 * 0.022
    assert 0.04 - 3 * 0.022 < seen["detected"] < 0.11 + 3 * 0.031
