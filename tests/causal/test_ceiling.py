"""The ceiling of all tests for hidden demand: no better than chance where there is none, higher where more is seen."""

from __future__ import annotations

import numpy as np
import pytest

from causal.ceiling import closest_effect, most_power


def test_without_any_demand_in_the_flighting_no_test_beats_its_false_alarms() -> None:
    """1,500 runs: a share of 0.1 has a standard error of 0.008, on both sides."""
    assert most_power(0.1, share=1e-6, runs=1500) == pytest.approx(0.1, abs=4 * 0.008 * 2**0.5)


def test_longer_history_and_more_allowed_alarms_raise_the_ceiling() -> None:
    three_years = most_power(0.05, runs=800)
    assert most_power(0.05, periods=260, runs=800) > three_years + 0.1
    assert most_power(0.2, runs=800) > three_years + 0.1


def test_an_exposure_that_is_demand_itself_is_matched_by_an_effect() -> None:
    """Where following demand looks exactly like an effect of 2, that effect is the closest."""
    from causal.ceiling import _carryover

    flat = np.ones(len(_carryover()))
    assert closest_effect(2.0 * _carryover(), flat, flat) == pytest.approx(2.0, abs=1e-4)
