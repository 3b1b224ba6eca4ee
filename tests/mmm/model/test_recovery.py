"""A known truth is found again: data are simulated, fitted, and compared with what was put in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.stats import binom

from mmm.data import panel_from_frame
from mmm.data.simulate import Simulation, TrueChannel, simulate
from mmm.insight import roi
from mmm.model.fit import fit
from mmm.study import INTERVAL, load_study

CHANNELS = (
    TrueChannel("tv", 0.6, 3.0, 0.5, 1.2, 1.0, "bursts"),
    TrueChannel("social", 0.4, 2.0, 0.2, 1.5, 1.0, "pulses"),
)


def recovered(simulation: Simulation, **settings: Any) -> xr.DataArray:
    """ROI draws of a fit with short chains, `chain draw channel`."""
    study = load_study(simulation.study() | {"fit": {"chains": 2, "draws": 200, "warmup": 200} | settings})
    return roi(fit(panel_from_frame(simulation.frame, study)))


def test_the_roi_of_two_strong_channels_is_found() -> None:
    simulation = simulate(seed=1, weeks=104, channels=CHANNELS, noise=0.01, controls=False, promotion=False)
    draws = recovered(simulation)
    for channel, truth in simulation.truth["true_roas"].items():
        found = draws.sel(channel=channel)
        # A posterior that is right lies within 3 of its own standard deviations 997 times in 1,000; the seed is fixed.
        assert abs(found.mean() - truth) < 3 * found.std(), channel
        assert found.std() < 0.35 * truth, f"{channel}: the signal is strong, the answer must not be vague"


@pytest.mark.slow
@pytest.mark.parametrize("geos", [1, 4])
def test_intervals_hold_the_truth_as_often_as_they_say(geos: int) -> None:
    held = []
    for seed in range(8):
        simulation = simulate(seed=seed, weeks=130, geos=geos, noise=0.02)
        draws = recovered(simulation, draws=300, warmup=300)
        low, high = (draws.quantile(level, ["chain", "draw"]) for level in INTERVAL)
        truth = np.array([simulation.truth["true_roas"][name] for name in draws["channel"].values])
        held += ((low.values <= truth) & (truth <= high.values)).tolist()
    # Were 90 % right and the channels independent, so few would hold the truth once in 1,000 runs.
    assert sum(held) >= binom(len(held), 0.9).ppf(0.001), f"{sum(held)} of {len(held)} intervals hold the truth"
