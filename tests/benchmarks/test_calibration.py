"""Do the default models' posteriors hold the truth as often as they say? Simulation-based calibration.

Run with `make bench`. The false-alarm rate is 1 % over all numbers of a model together (Bonferroni).
"""

from __future__ import annotations

import pytest
from threadpoolctl import threadpool_limits

import mmm
from mmm.data import panel_from_frame
from mmm.data.simulate import DEFAULT_CHANNELS, simulate
from mmm.model.fit import model_of
from tests.benchmarks.calibration import BINS, RANKS, p_values, ranks

pytestmark = pytest.mark.benchmark

DATASETS = 100
FALSE_ALARM = 0.01


@pytest.mark.parametrize(("geos", "weeks"), [(1, 104), (4, 78)])
def test_ranks_of_the_truth_are_uniform(geos: int, weeks: int) -> None:
    market = simulate(seed=5, weeks=weeks, geos=geos, channels=DEFAULT_CHANNELS[:3])
    model = model_of(panel_from_frame(market.frame, mmm.load_study(market.study())))
    with threadpool_limits(1, user_api="blas"):
        found = ranks(model, DATASETS)
    probability = p_values(found)
    for name, values in found.items():
        counts = [int(((values * BINS // RANKS) == index).sum()) for index in range(BINS)]
        print(f"\n{name:32s} {counts} of {values.size}", end="")
    least = min(probability, key=probability.__getitem__)
    print(f"\n{geos} geos: the least p of {len(probability)} is {probability[least]:.4f}, of {least}")
    assert probability[least] > FALSE_ALARM / len(probability)
