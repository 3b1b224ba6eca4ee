"""A target sets the size of the budget."""

from __future__ import annotations

import numpy as np
import pytest

from mmm.errors import InputError
from mmm.plan.target import budget_for
from mmm.study import Target


def root(total: float) -> float:
    """Earns 20 sqrt(B): ROI is 20 / sqrt(B), mROI 10 / sqrt(B)."""
    return 20 * float(np.sqrt(total))


def test_target_roi_is_the_largest_budget_that_still_earns_it() -> None:
    assert budget_for(Target(target_roi=4), root, 1.0, 100.0, 1.0) == pytest.approx(25, rel=1e-4)


def test_target_mroi_stops_where_the_last_unit_earns_it() -> None:
    assert budget_for(Target(target_mroi=2), root, 1.0, 100.0, 1.0) == pytest.approx(25, rel=1e-2)


def test_target_cpa_is_the_value_of_a_unit_over_its_cost() -> None:
    assert budget_for(Target(target_cpa=30), root, 1.0, 100.0, 120.0) == pytest.approx(25, rel=1e-4)


def test_a_target_that_every_budget_meets_spends_the_ceiling() -> None:
    assert budget_for(Target(target_roi=0.5), root, 1.0, 100.0, 1.0) == 100.0
    assert budget_for(Target(target_mroi=0.5), root, 1.0, 100.0, 1.0) == pytest.approx(100, rel=1e-2)


def test_a_threshold_does_not_hide_the_larger_budget_that_meets_the_target() -> None:
    def step(total: float) -> float:
        return 300.0 if total >= 60 else 0.5 * total

    assert budget_for(Target(target_roi=4), step, 1.0, 100.0, 1.0) == pytest.approx(75, rel=1e-3)


def test_a_target_out_of_reach_says_what_can_be_had() -> None:
    with pytest.raises(InputError, match=r"target_roi 50 is out of reach.*highest ROI is 20\.00, at 1\.00"):
        budget_for(Target(target_roi=50), root, 1.0, 100.0, 1.0)
    with pytest.raises(InputError, match=r"target_cpa 1 is out of reach.*lowest cost per KPI unit is 6\.00"):
        budget_for(Target(target_cpa=1), root, 1.0, 100.0, 120.0)
