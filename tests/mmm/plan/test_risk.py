"""Risk is read from joint draws."""

from __future__ import annotations

import numpy as np
import pytest

from mmm.plan.risk import interval, probability, tail_mean

DRAWS = np.arange(1.0, 101.0)


def test_the_tail_mean_is_the_mean_of_the_worst_twentieth() -> None:
    assert tail_mean(DRAWS[::-1].copy()) == 3.0


def test_few_draws_still_have_a_worst_one() -> None:
    assert tail_mean(np.array([5.0, 2.0, 9.0])) == 2.0


def test_probability_counts_draws_above_and_not_at_the_threshold() -> None:
    assert probability(DRAWS, above=75.0) == 0.25
    assert probability(np.zeros(4)) == 0.0


def test_an_interval_holds_nine_draws_in_ten() -> None:
    found = interval(DRAWS, "gain_")
    assert found == pytest.approx({"gain_mean": 50.5, "gain_p05": 5.95, "gain_p95": 95.05})
